import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.sandbox.calls import most_in_window
from worker.sandbox.quota import Limiter, Quota, Semantics

ARRIVALS = st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=60)
# The machine may be busy: no promise here is about time.
UNTIMED = settings(deadline=None)


def admitted(limiter: Limiter, gaps: list[float]) -> list[float]:
    now, found = 50.0, []
    for gap in gaps:
        now += gap
        if limiter.admit(now) is None:
            found.append(now)
    return found


@pytest.mark.parametrize(
    ("text", "calls", "seconds"),
    [("2/s", 2, 1), ("50/min", 50, 60), ("15/h", 15, 3600), ("50/2s", 50, 2), ("3/0.5s", 3, 0.5)],
)
def test_quota_is_read(text: str, calls: int, seconds: float) -> None:
    """A quota is written as calls per time, with a number before the unit where one is needed."""
    assert Quota(calls, seconds) == Quota.parse(text)


@pytest.mark.parametrize("text", ["", "2", "0/s", "-1/s", "two/s", "2/parsec"])
def test_quota_that_is_none(text: str) -> None:
    """Anything else is refused in words that say how to write it."""
    with pytest.raises(ValueError, match="write it like"):
        Quota.parse(text)


@UNTIMED
@given(gaps=ARRIVALS, calls=st.integers(1, 7), seconds=st.floats(0.1, 5))
def test_no_sliding_window_is_overfull(gaps: list[float], calls: int, seconds: float) -> None:
    """Whatever arrives, no window of the quota's length holds more than it allows."""
    limiter = Limiter((Quota(calls, seconds),))

    assert most_in_window(admitted(limiter, gaps), seconds) <= calls


@UNTIMED
@given(gaps=ARRIVALS, calls=st.integers(1, 7), seconds=st.floats(0.1, 5))
def test_sliding_refuses_only_what_breaks_the_quota(gaps: list[float], calls: int, seconds: float) -> None:
    """A call is refused only when the window that ends with it is full."""
    limiter, now, taken = Limiter((Quota(calls, seconds),)), 50.0, list[float]()
    for gap in gaps:
        now += gap
        full = sum(now - moment < seconds for moment in taken) >= calls
        assert full is (limiter.admit(now) is not None)
        if not full:
            taken.append(now)


@UNTIMED
@given(gaps=ARRIVALS, calls=st.integers(1, 7), seconds=st.floats(0.1, 5), phase=st.floats(0, 5))
def test_fixed_windows(gaps: list[float], calls: int, seconds: float, phase: float) -> None:
    """With fixed windows no window that begins at the phase is overfull."""
    limiter = Limiter((Quota(calls, seconds),), "fixed", phase=phase)
    windows = [int((moment - phase) // seconds) for moment in admitted(limiter, gaps)]

    assert all(windows.count(window) <= calls for window in windows)


def test_fixed_windows_let_a_double_burst_through() -> None:
    """Two bursts on either side of a border both pass, as with a clock hour."""
    limiter = Limiter((Quota(5, 10),), "fixed", phase=0)

    assert [limiter.admit(moment) for moment in [9.9] * 5 + [10.1] * 5] == [None] * 10


def test_fixed_phase_comes_from_the_seed() -> None:
    """Without a phase the windows begin where the seed says."""

    def wait(seed: int) -> float | None:
        limiter = Limiter((Quota(1, 3600),), "fixed", seed=seed)
        limiter.admit(50)
        return limiter.admit(50)

    assert wait(1) == wait(1) != wait(2)


@UNTIMED
@given(gaps=ARRIVALS, calls=st.integers(1, 7), seconds=st.floats(0.1, 5))
def test_bucket(gaps: list[float], calls: int, seconds: float) -> None:
    """A bucket admits in any time at most its size and what has run in meanwhile."""
    found = admitted(Limiter((Quota(calls, seconds),), "bucket"), gaps)

    for place, first in enumerate(found):
        for count, last in enumerate(found[place:], start=1):
            assert count <= calls + (last - first) * calls / seconds + 1e-6


@pytest.mark.parametrize("semantics", ["sliding", "fixed", "bucket"])
@UNTIMED
@given(gaps=ARRIVALS, calls=st.integers(1, 7), seconds=st.floats(0.1, 5))
def test_who_waits_as_told_is_admitted(semantics: Semantics, gaps: list[float], calls: int, seconds: float) -> None:
    """The seconds that a refusal names are enough."""
    limiter, now = Limiter((Quota(calls, seconds),), semantics, phase=0), 50.0
    for gap in gaps:
        now += gap
        wait = limiter.admit(now)
        if wait is not None:
            now += wait + 1e-6
            assert limiter.admit(now) is None


def test_all_quotas_or_none() -> None:
    """A call that one quota refuses uses up nothing of the others."""
    limiter = Limiter((Quota(1, 1), Quota(3, 100)))

    assert [limiter.admit(moment) is None for moment in (0, 0.1, 0.2, 1, 2, 3)] == [
        True,
        False,
        False,
        True,
        True,
        False,
    ]


def test_refused_calls_can_count() -> None:
    """With `count_refused` who keeps knocking stays out."""
    limiter = Limiter((Quota(1, 1),), count_refused=True)

    assert [limiter.admit(moment) is None for moment in (0, 0.6, 1.2, 2.3)] == [True, False, False, True]


def test_tightest() -> None:
    """The quota with the fewest calls left is what the headers speak of."""
    limiter = Limiter((Quota(5, 1), Quota(6, 60)))
    for _ in range(4):
        limiter.admit(10.0)
    limiter.admit(11.5)

    assert (Quota(6, 60), 1) == limiter.tightest(11.5)[:2]


def test_most_in_window_is_half_open() -> None:
    """Two moments just the window apart do not lie in one."""
    assert [most_in_window([0.0, 1.0, 2.0], seconds) for seconds in (1.0, 1.1, 2.5)] == [1, 2, 3]
    assert most_in_window([], 1.0) == 0
