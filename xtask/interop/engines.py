"""The same questions to every engine that reads a lake: Delta logs where it can, Parquet files else.

Each engine answers `rows(directory, columns)`: the row count, the row count by service, and the sum of
each of the columns (integers exactly, doubles about).
"""

import datetime
import pathlib

import deltalake
import duckdb
import polars
import pyarrow
import pyarrow.compute
import pyarrow.dataset
from pyspark.sql import SparkSession, functions

UTC = datetime.timezone.utc


def files(directory):
    """Absolute paths of the files that the log names."""
    table = deltalake.DeltaTable(str(directory))
    return [str(pathlib.Path(directory) / action["path"].replace("%3D", "=")) for action in actions(table)]


def actions(table):
    return pyarrow.table(table.get_add_actions(flatten=True)).to_pylist()


def glob(directory):
    return sorted(str(path) for path in pathlib.Path(directory).glob("date=*/*.parquet"))


def totals(table, columns):
    """The answer from an Arrow table."""
    counted = {}
    for service in table.column("service_name").to_pylist():
        counted[service] = counted.get(service, 0) + 1
    return table.num_rows, counted, [pyarrow.compute.sum(table.column(column)).as_py() or 0 for column in columns]


class DuckDB:
    """Files by list; `named` says whose."""

    def __init__(self, named):
        self.named = named
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")

    def scan(self, directory):
        quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in self.named(directory))
        return f"read_parquet([{quoted}], hive_partitioning = true, union_by_name = true)"

    def rows(self, directory, columns):
        scan = self.scan(directory)
        counted = dict(self.db.execute(f"SELECT service_name, count(*) FROM {scan} GROUP BY ALL").fetchall())
        sums = "".join(f', sum("{column}")' for column in columns)
        count, *sums = self.db.execute(f"SELECT count(*){sums} FROM {scan}").fetchone()
        return count, counted, [value or 0 for value in sums]

    def types(self, directory):
        return {name: kind for name, kind, *_ in self.db.execute(f"DESCRIBE SELECT * FROM {self.scan(directory)}").fetchall()}


class Arrow:
    """The dataset of plain files."""

    def rows(self, directory, columns):
        schema = pyarrow.unify_schemas(
            [pyarrow.dataset.dataset(path, format="parquet").schema for path in glob(directory)])
        dataset = pyarrow.dataset.dataset(glob(directory), schema=schema, format="parquet")
        return totals(dataset.to_table(columns=["service_name", *columns]), columns)


class Delta:
    """The `deltalake` package: the log."""

    def rows(self, directory, columns):
        table = deltalake.DeltaTable(str(directory))
        return totals(table.to_pyarrow_table(columns=["service_name", *columns]), columns)

    def types(self, directory):
        return {field.name: str(field.type).replace(" not null", "") for field in pyarrow.schema(deltalake.DeltaTable(str(directory)).schema().to_arrow())}


class Polars:
    """`scan_delta`: the log, with pushdown."""

    def rows(self, directory, columns):
        frame = polars.scan_delta(str(directory)).select("service_name", *columns).collect()
        return totals(frame.to_arrow(), columns)

    def types(self, directory):
        return {name: str(kind) for name, kind in polars.scan_delta(str(directory)).collect_schema().items()}


class Spark:
    """Plain Spark: the directory as Hive-partitioned Parquet."""

    def __init__(self):
        self.session = (
            SparkSession.builder.master("local[2]").config("spark.driver.memory", "1g")
            .config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", "2").config("spark.sql.parquet.mergeSchema", "true")
            .getOrCreate())
        self.session.sparkContext.setLogLevel("ERROR")

    def frame(self, directory):
        return self.session.read.parquet(str(directory))

    def rows(self, directory, columns):
        frame = self.frame(directory)
        counted = {row[0]: row[1] for row in frame.groupBy("service_name").count().collect()}
        sums = [functions.sum(functions.col(f"`{column}`")) for column in columns]
        count, *sums = frame.agg(functions.count("*"), *sums).collect()[0]
        return count, counted, [value or 0 for value in sums]

    def types(self, directory):
        return dict(self.frame(directory).dtypes)
