"""CPU of the hosts of root spans while these ran, over a lake, as scripts compute it.

Prints a JSON object: how many spans have samples within, and sums over these of the number of
samples (of all cores) and of the mean busy share of their host.

usage: join.py duckdb|polars|numpy LAKE [SHARE]

`duckdb` joins by inequalities and finds the least and greatest share of each span besides; with a share,
only that part of the spans, by their start. `polars` takes prefix sums and two as-of joins, `numpy`
prefix sums and binary searches; these tell no extremes.
"""

import json
import sys

how, lake = sys.argv[1], sys.argv[2]
share = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
METRICS = f"{lake}/otelcol/metrics/date=*/*.parquet"
SPANS = f"{lake}/worker/traces/date=*/*.parquet"


def duckdb():
    import duckdb

    query = f"""
    WITH points AS (
        SELECT resource_host_name AS host, time_unix_nano AS time, 1 - value AS busy
        FROM read_parquet('{METRICS}')
        WHERE metric_name = 'system.cpu.utilization' AND state = 'idle'
    ), spans AS (
        SELECT span_id, resource_host_name AS host, time_unix_nano AS first, end_time_unix_nano AS last
        FROM read_parquet('{SPANS}') WHERE parent_span_id IS NULL
        ORDER BY time_unix_nano LIMIT {{limit}}
    ), joined AS (
        SELECT span_id, count(*) AS samples, avg(busy) AS mean, min(busy) AS least, max(busy) AS greatest
        FROM spans JOIN points ON points.host = spans.host AND points.time BETWEEN spans.first AND spans.last
        GROUP BY span_id
    )
    SELECT count(*), sum(samples), sum(mean), sum(least), sum(greatest) FROM joined"""
    spans = duckdb.sql(f"SELECT count(*) FROM read_parquet('{SPANS}')").fetchall()[0][0]
    row = duckdb.sql(query.format(limit=int(spans * share))).fetchall()[0]
    return {"spans": row[0], "samples": int(row[1]), "means": row[2]}


def polars():
    import polars as pl

    points = (
        pl.scan_parquet(METRICS, hive_partitioning=False)
        .filter((pl.col("metric_name") == "system.cpu.utilization") & (pl.col("state") == "idle"))
        .select(
            pl.col("resource_host_name").cast(pl.Categorical).alias("host"),
            pl.col("time_unix_nano").alias("time"),
            (1 - pl.col("value")).alias("busy"),
        )
    )
    sums = (
        points.group_by("host", "time")
        .agg(pl.col("busy").sum(), pl.len().alias("cores"))
        .sort("time")
        .with_columns(
            pl.col("busy").cum_sum().over("host").alias("sum"),
            pl.col("cores").cum_sum().over("host").alias("count"),
        )
        .select("host", "time", "sum", "count")
    )
    spans = (
        pl.scan_parquet(SPANS, hive_partitioning=False)
        .filter(pl.col("parent_span_id").is_null())
        .select(
            pl.col("resource_host_name").cast(pl.Categorical).alias("host"),
            (pl.col("time_unix_nano") - 1).alias("before"),
            pl.col("end_time_unix_nano").alias("last"),
        )
    )
    joined = (
        spans.sort("before")
        .join_asof(sums, left_on="before", right_on="time", by="host")
        .rename({"sum": "sum_before", "count": "count_before"})
        .sort("last")
        .join_asof(sums, left_on="last", right_on="time", by="host")
        .select(
            (pl.col("sum").fill_null(0) - pl.col("sum_before").fill_null(0)).alias("busy"),
            (pl.col("count").fill_null(0).cast(pl.Int64) - pl.col("count_before").fill_null(0).cast(pl.Int64)).alias("samples"),
        )
        .filter(pl.col("samples") > 0)
        .select(
            pl.len().alias("spans"),
            pl.col("samples").sum(),
            (pl.col("busy") / pl.col("samples")).sum().alias("means"),
        )
        .collect()
    )
    return joined.to_dicts()[0]


def numpy():
    import glob

    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    def read(pattern, columns):
        schema = ["resource_host_name"]
        files = sorted(glob.glob(pattern))
        tables = [pq.ParquetFile(f, read_dictionary=schema).read(columns=columns) for f in files]
        return pa.concat_tables(tables).unify_dictionaries().combine_chunks()

    columns = ["metric_name", "state", "resource_host_name", "time_unix_nano", "value"]
    points = read(METRICS, columns)
    points = points.filter(
        pc.and_(
            pc.equal(points["metric_name"], "system.cpu.utilization"),
            pc.equal(points["state"], "idle"),
        )
    ).combine_chunks()
    spans = read(SPANS, ["parent_span_id", "resource_host_name", "time_unix_nano", "end_time_unix_nano"])
    spans = spans.filter(pc.is_null(spans["parent_span_id"])).combine_chunks()

    def codes(table):
        column = table["resource_host_name"].chunk(0)
        return column.indices.to_numpy(), column.dictionary.to_pylist()

    of_point, names = codes(points)
    of_span, span_names = codes(spans)
    times, busy = points["time_unix_nano"].to_numpy(), 1 - points["value"].to_numpy()
    first, last = spans["time_unix_nano"].to_numpy(), spans["end_time_unix_nano"].to_numpy()
    found = {"spans": 0, "samples": 0, "means": 0.0}
    for code, name in enumerate(names):
        mine = of_point == code
        order = np.argsort(times[mine], kind="stable")
        sorted_times = times[mine][order]
        sums = np.concatenate(([0.0], np.cumsum(busy[mine][order])))
        here = of_span == span_names.index(name)
        begin = np.searchsorted(sorted_times, first[here], side="left")
        end = np.searchsorted(sorted_times, last[here], side="right")
        count = end - begin
        some = count > 0
        found["spans"] += int(some.sum())
        found["samples"] += int(count.sum())
        found["means"] += float(((sums[end] - sums[begin])[some] / count[some]).sum())
    return found


print(json.dumps({"duckdb": duckdb, "polars": polars, "numpy": numpy}[how]()))
