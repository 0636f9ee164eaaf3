"""Adds up the attribute input_tokens of log records in agentic-ci lines, and looks at nothing else: the
least that a script beside such captures can do. Prints a JSON object: the sum of each service.

usage: log_tokens.py FILE...
"""

import collections
import json
import sys


def value(attributes, key):
    for attribute in attributes:
        if attribute["key"] == key:
            return next(iter(attribute["value"].values()))
    return None


sums = collections.Counter()
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for resource in json.loads(line)["payload"].get("resourceLogs", []):
                service = value(resource["resource"]["attributes"], "service.name")
                for scope in resource["scopeLogs"]:
                    for record in scope["logRecords"]:
                        tokens = value(record["attributes"], "input_tokens")
                        if tokens is not None:
                            sums[service] += int(tokens)
print(json.dumps(sums))
