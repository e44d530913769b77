"""The oracle counts what a crash told as merged, and still finds what is lost, doubled or out of order."""

from typing import Any

import pytest

from tests.faults.oracle import Evidence, judge
from tests.faults.row import Row

KEY = "C-1002"
RELATION = {("/faults", "outsmart-2"): KEY}
Effect = dict[str, Any]


def applied(version: int, effect: str, *, absorbed: int = 0, remote_id: str | None = KEY) -> list[dict[str, Any]]:
    """Return a carrier's result, after those of the events that it absorbed."""
    told = [
        result(number, "superseded", superseded={"why": "merged", "by": name(version)}, remote_id=None)
        for number in range(version - absorbed, version)
    ]
    names = [each["data"]["event"]["id"] for each in told]
    return [*told, result(version, "applied", effect=effect, remote_id=remote_id, absorbed=names)]


def result(version: int, outcome: str, **data: Any) -> dict[str, Any]:
    about = {"id": name(version), "source": "/faults", "subject": "outsmart-2"}
    return {"type": f"relation.{outcome}", "subject": "outsmart-2", "data": {"event": about, **data}}


def name(version: int) -> str:
    return f"outsmart-2-v{version}"


def wrote(kind: str, version: int, *, key: str = KEY, changed: bool = True) -> Effect:
    return {"kind": kind, "key": key, "fields": {"remark": f"outsmart-2 v{version}"}, "changed": ["remark"] * changed}


CREATED, UPDATED = wrote("create", 1), wrote("update", 3)
FOLDED = applied(3, "created", absorbed=2)


def judged(
    effects: list[Effect],
    results: list[dict[str, Any]],
    *,
    cut_off: bool = True,
    records: tuple[str, ...] = (KEY,),
    journal: dict[tuple[str, str], str | None] | None = None,
) -> tuple[Row, list[str]]:
    row = Row("by hand")
    return row, judge(row, Evidence("outsmart", results, effects, records, journal or RELATION, cut_off))


@pytest.mark.parametrize(
    "effects",
    [
        [wrote("create", 3)],
        [CREATED, UPDATED],
        [CREATED, wrote("update", 2), UPDATED],
        [wrote("create", 2), UPDATED],
        [CREATED, wrote("update", 1, changed=False), UPDATED],
        [CREATED, UPDATED, wrote("update", 3, changed=False)],
    ],
    ids=["no crash", "first", "both", "a fold", "first, repeated", "last, repeated"],
)
def test_folded_after_a_crash(effects: list[Effect]) -> None:
    """What the crash had applied and not told counts, whichever of the folded events it was."""
    row, problems = judged(effects, FOLDED)

    assert (row.holds, problems) == (True, [])


def test_ended_after_a_crash() -> None:
    """A relation that was created before the crash and deleted after it has had both, though both folded."""
    gone = {"kind": "delete", "key": KEY, "fields": {}, "changed": []}
    told = applied(3, "deleted", absorbed=2, remote_id=None)

    row, problems = judged([CREATED, gone], told, records=(), journal={("/faults", "outsmart-2"): None})

    assert (row.holds, problems) == (True, [])


@pytest.mark.parametrize(
    ("effects", "results", "count"),
    [
        ([CREATED], FOLDED, "lost"),
        ([CREATED, wrote("update", 2)], FOLDED, "lost"),
        ([], FOLDED, "lost"),
        ([CREATED, CREATED, UPDATED], FOLDED, "duplicate_effects"),
        ([CREATED, UPDATED, UPDATED], FOLDED, "duplicate_effects"),
        ([CREATED, wrote("update", 2), wrote("update", 2), UPDATED], FOLDED, "duplicate_effects"),
        ([CREATED, wrote("create", 3, key="C-9")], FOLDED, "duplicate_effects"),
        ([wrote("create", 3), wrote("update", 1)], FOLDED, "out_of_order"),
        ([CREATED, UPDATED, wrote("update", 2)], FOLDED, "out_of_order"),
    ],
    ids=[
        "last lost",
        "last lost, second made",
        "all lost",
        "created twice",
        "last twice",
        "absorbed twice",
        "other record",
        "first after last",
        "second after last",
    ],
)
def test_planted_fault(effects: list[Effect], results: list[dict[str, Any]], count: str) -> None:
    """A change that lacks, comes twice or comes late is found also where events were folded after a crash."""
    row, problems = judged(effects, results)

    assert getattr(row, count) > 0, (row, problems)
    assert not row.holds


def test_without_a_crash_nothing_is_excused() -> None:
    """Where nobody was cut off, what was told as merged must not show at the vendor."""
    row, problems = judged([CREATED, UPDATED], FOLDED, cut_off=False)

    assert row.duplicate_effects == 1
    assert problems


def test_stale_is_not_excused() -> None:
    """What was told as stale must not show at the vendor, whoever was cut off."""
    stale = result(2, "superseded", superseded={"why": "stale", "by": None}, remote_id=None)

    row, _ = judged([CREATED, UPDATED, wrote("update", 2)], [*applied(1, "created"), *applied(3, "updated"), stale])

    assert row.duplicate_effects == 1
