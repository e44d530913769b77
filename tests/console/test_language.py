"""Numbers, times and durations in words."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from worker.console import language

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "—"),
        ("hostile", "—"),
        (0.2, "under 1 s"),
        (1, "1 s"),
        (89, "89 s"),
        (120, "2 min"),
        (5_400, "1.5 h"),
        (7_200, "2 h"),
        (86_400 * 2, "2 days"),
        (86_400 * 40, "40 days"),
        (math.inf, "no end in sight"),
    ],
)
def test_spans(seconds: float | None, said: str) -> None:
    """A duration is told in the unit that suits it."""
    assert language.span(seconds) == said


def test_moments() -> None:
    """A moment is told by how long ago it was, with the exact time for those who want it."""
    assert language.ago(NOW, NOW) == "just now"
    assert language.ago(NOW - timedelta(minutes=5), NOW) == "5 min ago"
    assert language.ago(NOW + timedelta(minutes=5), NOW) == "in 5 min"
    assert language.ago(None, NOW) == "—"
    assert 'datetime="2026-03-02T12:00:00+00:00"' in language.since("2026-03-02T13:00:00+01:00", NOW)
    assert "2026-03-02 12:00:00" in language.stamp("2026-03-02T12:00:00")
    assert language.stamp("<b>") == "—"
    assert language.since(None, NOW) == "—"


def test_words() -> None:
    """Counts have their nouns, thousands are set apart, JSON is laid out and other text left alone."""
    assert language.plural(1, "letter") == "1 letter"
    assert language.plural(12_345, "delivery", "deliveries") == "12\u202f345 deliveries"
    assert language.words("dead_lettered") == "dead lettered"
    assert language.pretty('{"a":1}') == '{\n  "a": 1\n}'
    assert language.pretty("a=1&b=2") == "a=1&b=2"
    assert list(language.order({"planned": 1, "odd": 2, "applied": 3})) == ["applied", "odd", "planned"]


@pytest.mark.parametrize(
    "text",
    ["[" * 300 + "]" * 300, "[" * 250 + "1," * 1_000 + "1" + "]" * 250, "{" * 100, '{"a":1,' + " " * 70_000 + '"b":2}'],
)
def test_json_that_cannot_be_laid_out(text: str) -> None:
    """JSON that would be much longer with its members on lines of their own stays as it is, but for its end."""
    assert language.pretty(text) == text[:65_536]
