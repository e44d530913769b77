"""The promises of speaking to a database: few words, and none that reads more than it must."""

from types import ModuleType

import pytest

from worker.journal import (
    backlog,
    burying,
    history,
    leases,
    letters,
    pruning,
    reading,
    replays,
    requests,
    settling,
    taking,
)
from worker.journal.database import database, prepared
from worker.journal.session import Fixed, Many, pieces, positional, repeated

MODULES = [backlog, burying, history, leases, letters, pruning, reading, replays, requests, settling, taking]
# Small tables, and what says of itself that it reads everything.
WHOLE = {"connections", "leases", "replays", "requests", "v", "4", "summed", "sized", "newest", "(subquery-5)"}
READS_EVERYTHING = {"COUNTS"}


def scanned(module: ModuleType) -> dict[str, list[str]]:
    """Return which tables the statements of a module read from one end to the other."""
    session = prepared(database("sqlite://"))
    found: dict[str, list[str]] = {}
    for name, statement in vars(module).items():
        if isinstance(statement, Many):
            text, parameters = session._compiled_many(statement, 4)
            count = 4 * len(statement.columns) + len(parameters)
        elif isinstance(statement, Fixed):
            text, names = positional(session._compile(statement.statement))
            count = len(names)
        else:
            continue
        plan = session.connection.execute(f"EXPLAIN QUERY PLAN {text}", [None] * count).fetchall()
        steps = [row[3].split() for row in plan]
        found[name] = [step[1] for step in steps if step[0] == "SCAN" and "COVERING" not in step]
    session.connection.close()
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_statements_find_what_they_want_by_an_index(module: ModuleType) -> None:
    """No statement reads a large table from one end to the other, but those that say so."""
    scans = {name: set(tables) - WHOLE for name, tables in scanned(module).items() if name not in READS_EVERYTHING}

    assert {name: tables for name, tables in scans.items() if tables} == EXPECTED.get(module.__name__, {})


EXPECTED = {"worker.journal.backlog": {"RESULT_ROWS": {"deliveries"}}}  # only the unreported ones, by their index


@pytest.mark.parametrize(
    ("rows", "sizes"), [(0, []), (1, [1]), (7, [7]), (55, [48, 7]), (128, [128]), (300, [128, 128, 40, 4])]
)
def test_rows_go_in_few_pieces(rows: int, sizes: list[int]) -> None:
    """Rows go in few pieces of few sizes, so that few texts are made, and none is lost."""
    given = [(number,) for number in range(rows)]

    found = list(pieces(given))

    assert [len(piece) for piece in found] == sizes
    assert [row for piece in found for row in piece] == given


def test_text_for_many_rows() -> None:
    """The text for many rows follows from those for one and two, casts and constants included."""
    one = "WITH v(a) AS (VALUES (%s::TEXT, %s)) SELECT 1"
    two = "WITH v(a) AS (VALUES (%s::TEXT, %s), (%s, %s)) SELECT 1"

    assert repeated(one, two, 3) == "WITH v(a) AS (VALUES (%s::TEXT, %s), (%s, %s), (%s, %s)) SELECT 1"
