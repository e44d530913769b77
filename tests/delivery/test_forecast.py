"""When a backlog will be done, and whether it grows."""

import math

import pytest

from worker.delivery.forecast import Pace, drained_in, most_a_second, outlook, told
from worker.sending.gate import Gate
from worker.sending.quota import Quota

SLOW, FAST = Quota.parse("15/h"), Quota.parse("2/s")


@pytest.mark.parametrize(
    ("waiting", "batch", "seconds"), [(0, 1, 0.0), (15, 1, 0.0), (16, 1, 3600.0), (45, 1, 7200.0), (45, 3, 0.0)]
)
def test_backlog_takes_whole_windows(waiting: int, batch: int, seconds: float) -> None:
    """The slowest quota decides; what fits into one window takes none of its length."""
    assert drained_in(waiting, (FAST, SLOW), batch) == max(seconds, (math.ceil(waiting / batch / 2) - 1) * 1.0, 0.0)


def test_inflow_is_what_ended_and_what_came_to_wait() -> None:
    """More than the quota for longer than a minute is an excess; a short burst and a small backlog are not."""
    most = most_a_second((FAST, SLOW), batch=1)
    pace = Pace()
    for second in range(0, 400, 20):
        pace.note(float(second), waiting=second // 2, settled=second // 4)
        assert pace.exceeds(most) == (second >= 60)
    assert pace.inflow == pytest.approx(0.75, rel=0.05)
    assert most == pytest.approx(15 / 3600)
    assert pace.outflow == pytest.approx(0.25, rel=0.05)
    assert len(pace.moments) <= 17

    few = Pace()
    assert (few.inflow, few.outflow) == (0.0, 0.0)
    few.note(0.0, 0, 0)
    few.note(120.0, 10, 0)
    assert not few.exceeds(most)


def test_what_refusals_taught_bounds_the_pace() -> None:
    """No more goes out than the slowest quota allows, or than the vendor has let us learn, if that is less."""
    assert most_a_second((FAST,), batch=10) == 20.0
    assert most_a_second((FAST,), batch=10, learned=0.5) == 5.0
    assert most_a_second((), batch=1) == math.inf


@pytest.mark.looptime
async def test_every_face_reckons_alike() -> None:
    """What waits takes what the gate says, or as long as it takes at the pace of late; no end while it is paused."""
    gate = Gate([Quota(10, 60.0)], 4, fresh=True)
    best = gate.forecast(100)
    assert outlook(gate, 100, 1, 0.0) == best
    assert outlook(gate, 1000, 10, 100.0) == best
    assert outlook(gate, 100, 1, 0.05) == 2000.0 > best
    assert outlook(gate, 10, 1, 0.001) == gate.forecast(10)
    gate.pause(None, "a look", "ann")
    assert outlook(gate, 100, 1, 0.05) == math.inf
    assert outlook(gate, 0, 1, 0.05) == 0.0
    gate.close()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (90.0, "90 s"), (600.0, "10 min"), (7200.0, "2 hours"), (400_000.0, "5 days")],
)
def test_lengths_are_told_in_fitting_units(seconds: float, text: str) -> None:
    """A person reads seconds, minutes, hours or days, whatever suits."""
    assert told(seconds) == text


def test_no_end_is_told_as_such() -> None:
    """A pause that nobody has limited gives no number."""
    assert "paused" in told(math.inf)
