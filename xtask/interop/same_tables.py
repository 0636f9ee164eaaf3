"""same_tables.py OTOLITH LEFT RIGHT DIR [regrouped]: two captures must give the same tables.

Rows are compared as sets with repetition, without `source`, and without `item`, the place in a request,
where items have been grouped into other requests. The type of an attribute column, and which
of two keys such as `turn.id` and `turn_id` owns it, follow the order of the input, which a receiver may
change: so `x`, its side columns `x__TYPE` and the members of the JSON rest that would be named `x` are
compared as one.
"""

import collections
import json
import re
import sys

import lakes

SIDE = re.compile(r"^(.+)__(string|int64|double|boolean)$")
REST = {"attributes": "", "resource_attributes": "resource_", "scope_attributes": "scope_"}


def values(name, value):
    """(name, text) of what a column holds in a row."""
    if name in REST:
        for key, member in json.loads(value).items():
            plain = re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_")
            yield REST[name] + plain, str(member)
    else:
        side = SIDE.match(name)
        yield (side.group(1) if side else name), str(value)


def rows(db, glob, ignored):
    cursor = db.execute(f"SELECT * FROM {lakes.scan(glob)}")
    names = [column[0] for column in cursor.description]
    found = collections.Counter()
    for row in cursor.fetchall():
        told = ((name, value) for name, value in zip(names, row) if value is not None and name not in ignored)
        cells = (cell for name, value in told for cell in values(name, value))
        found[tuple(sorted(cells))] += 1
    return found


def main(otolith, left, right, out, *how):
    ignored = {(): {"source"}, ("regrouped",): {"source", "item"}}[how]
    db = lakes.connect()
    found = []
    for side, source in (("left", left), ("right", right)):
        lake = f"{out}-{side}"
        lakes.convert(otolith, source, lake)
        found.append({(d, t): rows(db, glob, ignored) for d, t, glob in lakes.tables(lake)})
    assert found[0].keys() == found[1].keys(), (found[0].keys(), found[1].keys())
    for key in found[0]:
        for missing, where in ((found[0][key] - found[1][key], right), (found[1][key] - found[0][key], left)):
            for row, count in missing.items():
                raise SystemExit(f"{key}: {count} row(s) missing from {where}:\n  {dict(row)}")
    total = sum(sum(table.values()) for table in found[0].values())
    print(f"same tables: {total} rows of {left} and {right}")


main(*sys.argv[1:])
