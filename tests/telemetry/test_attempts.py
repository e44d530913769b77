"""The canonical line: the same fields always, and nothing in it that a log must not hold, however many are said."""

import io
import json
from typing import Any

import pytest

from worker.telemetry.attempts import Attempts, Line
from worker.telemetry.logs import Format, configure
from worker.telemetry.masking import are_harmless


def line(**changes: Any) -> Line:
    made: Line = {
        "event": "attempt",
        "connection": "acme-onoffice",
        "target": "onoffice",
        "operation": "create",
        "source": "/crm",
        "subject": "cust-1",
        "event_id": "e-1",
        "position": 7,
        "attempts": 1,
        "calls": 2,
        "verdict": "applied",
        "status": 200,
        "waited_seconds": 0.123,
        "sent_seconds": 0.5,
        "reason": None,
        "detail": None,
    }
    made.update(changes)  # type: ignore[typeddict-item]  # a test may say anything
    return made


def said(*lines: Line, level: str = "info", form: Format = "json", secrets: tuple[str, ...] = ()) -> str:
    stream = io.StringIO()
    configure(level, form, secrets=secrets, stream=stream)
    Attempts("delivery").say(lines)
    return stream.getvalue()


def test_each_attempt_is_one_line_with_fixed_fields() -> None:
    """The canonical line always has the same fields, whatever they hold; what went wrong is a warning."""
    forged = line(verdict="bury", status=None, reason="rejected", detail="no such record\nforged")
    first, second = map(json.loads, said(line(), forged).splitlines())

    assert set(first) == set(second) == {*line(), "room", "level", "timestamp"}
    assert (first["event"], first["level"], first["room"]) == ("attempt", "info", "delivery")
    assert (second["level"], second["reason"], second["status"]) == ("warning", "rejected", None)


def test_names_of_its_fields_hide_nothing() -> None:
    """No field is one whose value the log leaves out."""
    assert are_harmless((*line(), "room", "level", "timestamp"))


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "hostile",
    [
        "a s3cr3t-value in it",
        'one that "is quoted": s3cr3t-\\value',
        "\x1b]0;owned\x07\x9b31m",
        "deleted\x7f",
        "turned\u202eround",
        "two\nlines",
        "half a character \ud800",
    ],
)
def test_what_is_hostile_in_one_line_is_out_of_it_and_in_no_other(form: Format, hostile: str) -> None:
    """Secrets and whatever steers a terminal stay out; the lines said with it are as they were."""
    text = said(line(), line(subject=hostile), line(), form=form, secrets=("s3cr3t-value", "s3cr3t-\\value"))

    assert "value" not in text
    assert text.replace("\n", "").isprintable()
    assert len(text.splitlines()) == 3
    assert text.count("cust-1") == 2


def test_a_flood_is_cut() -> None:
    """One value cannot flood the log."""
    assert len(said(line(detail="a" * 100_000))) < 5000


@pytest.mark.parametrize(
    ("level", "verdicts"),
    [("info", ["applied", "retry"]), ("warning", ["retry"]), ("error", [])],
)
@pytest.mark.parametrize("form", ["json", "text"])
def test_level_holds(level: str, verdicts: list[str], form: Format) -> None:
    """Below the level nothing is said."""
    text = said(line(), line(verdict="retry"), level=level, form=form)

    assert [word for word in ("applied", "retry") if word in text] == verdicts


def test_log_that_cannot_be_written_stops_nothing() -> None:
    """A closed stream loses the lines, not the worker."""
    stream = io.StringIO()
    configure("info", "json", stream=stream)
    stream.close()

    Attempts("delivery").say([line()])


def test_before_the_log_is_set_up_lines_are_said_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever uses a room alone, as tests do, sees its lines."""
    Attempts("delivery").say([line()])

    assert "cust-1" in capsys.readouterr().out
