"""read_lakes.py OTOLITH CAPTURES DIR: DuckDB and pyarrow read every file that otolith writes.

Types, counts and sums are compared with truth.json, which was computed without otolith.
"""

import json
import math
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq

import lakes

# What people expect of these columns in any engine.
DUCKDB_TYPES = {
    "time": "TIMESTAMP WITH TIME ZONE", "time_unix_nano": "BIGINT", "duration_nano": "BIGINT", "date": "DATE",
    "trace_id": "VARCHAR", "span_id": "VARCHAR", "value": "DOUBLE", "value_int": "BIGINT", "is_monotonic": "BOOLEAN",
    "series_id": "BIGINT", "explicit_bounds": "DOUBLE[]", "bucket_counts": "BIGINT[]", "severity_number": "BIGINT",
    "cost_usd": "DOUBLE", "input_tokens": "BIGINT", "output_tokens": "BIGINT", "body": "VARCHAR",
}
ARROW_TYPES = {
    "time": pa.timestamp("us", tz="UTC"), "time_unix_nano": pa.int64(), "value": pa.float64(), "trace_id": pa.string(),
    "is_monotonic": pa.bool_(), "series_id": pa.int64(), "cost_usd": pa.float64(), "input_tokens": pa.int64(),
}


def close(got, expected):
    return math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-12)


def check_files(lake):
    """Every file alone, with pyarrow: readable, typed, with statistics and the zstd codec."""
    rows = 0
    for path in sorted(pathlib.Path(lake).glob("[!_]*/*/date=*/*.parquet")):
        table = pq.read_table(path, partitioning=None)
        metadata = pq.read_metadata(path)
        assert table.num_rows == metadata.num_rows > 0, path
        for field in table.schema:
            assert not pa.types.is_unsigned_integer(field.type), (path, field)
            assert not (pa.types.is_timestamp(field.type) and field.type.unit == "ns"), (path, field)
            if field.name in ARROW_TYPES:
                assert field.type == ARROW_TYPES[field.name], (path, field)
        for group in range(metadata.num_row_groups):
            for column in range(metadata.num_columns):
                chunk = metadata.row_group(group).column(column)
                assert chunk.compression == "ZSTD", (path, chunk.path_in_schema)
                assert chunk.is_stats_set or ".list." in chunk.path_in_schema, (path, chunk.path_in_schema)
        rows += table.num_rows
    return rows


def check_capture(db, lake, account, truth):
    counted = {}
    sums = {}
    rows = 0
    for database, table, glob in lakes.tables(lake):
        scan = lakes.scan(glob)
        for name, kind, *_ in db.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall():
            assert DUCKDB_TYPES.get(name, kind) == kind, (database, table, name, kind)
        for service, count in db.execute(f"SELECT service_name, count(*) FROM {scan} GROUP BY ALL").fetchall():
            counted[table, service] = counted.get((table, service), 0) + count
            rows += count
        if table == "metrics":
            query = f"""SELECT service_name, scope_name, metric_name, metric_type, temporality, count(*), sum(value)
                        FROM {scan} GROUP BY ALL"""
            for *key, count, total in db.execute(query).fetchall():
                sums[tuple(key)] = (count, total)
        if table in ("traces", "logs", "metrics"):
            odd = db.execute(f"SELECT count(*) FROM {scan} WHERE CAST(time AS DATE) <> date").fetchone()[0]
            assert odd == 0, f"{odd} rows of {database}.{table} lie in a wrong date"
    for signal, tables, key in (("traces", ["traces"], "spans_by_service"),
                                ("metrics", ["metrics", "histograms", "summaries"], "data_points_by_service"),
                                ("logs", ["logs"], "log_records_by_service")):
        for service, expected in truth["counts"].get(signal, {}).get(key, {}).items():
            got = sum(counted.get((table, service), 0) for table in tables)
            assert got == expected, (signal, service, got, expected)
    for entry in truth["metrics"]["each"]:
        if "sum_of_deltas" in entry:
            key = (entry["service"], entry["scope"], entry["metric"], entry["type"], "DELTA")
            count, total = sums[key]
            assert count == entry["data_points"] and close(total, entry["sum_of_deltas"]), (key, total)
    assert rows == check_files(lake) == account["rows_written"], (rows, account["rows_written"])
    return rows


def main(otolith, captures, out):
    truth = json.loads((pathlib.Path(captures) / "truth.json").read_text())
    db = lakes.connect()
    for name, expected in truth.items():
        source = next((pathlib.Path(captures) / name).glob("agentic-ci.jsonl*"))
        lake = f"{out}/{name}"
        account = lakes.convert(otolith, source, lake)
        print(f"{name}: {check_capture(db, lake, account, expected)} rows read alike by DuckDB and pyarrow")


main(*sys.argv[1:])
