"""truth.py OTOLITH CAPTURES PRICES DIR: DuckDB, asked in SQL about the lake of every real capture, finds the
amounts of truth.json; so do otolith's reports.

What tokens cost by the list prices of PRICES, DuckDB works out, too.

truth.json was computed from the messages as they were recorded. Here the same amounts come from the
Parquet files by queries that share no code with otolith: tokens, cost, tool calls, requests, spans, the
totals of every metric (deltas, increases of counters, histograms), and how busy the CPUs were during
traces. A line of truth.json that no query is for fails.
"""

import json
import math
import pathlib
import re
import shutil
import subprocess
import sys

import duckdb

TABLES = ["traces", "logs", "metrics", "histograms"]

# Increases of counters by series and point. A series begins anew when its start changes or its value
# falls: all that it shows then was added since. `inside` leaves out what the first point showed.
INCREASES = """
    SELECT *, CASE WHEN before IS NULL OR start_before <> start_time_unix_nano OR {v} < before THEN {v}
                   ELSE {v} - before END AS increase
    FROM (SELECT *, lag({v}) OVER w AS before, lag(start_time_unix_nano) OVER w AS start_before
          FROM {table} WHERE temporality = 'CUMULATIVE'
          WINDOW w AS (PARTITION BY series_id ORDER BY time_unix_nano, start_time_unix_nano))
"""


def otolith(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{arguments}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def report(program, lake, *arguments):
    return json.loads(otolith(program, "report", arguments[0], "--lake", lake, "--json", *arguments[1:]))["rows"]


def close(found, expected):
    return found is not None and math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)


class Lake:
    """The tables of a lake in DuckDB, with every column that a question may name."""

    def __init__(self, directory):
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")
        self.columns = {}
        for table in TABLES:
            files = sorted(str(path) for path in pathlib.Path(directory).glob(f"*/{table}/date=*/*.parquet"))
            if not files:
                self.columns[table] = set()
                continue
            self.db.execute(f"CREATE TABLE {table} AS SELECT * FROM read_parquet({files}, union_by_name = true)")
            self.columns[table] = {row[0] for row in self.db.execute(f"DESCRIBE {table}").fetchall()}
        self.asked = 0

    def column(self, table, key):
        """The column of an attribute, as text; null where no item has it."""
        name = re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_")
        base = {"service": "service_name", "span name": "span_name", "source": "source_attr"}
        name = base.get(key, name)
        return f'CAST("{name}" AS VARCHAR)' if name in self.columns[table] else "CAST(NULL AS VARCHAR)"

    def number(self, table, key):
        name = re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_")
        return f'CAST("{name}" AS DOUBLE)' if name in self.columns[table] else "CAST(NULL AS DOUBLE)"

    def event(self, name):
        """Log records of an event by its name as sent: otolith takes the prefix of its emitter away."""
        return f"coalesce({self.column('logs', 'event_name_attr')}, event_name) = '{name}'"

    def ask(self, query):
        self.asked += 1
        return self.db.execute(query).fetchall()

    def grouped(self, table, keys, amount, where, none="None", source=None):
        """Amounts by the texts of attributes, joined as truth.json joins them."""
        if not self.columns[table]:
            return {}
        texts = [f"coalesce({self.column(table, key)}, '{none}')" for key in keys]
        name = " || ' | ' || ".join(texts)
        rows = self.ask(f"SELECT {name} AS name, {amount} AS amount FROM {source or table} WHERE {where} GROUP BY 1")
        return {name: float(amount) for name, amount in rows if amount is not None}


def of_metric(lake, name, keys):
    """Totals of a metric: sums of deltas and increases of counters since their start."""
    keyed = [key.strip() for key in keys]
    if not lake.columns["metrics"]:
        return {}
    both = f"""(SELECT *, value AS total FROM metrics WHERE temporality = 'DELTA' UNION ALL BY NAME
                SELECT *, increase AS total FROM ({INCREASES.format(v="value", table="metrics")}))"""
    return lake.grouped("metrics", keyed, "sum(total)", f"metric_name = '{name}'", source=both)


def of_line(lake, line):
    """What DuckDB finds for a line of `domain`; None if there is no query for such a line."""
    event = lake.event
    counted = re.fullmatch(r"log codex.sse_event response.completed records (with token counts|in all) by (.*)", line)
    if counted:
        where = event("codex.sse_event") + f" AND {lake.column('logs', 'event.kind')} = 'response.completed'"
        if counted[1] == "with token counts":
            where += f" AND {lake.number('logs', 'input_token_count')} IS NOT NULL"
        return lake.grouped("logs", counted[2].split(", "), "count(*)", where)
    if found := re.fullmatch(r"log (\S+)(?: \(records with (\S+)\))? sum of (\S+) by (.*)", line):
        name, needed, summed, keys = found.groups()
        where = event(name)
        if needed:
            where += f" AND {lake.number('logs', needed)} IS NOT NULL"
        return lake.grouped("logs", keys.split(", "), f"sum({lake.number('logs', summed)})", where)
    if found := re.fullmatch(r"log (\S+) count by (.*)", line):
        return lake.grouped("logs", found[2].split(", "), "count(*)", event(found[1]))
    if found := re.fullmatch(r"metric (\S+) by (.*) \(histogram sum\)", line):
        where = f"metric_name = '{found[1]}' AND temporality = 'DELTA'"
        return lake.grouped("histograms", found[2].split(", "), 'sum("sum")', where)
    if found := re.fullmatch(r"metric (\S+) by (.*)", line):
        return of_metric(lake, found[1], found[2].split(","))
    if line.startswith("spans token attributes: "):
        total = {}
        for key in ["gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
                    "cache_read_tokens", "input_tokens", "output_tokens"]:
            amount = lake.number("traces", key)
            found = lake.grouped("traces", ["service", "span name", "model"], f"sum({amount})", f"{amount} <> 0", "none")
            total |= {f"{name} | {key}": amount for name, amount in found.items()}
        return total
    if line == "spans by service | gen_ai.operation.name | model":
        where = f"{lake.column('traces', 'gen_ai.operation.name')} IS NOT NULL"
        return lake.grouped("traces", ["service", "gen_ai.operation.name", "model"], "count(*)", where, "none")
    if line == "spans by service | span name | gen_ai.tool.name | success":
        where = f"{lake.column('traces', 'gen_ai.tool.name')} IS NOT NULL"
        return lake.grouped("traces", ["service", "span name", "gen_ai.tool.name", "success"], "count(*)", where)
    return None


def check(what, found, expected):
    """Of reports what is expected is what DuckDB finds, of DuckDB what truth.json has."""
    assert set(found) == set(expected), f"{what}: {sorted(set(found) ^ set(expected))}\n{found}\n{expected}"
    for name, amount in expected.items():
        assert close(found[name], amount), f"{what}, {name}: {found[name]!r} instead of {amount!r}"


def check_metric(lake, each, what):
    """Every total that truth.json has of a metric."""
    kind, temporality = each["type"], each["temporality"]
    is_number = kind in ("gauge", "sum")
    table = "metrics" if is_number else "histograms"
    metric_type = {"exponential_histogram": "exponential_histogram"}.get(kind, kind)
    where = (f"service_name = '{each['service']}' AND scope_name = '{each['scope']}' AND metric_name = '{each['metric']}'"
             f" AND coalesce(unit, '') = '{each['unit']}' AND metric_type = '{metric_type}'"
             + ("" if temporality == "none" else f" AND temporality = '{temporality.upper()}'"))

    def one(expression, source=table):
        return lake.ask(f"SELECT {expression} FROM {source} WHERE {where}")[0][0]

    def increases(v):
        return "(" + INCREASES.format(v=v, table=f"(SELECT * FROM {table} WHERE {where})") + ")"

    inside = "sum(increase) FILTER (WHERE before IS NOT NULL)"
    asked = {
        "data_points": lambda: one("count(*)"),
        "series": lambda: one("count(DISTINCT series_id)"),
        "sum_of_deltas": lambda: one("sum(value)"),
        "increase_from_start": lambda: one("sum(increase)", increases("value")),
        "increase_between_points": lambda: one(f"coalesce({inside}, 0)", increases("value")),
        "sum_of_last_values": lambda: one("sum(value)", f"""(SELECT * FROM {table} WHERE {where} QUALIFY
            row_number() OVER (PARTITION BY series_id ORDER BY time_unix_nano DESC) = 1)"""),
        "mean": lambda: one("avg(value)"),
        "min": lambda: one("min(value)" if is_number else 'min("min")'),
        "max": lambda: one("max(value)" if is_number else 'max("max")'),
        "count": lambda: one('sum("count")'),
        "sum": lambda: one('sum("sum")'),
        "zero_count": lambda: one("sum(zero_count)"),
    }
    for part in ("count", "sum"):
        quoted = f'"{part}"'
        asked[f"{part}_increase_from_start"] = lambda v=quoted: one("sum(increase)", increases(v))
        asked[f"{part}_increase_between_points"] = lambda v=quoted: one(f"coalesce({inside}, 0)", increases(v))
    compared = 0
    for name, amount in each.items():
        if name in asked and amount is not None:
            found = asked[name]()
            compared += 1
            assert close(float(found), amount), f"{what}, {each}: `{name}` is {found!r} by DuckDB"
    assert compared > 2, f"{what}: nothing to compare in {each}"
    return compared


def check_cpu(lake, trace, what):
    """How busy the CPUs were while a trace ran, by both metrics."""
    span = f"time_unix_nano BETWEEN {trace['start_unix_nano']} AND {trace['end_unix_nano']}"
    compared = 0
    for name, expected in trace.items():
        found = re.fullmatch(r"system.cpu.utilization from (.*)|busy share from system.cpu.time of (.*)", name)
        if not found:
            continue
        compared += 1
        if found[1]:
            of_times = f"""(SELECT time_unix_nano, 1 - sum(value) FILTER (WHERE state = 'idle') / count(DISTINCT cpu) AS busy
                FROM metrics WHERE metric_name = 'system.cpu.utilization' AND service_name = '{found[1]}' AND {span}
                GROUP BY time_unix_nano)"""
            times, mean, most = lake.ask(f"SELECT count(*), avg(busy), max(busy) FROM {of_times}")[0]
            assert times == expected["sample_times"], (what, name, times)
            assert close(mean, expected["avg_busy"]), (what, name, mean)
            assert close(most, expected["max_busy_of_one_sample_time"]), (what, name, most)
            continue
        points = f"""(SELECT * FROM metrics WHERE metric_name = 'system.cpu.time' AND service_name = '{found[2]}')"""
        edges = {
            "first to last point inside": f"{span}",
            "last point before to first point after": f"""
                time_unix_nano >= (SELECT max(time_unix_nano) FROM {points} WHERE time_unix_nano <= {trace['start_unix_nano']})
                AND time_unix_nano <= (SELECT min(time_unix_nano) FROM {points} WHERE time_unix_nano >= {trace['end_unix_nano']})""",
        }
        for edge, share in expected.items():
            busy = lake.ask(f"""SELECT 1 - sum(spent) FILTER (WHERE state = 'idle') / sum(spent) FROM (
                SELECT state, arg_max(value, time_unix_nano) - arg_min(value, time_unix_nano) AS spent
                FROM {points} WHERE {edges[edge]} GROUP BY series_id, state)""")[0][0]
            assert close(busy, share), (what, name, edge, busy, share)
    assert compared, f"{what}: no CPU of {trace['trace_id']}"
    return compared


def by(rows, keys, column):
    found = {}
    for row in rows:
        if row[column] is not None:
            found[" | ".join(str(row[key]) for key in keys)] = row[column]
    return found


# What requests cost by list prices: the price of the model that holds at the time, in the bracket that the
# whole input reaches, with caches for five minutes or an hour; rounded once per request.
ESTIMATE = """
    WITH entries AS (SELECT unnest(prices, recursive := false) AS e FROM read_json('{prices}')),
         listed AS (SELECT e.model AS listed_model, CAST(e."from" AS TIMESTAMP) AS since, e.usd_per_million AS base,
                           coalesce(e.above, []) AS above FROM entries),
         priced AS (SELECT *, input + cache_read + cache_creation AS whole,
                           list_max(list_transform(list_filter(above, lambda x: whole > x.input_tokens), lambda x: x.input_tokens)) AS reached
                    FROM ({requests}) AS r ASOF JOIN listed ON r.model = listed_model AND CAST(r.time AS TIMESTAMP) >= since),
         rated AS (SELECT *, coalesce(list_filter(above, lambda x: x.input_tokens = reached)[1].usd_per_million, base) AS p FROM priced)
    SELECT name, sum(round(input * p.input * 1e3 + coalesce(cache_read * p.cache_read, 0) * 1e3
                           + CASE WHEN cache_creation > 0 THEN cache_creation * p.cache_creation_5m ELSE 0 END * 1e3
                           + output * p.output * 1e3)) / 1e9,
                 sum(round(input * p.input * 1e3 + coalesce(cache_read * p.cache_read, 0) * 1e3
                           + CASE WHEN cache_creation > 0 THEN cache_creation * p.cache_creation_1h ELSE 0 END * 1e3
                           + output * p.output * 1e3)) / 1e9
    FROM rated GROUP BY name
"""


def check_reports(program, prices, directory, lake, what):
    """otolith's reports against the same questions in SQL."""
    claude, codex = lake.event("api_request"), lake.event("codex.sse_event")
    number = lambda key: f"coalesce({lake.number('logs', key)}, 0)"
    tokens = f"""
        SELECT 'claude_code | ' || model AS name, model, time, {number('input_tokens')} AS input,
               {number('cache_read_tokens')} AS cache_read, {number('cache_creation_tokens')} AS cache_creation,
               {number('output_tokens')} AS output, {lake.number('logs', 'cost_usd')} AS cost FROM logs WHERE {claude}
        UNION ALL
        SELECT 'codex | ' || model, model, time, {number('input_token_count')} - {number('cached_token_count')},
               {number('cached_token_count')}, 0, {number('output_token_count')}, NULL FROM logs
        WHERE {codex} AND {lake.number('logs', 'input_token_count')} IS NOT NULL"""
    amounts = lake.ask(f"SELECT name, sum(input), sum(cache_read), sum(output), sum(cost) FROM ({tokens}) GROUP BY name")
    rows = report(program, directory, "tokens", "--by", "agent,model")
    for place, column in enumerate(["input_tokens", "cache_read_tokens", "output_tokens"], 1):
        check(f"{what}, report tokens, {column}", by(rows, ["agent", "model"], column), {a[0]: a[place] for a in amounts})
    rows = report(program, directory, "cost", "--by", "agent,model")
    check(f"{what}, report cost", by(rows, ["agent", "model"], "cost_usd"), {a[0]: a[4] for a in amounts if a[4] is not None})
    estimates = lake.ask(ESTIMATE.format(prices=prices, requests=tokens))
    assert {e[0] for e in estimates} == {a[0] for a in amounts}, f"{what}: a model without a price in {estimates}"
    for place, column in [(1, "estimated_cost_usd"), (1, "estimated_cost_low_usd"), (2, "estimated_cost_high_usd")]:
        check(f"{what}, report cost, {column}", by(rows, ["agent", "model"], column), {e[0]: e[place] for e in estimates})
    success = f"coalesce({lake.column('logs', 'success')} = 'true', false)"
    calls = lake.ask(f"""SELECT CASE WHEN {lake.event('tool_result')} THEN 'claude_code' ELSE 'codex' END || ' | ' ||
        {lake.column('logs', 'tool_name')}, count(*), count(*) FILTER (WHERE {success}), count(*) FILTER (WHERE NOT {success})
        FROM logs WHERE {lake.event('tool_result')} OR {lake.event('codex.tool_result')} GROUP BY 1""")
    rows = report(program, directory, "tools")
    for place, column in enumerate(["calls", "success", "errors"], 1):
        check(f"{what}, report tools, {column}", by(rows, ["agent", "tool"], column), {c[0]: c[place] for c in calls})


# How busy a host was, by the definition in docs/reports/trace-resources.md: shares of cores at each time of
# `system.cpu.utilization`, or since the time before from `system.cpu.time`.
SHARES = {
    "system.cpu.utilization": """
        SELECT time_unix_nano, cpu, 1 - sum(value) FILTER (WHERE state = 'idle') AS busy
        FROM metrics WHERE metric_name = 'system.cpu.utilization' GROUP BY ALL""",
    "system.cpu.time": """
        SELECT time_unix_nano, cpu, 1 - sum(spent) FILTER (WHERE state = 'idle') / sum(spent) AS busy
        FROM (SELECT time_unix_nano, cpu, state, value - lag(value) OVER (PARTITION BY series_id ORDER BY time_unix_nano) AS spent
              FROM metrics WHERE metric_name = 'system.cpu.time')
        WHERE spent IS NOT NULL GROUP BY ALL""",
}
# The mean over time of a root span: a sample stands for the time since the one before, for no more than
# twice the usual gap, and for nothing before the span.
BUSY = """
    WITH samples AS (SELECT time_unix_nano AS t, avg(busy) AS busy FROM ({shares}) GROUP BY t),
         gaps AS (SELECT *, t - lag(t) OVER (ORDER BY t) AS gap FROM samples),
         usual AS (SELECT median(gap) AS usual FROM gaps)
    SELECT trace_id || ' | ' || span_id, sum(busy * stands) / sum(stands), count(*), min(busy), max(busy)
    FROM (SELECT trace_id, span_id, busy, least(gap, 2 * usual, t - traces.time_unix_nano) AS stands
          FROM traces JOIN gaps ON t >= traces.time_unix_nano AND t <= end_time_unix_nano CROSS JOIN usual
          WHERE parent_span_id IS NULL)
    GROUP BY 1
"""


def without_metric(source, name, path):
    """The capture without a metric."""
    lines = []
    for line in source.read_text().splitlines():
        request = json.loads(line)
        for resource in request["payload"].get("resourceMetrics", []):
            for scope in resource["scopeMetrics"]:
                scope["metrics"] = [metric for metric in scope["metrics"] if metric["name"] != name]
        lines.append(json.dumps(request))
    path.write_text("\n".join(lines))


def check_busy(program, captures, directory):
    """`report trace-resources` of one host, by each metric of its CPUs."""
    source = captures / "mix-dev/agentic-ci.jsonl"
    compared = 0
    for metric, shares in SHARES.items():
        capture, path = directory / f"{metric}.jsonl", directory / metric
        other = next(name for name in SHARES if name != metric)
        without_metric(source, other, capture)
        otolith(program, "convert", "--quiet", "--lake", path, capture)
        lake = Lake(path)
        rows = report(program, path, "trace-resources", "--root-only")
        rows = [row for row in rows if row["cpu_samples"]]
        asked = lake.ask(BUSY.format(shares=shares))
        for place, column in enumerate(["cpu_busy", "cpu_samples", "cpu_busy_min", "cpu_busy_max"], 1):
            found = {row[0]: row[place] for row in asked}
            check(f"trace-resources by {metric}, {column}", found, by(rows, ["trace_id", "span_id"], column))
        compared += len(rows)
    assert compared > 5, compared
    return compared


def main(program, captures, prices, directory):
    captures, directory = pathlib.Path(captures), pathlib.Path(directory)
    truths = json.loads((captures / "truth.json").read_text())
    shutil.rmtree(directory, ignore_errors=True)
    lines = metrics = cpus = asked = 0
    for name, truth in truths.items():
        path = directory / name
        source = next((captures / name).glob("agentic-ci.jsonl*"))
        otolith(program, "convert", "--quiet", "--lake", path, source)
        lake = Lake(path)
        for line, expected in truth["domain"].items():
            found = of_line(lake, line)
            assert found is not None, f"{name}: no query for the line `{line}`"
            check(f"{name}, {line}", found, expected)
            lines += 1
        for each in truth["metrics"]["each"]:
            metrics += check_metric(lake, each, name)
        for trace in truth.get("cpu_during_traces", []):
            cpus += check_cpu(lake, trace, name)
        if truth["domain"]:
            check_reports(program, prices, path, lake, name)
        asked += lake.asked
    roots = check_busy(program, captures, directory)
    assert len(truths) == 9 and lines > 100 and metrics > 1000 and cpus > 8, (len(truths), lines, metrics, cpus)
    print(f"{len(truths)} captures, {asked} queries: DuckDB finds {lines} lines, {metrics} totals of metrics and {cpus}"
          f" shares of CPUs of truth.json, and otolith's reports agree, of {roots} root spans how busy their host was, too")


main(*sys.argv[1:])
