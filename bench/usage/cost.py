"""What Claude Code's requests cost per day, over a lake, as a query of DuckDB computes it: events alone,
each request once. `otolith report cost` does more: all agents, metrics beside events, list prices.

Prints a JSON object: how many days, and the sum in dollars.

usage: cost.py LAKE
"""

import json
import sys

import duckdb

(lake,) = sys.argv[1:]
query = f"""
WITH requests AS (
    SELECT DISTINCT request_id AS request,
        date, cost_usd
    FROM read_parquet('{lake}/claude_code/logs/date=*/*.parquet', hive_partitioning = true, union_by_name = true)
    WHERE event_name = 'api_request'
), first AS (
    SELECT request, min(date) AS day, any_value(cost_usd) AS cost_usd FROM requests GROUP BY request
)
SELECT day, sum(cost_usd) FROM first GROUP BY day ORDER BY day"""
days = duckdb.sql(query).fetchall()
print(json.dumps({"days": len(days), "cost": sum(cost for _, cost in days)}))
