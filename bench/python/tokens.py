"""Adds up the input tokens that agentic-ci lines tell of, wherever agents tell them: in log records, in
spans and in points of metrics. What scripts beside such captures do: parse a line, make a dictionary of the
attributes of each item, look into it. Prints a JSON object: the sum of each service, by signal.

usage: tokens.py FILE...
"""

import collections
import json
import sys


def plain(value):
    if "stringValue" in value:
        return value["stringValue"]
    if "intValue" in value:
        return int(value["intValue"])
    if "doubleValue" in value:
        return value["doubleValue"]
    return value.get("boolValue")


def attributes(item):
    return {a["key"]: plain(a["value"]) for a in item.get("attributes", [])}


def groups(payload, resources, scopes, items):
    """The items of a signal with the service that sent them."""
    for resource in payload.get(resources, []):
        service = attributes(resource["resource"]).get("service.name")
        for scope in resource[scopes]:
            yield service, scope[items]


def points(metric):
    for kind in ("sum", "gauge", "histogram"):
        yield from metric.get(kind, {}).get("dataPoints", [])


sums = {signal: collections.Counter() for signal in ("logs", "traces", "metrics")}
for path in sys.argv[1:]:
    with open(path, "rb") as lines:
        for line in lines:
            payload = json.loads(line)["payload"]
            for service, records in groups(payload, "resourceLogs", "scopeLogs", "logRecords"):
                for record in records:
                    tokens = attributes(record).get("input_tokens")
                    if tokens is not None:
                        sums["logs"][service] += tokens
            for service, spans in groups(payload, "resourceSpans", "scopeSpans", "spans"):
                for span in spans:
                    tokens = attributes(span).get("input_tokens")
                    if tokens is not None:
                        sums["traces"][service] += tokens
            for service, metrics in groups(payload, "resourceMetrics", "scopeMetrics", "metrics"):
                for metric in metrics:
                    for point in points(metric):
                        told = attributes(point)
                        if metric["name"].endswith("token.usage") and told.get("type") == "input":
                            sums["metrics"][service] += int(point["asInt"])
print(json.dumps(sums))
