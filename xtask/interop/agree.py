"""agree.py OTOLITH CAPTURES DIR: every engine reads of a lake what `otolith sql` says.

After a conversion, after a second one with other columns, after compact and after drop, and in
directories with names that a URL escapes.
"""

import datetime
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys

import deltalake
import polars

import engines

# Types that people expect, by engine: DuckDB, deltalake (Arrow), polars, Spark.
TYPES = {
    "time": ("TIMESTAMP WITH TIME ZONE", "timestamp[us, tz=UTC]", "Datetime(time_unit='us', time_zone='UTC')", "timestamp"),
    "date": ("DATE", "date32[day]", "Date", "date"),
    "time_unix_nano": ("BIGINT", "int64", "Int64", "bigint"),
    "duration_nano": ("BIGINT", "int64", "Int64", "bigint"),
    "value": ("DOUBLE", "double", "Float64", "double"),
    "value_int": ("BIGINT", "int64", "Int64", "bigint"),
    "is_monotonic": ("BOOLEAN", "bool", "Boolean", "boolean"),
    "cost_usd": ("DOUBLE", "double", "Float64", "double"),
    "bucket_counts": ("BIGINT[]", "list<element: int64>", "List(Int64)", "array<bigint>"),
    "explicit_bounds": ("DOUBLE[]", "list<element: double>", "List(Float64)", "array<double>"),
}
# What is added up where it is there.
SUMS = ["time_unix_nano", "duration_nano", "value", "value_int", "cost_usd", "input_tokens", "count", "sum", "item"]
# Names of directories, and whether `scan_delta` of polars finds files in such: it does not decode what it
# has encoded.
NAMES = {"a b": False, "a%b": False, "a%20b": False, "a#b": False, "a+b": True, "\u00e9\u00fc \u65e5\u672c": False}


def otolith(program, *arguments, answer=True):
    done = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{arguments}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout) if answer else None


def same(got, expected):
    if isinstance(expected, float) or isinstance(got, float):
        return math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-9)
    return got == expected


def question(program, lake, database, table, columns):
    """What `otolith sql` says."""
    where = f'"{database}"."{table}"'
    answer = otolith(program, "sql", "--lake", lake, "--json",
                     f"SELECT service_name AS service, count(*) AS n FROM {where} GROUP BY service_name")
    counted = {row["service"]: row["n"] for row in answer["rows"]}
    sums = []
    for column in columns:
        rows = otolith(program, "sql", "--lake", lake, "--json", f'SELECT sum("{column}") AS s FROM {where}')["rows"]
        sums.append(rows[0]["s"] or 0)
    return sum(counted.values()), counted, sums


def wide(columns, kinds):
    """Columns whose sum fits: nanoseconds since 1970 overflow 64 bits after five rows."""
    return [column for column in columns if column in kinds and column != "time_unix_nano"]


class Judge:
    def __init__(self, program):
        self.program = program
        self.log = {"deltalake": engines.Delta(), "polars": engines.Polars(), "DuckDB by the log": engines.DuckDB(engines.files)}
        self.plain = {"DuckDB": engines.DuckDB(engines.glob), "pyarrow": engines.Arrow(), "Spark": engines.Spark()}
        self.asked = 0

    def lake(self, lake, without=()):
        """Compares every table; gives the rows."""
        otolith(self.program, "verify", "--json", "--lake", lake)
        rows = 0
        for database in otolith(self.program, "tables", "--json", "--lake", lake)["databases"]:
            for table in database["tables"]:
                rows += self.table(lake, database["database"], table["table"], table["rows"], without)
        return rows

    def table(self, lake, database, table, listed, without):
        directory = pathlib.Path(lake) / database / table
        if listed == 0:
            assert deltalake.DeltaTable(str(directory)).to_pyarrow_table().num_rows == 0
            return 0
        kinds = self.log["deltalake"].types(directory)
        columns = wide(SUMS, kinds)
        expected = question(self.program, lake, database, table, columns)
        assert expected[0] == listed, (database, table, expected[0], listed)
        for name, engine in {**self.log, **self.plain}.items():
            if name in without:
                continue
            count, counted, sums = engine.rows(directory, columns)
            assert count == expected[0] and counted == expected[1], (name, database, table, count, counted, expected)
            for column, got, told in zip(columns, sums, expected[2]):
                assert same(got, told), (name, database, table, column, got, told)
            self.asked += 1
        self.types(directory, without)
        self.statistics(directory, listed, without)
        return listed

    def types(self, directory, without):
        for place, name in enumerate(["DuckDB", "deltalake", "polars", "Spark"]):
            if name in without:
                continue
            engine = self.log.get(name) or self.plain[name]
            found = engine.types(directory)
            assert "date" in found, (directory, found)
            for column in TYPES.keys() & found.keys():
                assert found[column] == TYPES[column][place], (directory, column, found[column], TYPES[column][place])

    def statistics(self, directory, listed, without):
        """The log counts rows and bounds times; a filter on a time finds the rows at its bounds."""
        table = deltalake.DeltaTable(str(directory))
        adds = engines.actions(table)
        assert sum(add["num_records"] for add in adds) == listed, (directory, adds)
        if "time" not in [field.name for field in table.schema().fields]:
            return
        times = table.to_pyarrow_table(columns=["time"]).column("time").to_pylist()
        known = sorted(time for time in times if time is not None)
        if not known:
            return
        bounds = [(add["min.time"], add["max.time"]) for add in adds if add.get("min.time") is not None]
        assert min(low for low, _ in bounds) <= known[0], (directory, bounds, known[0])
        # As the protocol has it, bounds are cut to milliseconds, and readers know.
        milli = datetime.timedelta(milliseconds=1)
        assert max(high for _, high in bounds) + milli > known[-1], (directory, bounds, known[-1])
        micro = datetime.timedelta(microseconds=1)
        for bound in {known[0], known[-1], known[len(known) // 2]}:
            for low, high in ((bound, bound), (bound - micro, bound - micro), (bound + micro, bound + micro), (bound, known[-1])):
                expected = sum(1 for time in known if low <= time <= high)
                if "polars" not in without:
                    within = (polars.col("time") >= low) & (polars.col("time") <= high)
                    found = polars.scan_delta(str(directory)).filter(within).select(polars.len())
                    got = found.collect().item()
                    assert got == expected, ("polars", directory, low, high, got, expected)
                filters = [("time", ">=", low), ("time", "<=", high)]
                got = table.to_pyarrow_table(columns=["time"], filters=filters).num_rows
                assert got == expected, ("deltalake", directory, low, high, got, expected)


def a_day_later(source, target):
    """A copy of a capture whose times lie a day later."""
    day = 86_400 * 10**9
    text = re.sub(r'(UnixNano":")(\d{19})"', lambda found: f'{found[1]}{int(found[2]) + day}"', source.read_text())
    target.write_text(text)
    return target


def main(program, captures, out):
    judge = Judge(program)
    captures = pathlib.Path(captures)
    names = list(json.loads((captures / "truth.json").read_text()))
    sources = {name: next((captures / name).glob("agentic-ci.jsonl*")) for name in names}
    shutil.rmtree(out, ignore_errors=True)
    for name in names:
        lake = f"{out}/{name}"
        account = otolith(program, "convert", "--quiet", "--json", "--lake", lake, sources[name])
        assert judge.lake(lake) == account["rows_written"]
        print(f"{name}: {account['rows_written']} rows read alike", flush=True)
    lake = f"{out}/all"
    rows = 0
    later = a_day_later(captures / "claude-http/agentic-ci.jsonl", pathlib.Path(out) / "later.jsonl")
    for source in [*sources.values(), later]:
        rows += otolith(program, "convert", "--quiet", "--json", "--lake", lake, source)["rows_written"]
    assert judge.lake(lake) == rows
    print(f"all in one lake: {rows} rows read alike, with columns that came later", flush=True)
    otolith(program, "compact", "--json", "--lake", lake)
    assert judge.lake(lake) == rows
    print("after compact: the same", flush=True)
    otolith(program, "drop", "--json", "--lake", lake, "--before", "2026-11-21")
    left = judge.lake(lake)
    assert 0 < left < rows, left
    print(f"after drop: {left} rows read alike", flush=True)
    for name, is_found in NAMES.items():
        lake = f"{out}/{name}/lake"
        for source in (sources[names[0]], sources[names[1]]):
            otolith(program, "convert", "--quiet", "--json", "--lake", lake, source)
        # Spark takes paths for patterns of URLs.
        without = ("Spark",) if is_found else ("Spark", "polars")
        judge.lake(lake, without)
        otolith(program, "compact", "--json", "--lake", lake)
        judge.lake(lake, without)
        print(f"in `{name}`: read alike", flush=True)
    print(f"{judge.asked} tables asked for, by engine")


main(*sys.argv[1:])
