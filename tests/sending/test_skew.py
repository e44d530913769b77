"""Our clock against a vendor's."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.sending.skew import skew
from worker.sending.wire import Response

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        ("Mon, 02 Mar 2026 11:55:00 GMT", 300.0),
        ("Mon, 02 Mar 2026 12:05:00 -0000", -300.0),
        ("Mon, 02 Mar 2026 13:00:00 +0100", 0.0),
        ("yesterday", None),
        ("", None),
        ("Mon, 99 Mar 2026 99:00:00 GMT", None),
    ],
)
def test_skew(date: str, ahead: float | None) -> None:
    """The difference is told with its sign; an answer without a readable time tells nothing."""
    assert skew(Response(200, {"date": date}), NOON) == ahead


@given(
    st.text(max_size=40)
    | st.from_regex(r"(Mon, )?[0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,5} [0-9]{2}:[0-9]{2}(:[0-9]{2})? [+-]?[0-9A-Z]{1,5}")
)
def test_any_date(text: str) -> None:
    """Whatever stands there, it is a difference or none."""
    ahead = skew(Response(200, {"date": text}), NOON)

    assert ahead is None or abs(ahead) < 1e12
