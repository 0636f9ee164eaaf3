"""Prints what the Parquet files of a contestant hold: spans, log records, number points, histogram
points, and the sum of the attribute input_tokens of the log records.

usage: check.py otolith|otlp2records|duckdb DIRECTORY
"""

import sys

import duckdb

kind, directory = sys.argv[1:]


def one(query):
    return duckdb.execute(query).fetchone()[0]


def rows(files):
    return one(f"SELECT count(*) FROM read_parquet('{directory}/{files}', union_by_name = true)")


if kind == "otolith":
    names = ["*/traces/*/*", "*/logs/*/*", "*/metrics/*/*", "*/histograms/*/*"]
    files = [f"{name}.parquet" for name in names]
    tokens = "input_tokens"
elif kind == "otlp2records":
    files = ["traces.parquet", "logs.parquet", "[gs][au][um]*.parquet", "histogram.parquet"]
    tokens = "CAST(json_extract_string(log_attributes, '$.input_tokens') AS BIGINT)"
else:
    files = ["traces.parquet", "logs.parquet", "numbers.parquet", "histograms.parquet"]
    tokens = "CAST(attributes['input_tokens'] AS BIGINT)"
counts = [rows(name) for name in files]
logs = f"read_parquet('{directory}/{files[1]}', union_by_name = true)"
print(*counts, one(f"SELECT sum({tokens}) FROM {logs}"))
