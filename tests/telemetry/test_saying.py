"""What the worker says of itself beside its attempts, at each level of its log."""

import io
import json

import pytest

from worker.telemetry.absence import Absence
from worker.telemetry.logs import configure
from worker.telemetry.saying import Good, Needed, saying


def said(level: str) -> list[tuple[str, str]]:
    """Return level and text of what is said of an absence, of its end, and of the way in."""
    stream = io.StringIO()
    configure(level, "json", stream=stream)
    tell = saying("worker")
    away = Absence(tell)
    away("the broker is away")
    away.over("the broker answers again")
    tell(Good("its backlog is drained"))
    tell(Needed("the way in"))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert all(line["room"] == "worker" for line in lines)
    return [(line["level"], line["event"]) for line in lines]


def test_level_that_leaves_out_what_went_well() -> None:
    """At `warning` a failure of ours is said, and its end is not; what somebody needs always is."""
    assert said("warning") == [("warning", "the broker is away"), ("info", "the way in")]


def test_level_that_says_all() -> None:
    """At `info` good news is said too, and is no warning."""
    assert said("info") == [
        ("warning", "the broker is away"),
        ("info", "the broker answers again, after 0 s"),
        ("info", "its backlog is drained"),
        ("info", "the way in"),
    ]


@pytest.mark.parametrize("level", ["debug", "error"])
def test_what_is_needed_is_said_at_every_level(level: str) -> None:
    """No level takes away what somebody cannot go on without."""
    assert ("info", "the way in") in said(level)
