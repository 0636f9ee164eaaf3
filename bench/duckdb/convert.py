"""Converts OTLP JSON lines to Parquet with DuckDB: typed rows, attributes as MAP, zstd.

usage: convert.py DIRECTORY THREADS FILE

Writes traces.parquet, logs.parquet, numbers.parquet and histograms.parquet into the directory and
prints the rows of each kind.
"""

import os
import sys

import duckdb

directory, threads, file = sys.argv[1:]
os.makedirs(directory, exist_ok=True)

VALUE = "STRUCT(stringValue VARCHAR, intValue BIGINT, doubleValue DOUBLE, boolValue BOOLEAN)"
ATTRIBUTES = f'STRUCT("key" VARCHAR, "value" {VALUE})[]'
RESOURCE = f"STRUCT(attributes {ATTRIBUTES})"
SCOPE = f"STRUCT(name VARCHAR, version VARCHAR, attributes {ATTRIBUTES})"
SPAN = f"""STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, flags UBIGINT, name VARCHAR,
    kind INTEGER, startTimeUnixNano BIGINT, endTimeUnixNano BIGINT, attributes {ATTRIBUTES},
    status STRUCT(message VARCHAR, code INTEGER))"""
RECORD = f"""STRUCT(timeUnixNano BIGINT, observedTimeUnixNano BIGINT, severityNumber INTEGER,
    severityText VARCHAR, body {VALUE}, attributes {ATTRIBUTES}, traceId VARCHAR, spanId VARCHAR)"""
NUMBER = f"""STRUCT(startTimeUnixNano BIGINT, timeUnixNano BIGINT, asDouble DOUBLE, asInt BIGINT,
    attributes {ATTRIBUTES})"""
HISTOGRAM = f"""STRUCT(startTimeUnixNano BIGINT, timeUnixNano BIGINT, "count" BIGINT, "sum" DOUBLE,
    "min" DOUBLE, "max" DOUBLE, bucketCounts BIGINT[], explicitBounds DOUBLE[],
    attributes {ATTRIBUTES})"""


def data(point):
    return f"STRUCT(dataPoints {point}[], aggregationTemporality INTEGER, isMonotonic BOOLEAN)"


METRIC = f"""STRUCT(name VARCHAR, description VARCHAR, unit VARCHAR, gauge {data(NUMBER)},
    sum {data(NUMBER)}, histogram {data(HISTOGRAM)})"""


def resources(scopes, items, item):
    scope = f"STRUCT(scope {SCOPE}, {items} {item}[])"
    return f"STRUCT(resource {RESOURCE}, {scopes} {scope}[])[]"


COLUMNS = {
    "resourceSpans": resources("scopeSpans", "spans", SPAN),
    "resourceLogs": resources("scopeLogs", "logRecords", RECORD),
    "resourceMetrics": resources("scopeMetrics", "metrics", METRIC),
}


def as_map(attributes):
    value = "a.value"
    text = f"""coalesce({value}.stringValue, {value}.intValue::VARCHAR, {value}.doubleValue::VARCHAR,
        {value}.boolValue::VARCHAR)"""
    return f"""map_from_entries([struct_pack(k := a.key, v := {text})
        FOR a IN coalesce({attributes}, [])])"""


def scoped(list_name, scopes, items):
    return f"""SELECT {as_map('r.resource.attributes')} AS resource, s.scope.name AS scope_name,
            s.scope.version AS scope_version, unnest(s.{items}) AS i
        FROM (SELECT r, unnest(r.{scopes}) AS s
            FROM (SELECT unnest({list_name}) AS r FROM requests WHERE {list_name} IS NOT NULL))"""


HEAD = "resource, scope_name, scope_version"
spans = f"""SELECT {HEAD}, i.traceId AS trace_id, i.spanId AS span_id,
        i.parentSpanId AS parent_span_id, i.flags AS flags, i.name AS span_name, i.kind AS kind,
        make_timestamp_ns(i.startTimeUnixNano) AS start_time,
        make_timestamp_ns(i.endTimeUnixNano) AS end_time, i.status.code AS status_code,
        i.status.message AS status_message, {as_map('i.attributes')} AS attributes
    FROM ({scoped('resourceSpans', 'scopeSpans', 'spans')})"""
records = f"""SELECT {HEAD}, make_timestamp_ns(i.timeUnixNano) AS time,
        make_timestamp_ns(i.observedTimeUnixNano) AS observed_time,
        i.severityNumber AS severity_number, i.severityText AS severity_text,
        i.body.stringValue AS body, i.traceId AS trace_id, i.spanId AS span_id,
        {as_map('i.attributes')} AS attributes
    FROM ({scoped('resourceLogs', 'scopeLogs', 'logRecords')})"""
METRIC_HEAD = f"{HEAD}, i.name AS metric_name, i.description AS description, i.unit AS unit"
numbers = f"""SELECT * EXCLUDE (p), make_timestamp_ns(p.startTimeUnixNano) AS start_time,
        make_timestamp_ns(p.timeUnixNano) AS time, coalesce(p.asDouble, p.asInt::DOUBLE) AS value,
        p.asInt AS value_int, {as_map('p.attributes')} AS attributes
    FROM (SELECT {METRIC_HEAD}, coalesce(i.sum, i.gauge).aggregationTemporality AS temporality,
            coalesce(i.sum, i.gauge).isMonotonic AS is_monotonic,
            unnest(coalesce(i.sum, i.gauge).dataPoints) AS p
        FROM ({scoped('resourceMetrics', 'scopeMetrics', 'metrics')}) WHERE i.histogram IS NULL)"""
histograms = f"""SELECT * EXCLUDE (p), make_timestamp_ns(p.startTimeUnixNano) AS start_time,
        make_timestamp_ns(p.timeUnixNano) AS time, p.count AS count, p.sum AS sum, p.min AS min,
        p.max AS max, p.bucketCounts AS bucket_counts, p.explicitBounds AS explicit_bounds,
        {as_map('p.attributes')} AS attributes
    FROM (SELECT {METRIC_HEAD}, i.histogram.aggregationTemporality AS temporality,
            unnest(i.histogram.dataPoints) AS p
        FROM ({scoped('resourceMetrics', 'scopeMetrics', 'metrics')}) WHERE i.histogram IS NOT NULL)"""

connection = duckdb.connect()
connection.execute(f"SET threads = {int(threads)}")
connection.execute("SET preserve_insertion_order = false")
columns = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
columns = columns.replace("\n", " ")
connection.execute(
    f"""CREATE TEMP TABLE requests AS SELECT * FROM read_json('{file}', format = 'newline_delimited',
        maximum_object_size = 67108864, columns = {{{columns}}})"""
)
for name, query in [
    ("traces", spans),
    ("logs", records),
    ("numbers", numbers),
    ("histograms", histograms),
]:
    path = os.path.join(directory, f"{name}.parquet")
    done = connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    print(name, done.fetchone()[0])
