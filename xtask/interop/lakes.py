"""Converting with the command and reading lakes with DuckDB; shared by the scripts beside it."""

import json
import pathlib
import shutil
import subprocess

import duckdb

TABLES = ["traces", "span_events", "span_links", "logs", "metrics", "histograms", "summaries", "exemplars"]


def convert(otolith, source, lake):
    """Converts `source` into the fresh lake `lake`; anything rejected is an error."""
    shutil.rmtree(lake, ignore_errors=True)
    done = subprocess.run(
        [otolith, "convert", "--quiet", "--json", "--lake", lake, source],
        stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"convert {source}: exit code {done.returncode}\n{done.stdout}")
    return json.loads(done.stdout)


def tables(lake):
    """(database, table, glob of its files) of everything in the lake."""
    for database in sorted(pathlib.Path(lake).iterdir()):
        if database.name.startswith("_"):
            continue
        for table in sorted(database.iterdir()):
            assert table.name in TABLES, table
            yield database.name, table.name, f"{table}/date=*/*.parquet"


def scan(glob):
    return f"read_parquet('{glob}', hive_partitioning = true, union_by_name = true)"


def connect():
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    return db
