"""otlp2parquet.py OTOLITH SOURCE RECEIVED LAKE: what otlp2parquet wrote of a replay is what was captured.

Both sides are compared as sets with repetition of what identifies an item and what it says: ids, names,
values, and times in milliseconds, which is how otlp2parquet keeps them.
"""

import collections
import pathlib
import sys

import lakes

# Per kind: tables of the lake with their columns, and directories of the receiver with theirs.
MS = "coalesce(time_unix_nano, 0) // 1000000"


def digits(column):
    """Its reader of JSON is off by the last bit of some doubles."""
    return f"printf('%.14e', {column}::DOUBLE)"


KINDS = {
    "spans": (
        ["traces"],
        f"service_name, trace_id, span_id, coalesce(parent_span_id, ''), span_name, {MS}, "
        "end_time_unix_nano // 1000000",
        ["traces"],
        "service_name, trace_id, span_id, coalesce(parent_span_id, ''), span_name, epoch_us(timestamp) // 1000, "
        "end_timestamp",
    ),
    "log records": (
        ["logs"],
        f"service_name, coalesce(trace_id, ''), coalesce(span_id, ''), severity_number, {MS}",
        ["logs"],
        "service_name, coalesce(trace_id, ''), coalesce(span_id, ''), severity_number, epoch_us(timestamp) // 1000",
    ),
    "points": (
        ["metrics"],
        f"service_name, metric_name, {MS}, {digits('value')}",
        ["metrics/gauge", "metrics/sum"],
        f"service_name, metric_name, epoch_us(timestamp) // 1000, {digits('value')}",
    ),
    "histograms": (
        ["histograms"],
        f'service_name, metric_name, {MS}, "count", ' + digits('"sum"'),
        ["metrics/histogram", "metrics/exponential_histogram"],
        'service_name, metric_name, epoch_us(timestamp) // 1000, "count", ' + digits('"sum"'),
    ),
}


def bag(db, columns, globs):
    found = collections.Counter()
    for glob in globs:
        scan = f"read_parquet('{glob}', union_by_name = true, hive_partitioning = false)"
        found.update(db.execute(f"SELECT {columns} FROM {scan}").fetchall())
    return found


def main(otolith, source, received, lake):
    lakes.convert(otolith, source, lake)
    db = lakes.connect()
    ours = [(table, glob) for _, table, glob in lakes.tables(lake)]
    total = 0
    for kind, (tables, of_lake, directories, of_receiver) in KINDS.items():
        left = bag(db, of_lake, [glob for table, glob in ours if table in tables])
        present = [d for d in directories if (pathlib.Path(received) / d).is_dir()]
        right = bag(db, of_receiver, [f"{received}/{d}/**/*.parquet" for d in present])
        for missing, where in ((left - right, received), (right - left, source)):
            for row, count in missing.items():
                raise SystemExit(f"{kind}: {count} of {missing.total()} missing from {where}: {row}")
        total += left.total()
    print(f"otlp2parquet holds the {total} items of {source}")


main(*sys.argv[1:])
