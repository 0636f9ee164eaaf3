"""same_tables.py OTOLITH LEFT RIGHT DIR: two captures must give the same tables.

Rows are compared as sets with repetition, without `source`. The type of an attribute column follows
the first value in input order, which a receiver may change, so `x` and its side columns `x__TYPE`
are compared as one.
"""

import collections
import re
import sys

import lakes

SIDE = re.compile(r"^(.+)__(string|int64|double|boolean)$")


def rows(db, glob):
    cursor = db.execute(f"SELECT * EXCLUDE (source) FROM {lakes.scan(glob)}")
    names = [column[0] for column in cursor.description]
    found = collections.Counter()
    for values in cursor.fetchall():
        row = {}
        for name, value in zip(names, values):
            if value is not None:
                side = SIDE.match(name)
                row[side.group(1) if side else name] = str(value)
        found[tuple(sorted(row.items()))] += 1
    return found


def main(otolith, left, right, out):
    db = lakes.connect()
    found = []
    for side, source in (("left", left), ("right", right)):
        lake = f"{out}-{side}"
        lakes.convert(otolith, source, lake)
        found.append({(d, t): rows(db, glob) for d, t, glob in lakes.tables(lake)})
    assert found[0].keys() == found[1].keys(), (found[0].keys(), found[1].keys())
    for key in found[0]:
        for missing, where in ((found[0][key] - found[1][key], right), (found[1][key] - found[0][key], left)):
            for row, count in missing.items():
                raise SystemExit(f"{key}: {count} row(s) missing from {where}:\n  {dict(row)}")
    total = sum(sum(table.values()) for table in found[0].values())
    print(f"same tables: {total} rows of {left} and {right}")


main(*sys.argv[1:])
