from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.sending.hints import NAMES, NONE, Hint, read

NOW = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)
DAY = 86_400.0


def hint(status: int, **headers: str) -> Hint:
    return read(status, {name.replace("_", "-"): value for name, value in headers.items()}, lambda: NOW)


def http_date(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("86400", DAY),
        ("999999999", DAY),
        (http_date(90), 90.0),
        (http_date(10 * DAY), DAY),
    ],
)
def test_reads_every_form_of_retry_after(text: str, seconds: float) -> None:
    """Seconds and dates count, for a day at most."""
    assert Hint(seconds, 0, asked=True) == hint(429, retry_after=text)


@pytest.mark.parametrize("text", ["0", http_date(-90)])
def test_a_wait_that_is_over_is_none(text: str) -> None:
    """Zero and the past say nothing about when to come again, and are no junk."""
    assert hint(429, retry_after=text) == NONE


@pytest.mark.parametrize("text", ["-1", "soon", "", "1e3", "12 13", "nan", "Mon, 99 Foo 2026", "9" * 400, "٣"])
def test_counts_junk_and_goes_on(text: str) -> None:
    """What cannot be read is counted, and the next form is asked."""
    assert Hint(junk=1) == hint(429, retry_after=text)
    assert Hint(30.0, 0, junk=1) == hint(429, retry_after=text, ratelimit='"d";r=0;t=30')


def test_reads_dates_against_the_clock_of_the_answer() -> None:
    """A vendor whose clock is an hour off means seconds, not hours."""
    assert Hint(60.0, 0, asked=True) == hint(503, retry_after=http_date(3660), date=http_date(3600))


def test_retry_after_speaks_of_us_on_refusals_only() -> None:
    """On a 202 it says when the result will be there."""
    assert hint(202, retry_after="120") == NONE


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"ratelimit": '"default";r=50;t=30'}, Hint(30.0, 50)),
        ({"ratelimit": '"a";r=9;t=1, "b";r=0;t=600'}, Hint(600.0, 0)),
        ({"ratelimit": '"a";r=3', "ratelimit-policy": '"a";q=10;w=60'}, Hint(60.0, 3)),
        ({"ratelimit": "limit=100, remaining=4, reset=50"}, Hint(50.0, 4)),
        ({"ratelimit-limit": "10", "ratelimit-remaining": "3", "ratelimit-reset": "7"}, Hint(7.0, 3)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "40"}, Hint(40.0, 0)),
        ({"x-rate-limit-remaining": "2", "x-rate-limit-reset": str(int(NOW.timestamp()) + 25)}, Hint(25.0, 2)),
        ({"x-ratelimit-remaining": "2", "x-ratelimit-reset": f"{int(NOW.timestamp()) + 25}000"}, Hint(25.0, 2)),
        ({"x-ratelimit-remaining": "2", "x-ratelimit-reset": "1000000000"}, Hint(0.0, 2)),
        ({"ratelimit": '"a";r=3', "ratelimit-policy": "((("}, Hint(junk=1)),
        ({"ratelimit": '"a";r=-3;t=1'}, Hint(junk=1)),
        ({"ratelimit": '"a";r="x";t=1'}, Hint(junk=1)),
        ({"ratelimit": "(("}, Hint(junk=1)),
        ({"x-ratelimit-remaining": "-2", "x-ratelimit-reset": "30"}, Hint(junk=1)),
        ({"x-ratelimit-remaining": "5"}, NONE),
        ({"content-type": "text/plain"}, NONE),
    ],
)
def test_reads_the_old_and_the_new_quota_headers(headers: dict[str, str], expected: Hint) -> None:
    """Draft 10, the drafts before it, and what vendors made up; seconds or moments."""
    assert expected == read(200, headers, lambda: NOW)


@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from([*sorted(NAMES), "date"]),
        st.one_of(
            st.text(max_size=60),
            st.integers().map(str),
            st.from_regex(r'"[a-z]{1,3}";[rtqw]=-?[0-9]{1,20}(, ?"[a-z]";r=[0-9];t=[0-9]{1,4})?', fullmatch=True),
            st.datetimes().map(lambda moment: format_datetime(moment.replace(tzinfo=UTC), usegmt=True)),
        ),
    ),
)
def test_never_stumbles_over_what_a_vendor_sends(status: int, headers: dict[str, str]) -> None:
    """Any headers give a hint between nothing and a day."""
    found = read(status, headers, lambda: NOW)

    assert 0.0 <= found.seconds <= DAY
    assert found.remaining is None or found.remaining >= 0
