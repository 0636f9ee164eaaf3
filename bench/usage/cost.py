"""What agents spent per day, over a lake, as queries of DuckDB compute it.

`events`: what the requests of Claude Code's events cost, each request once. Prints a JSON object: how many
days, and the sum in dollars.

`sources`: how far the numbers of all sources that `otolith report cost` reads rose, per day, service and
metric, cumulative ones by the point before: what it takes at least, before anything is chosen or priced.
Prints how many rows.

usage: cost.py events|sources LAKE
"""

import json
import sys

import duckdb

what, lake = sys.argv[1:]


def table(name):
    return f"read_parquet('{lake}/*/{name}/date=*/*.parquet', hive_partitioning = true, union_by_name = true)"


EVENTS = f"""
WITH requests AS (
    SELECT DISTINCT request_id AS request, date, cost_usd
    FROM read_parquet('{lake}/claude_code/logs/date=*/*.parquet', hive_partitioning = true, union_by_name = true)
    WHERE event_name = 'api_request'
), first AS (
    SELECT request, min(date) AS day, any_value(cost_usd) AS cost_usd FROM requests GROUP BY request
)
SELECT day, sum(cost_usd) FROM first GROUP BY day ORDER BY day"""


def rises(name, value):
    return f"""
    SELECT date, service_name, metric_name, sum(rise) AS rise FROM (
        SELECT DISTINCT date, service_name, metric_name, series_id, time_unix_nano, CASE temporality
            WHEN 'CUMULATIVE' THEN {value} - coalesce(lag({value}) OVER (
                PARTITION BY series_id, start_time_unix_nano ORDER BY time_unix_nano), 0)
            ELSE {value} END AS rise
        FROM {table(name)}
        WHERE metric_name LIKE '%token%' OR metric_name LIKE '%cost%' OR metric_name LIKE '%request%'
            OR metric_name LIKE '%tool%' OR metric_name LIKE '%usage%' OR metric_name LIKE '%operation%'
    ) GROUP BY ALL"""


def sums(name):
    tokens = ["input_tokens", "output_tokens", "input_token_count", "output_token_count", "cost_usd",
              "gen_ai_usage_input_tokens", "gen_ai_usage_output_tokens"]
    known = {row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM {table(name)}").fetchall()}
    found = " + ".join(f"coalesce(try_cast({column} AS DOUBLE), 0)" for column in tokens if column in known)
    return f"SELECT date, service_name, '{name}', sum({found}) FROM {table(name)} GROUP BY ALL"


if what == "events":
    days = duckdb.sql(EVENTS).fetchall()
    print(json.dumps({"days": len(days), "cost": sum(cost for _, cost in days)}))
else:
    parts = [rises("metrics", "value"), rises("histograms", '"sum"'), sums("logs"), sums("traces")]
    print(json.dumps({"rows": len(duckdb.sql(" UNION ALL ".join(parts)).fetchall())}))
