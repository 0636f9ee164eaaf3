"""cookbook.py OTOLITH PAGE DIR: otolith and DuckDB agree on every query of the cookbook.

The page holds pairs of blocks, `sql otolith` and `sql duckdb`; the lake is made as its first command says.
"""

import datetime
import decimal
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys

import duckdb

FENCE = re.compile(r"^```(sql otolith|sql duckdb|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LAKE = "my-lake"


def otolith(program, *arguments):
    done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{arguments}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def pairs(text):
    """Titles with the two queries, in order. A query without its other fails."""
    found, title = [], ""
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title = part.splitlines()[0]
        queries = {kind: body for kind, body in FENCE.findall(part) if kind != "console"}
        count = sum(1 for kind, _ in FENCE.findall(part) if kind != "console")
        if not queries:
            continue
        assert count == 2 and len(queries) == 2, f"{title}: expected one query of each, found {count} blocks"
        found.append((title, queries["sql otolith"], queries["sql duckdb"]))
    return found


def plain(value):
    """What both have alike: times as their instant, numbers as numbers."""
    if isinstance(value, datetime.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        return aware.astimezone(datetime.timezone.utc)
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value


def of_json(value, kind):
    if kind == "timestamp" and value is not None:
        # Microseconds, as the files have them.
        value = re.sub(r"(\.\d{6})\d+Z$", r"\1Z", value)
        return datetime.datetime.fromisoformat(value)
    return value


def same(ours, theirs):
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)) and not isinstance(ours, bool):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)
    return ours == theirs


def compare(title, ours, theirs):
    names, rows = theirs
    assert [column["name"] for column in ours["columns"]] == names, f"{title}: {ours['columns']} != {names}"
    assert ours["rows"], f"{title}: no rows"
    kinds = [column["type"] for column in ours["columns"]]
    left = [[of_json(row[name], kind) for name, kind in zip(names, kinds)] for row in ours["rows"]]
    right = [[plain(value) for value in row] for row in rows]
    assert len(left) == len(right), f"{title}: {len(left)} rows, DuckDB has {len(right)}\n{left}\n{right}"
    for number, (a, b) in enumerate(zip(left, right), 1):
        for name, x, y in zip(names, a, b):
            assert same(x, y), f"{title}: row {number}, `{name}`: {x!r}, DuckDB has {y!r}"


def main(program, page, directory):
    text = pathlib.Path(page).read_text()
    shutil.rmtree(directory, ignore_errors=True)
    lake = str(pathlib.Path(directory) / LAKE)
    command = next(body for kind, body in FENCE.findall(text) if kind == "console").split()
    assert command[:3] == ["$", "otolith", "convert"], command
    otolith(program, *[lake if word == LAKE else word for word in command[2:]])
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    asked = pairs(text)
    for title, ours, theirs in asked:
        answer = json.loads(otolith(program, "sql", "--lake", lake, "--json", ours))
        found = db.execute(theirs.replace(f"'{LAKE}/", f"'{lake}/"))
        compare(title, answer, ([column[0] for column in found.description], found.fetchall()))
    assert len(asked) > 10, f"only {len(asked)} pairs of queries in {page}"
    print(f"{len(asked)} queries of the cookbook: otolith and DuckDB agree")


main(*sys.argv[1:])
