"""What went through, minute by minute."""

from dataclasses import dataclass

import pytest

from worker.console import picture
from worker.console.flow import MINUTES, Flow


@dataclass
class Clock:
    """A clock that a test turns."""

    now: float = 120.0

    def __call__(self) -> float:
        return self.now


def test_last_hour_is_kept_and_no_more() -> None:
    """Each minute has its count; after an hour it is forgotten."""
    clock = Clock()
    flow = Flow(clock)
    flow.count("acme", "applied", 3)
    clock.now += 60
    flow.count("acme", "dead_lettered")

    assert [minute.settled for minute in flow.hour("acme")][-2:] == [3, 1]
    assert len(flow.hour("acme")) == MINUTES
    clock.now += 60 * (MINUTES - 2)
    assert sum(minute.settled for minute in flow.hour("acme")) == 4
    clock.now += 60
    assert sum(minute.settled for minute in flow.hour("acme")) == 1
    clock.now += 60 * MINUTES * 3
    assert sum(minute.settled for minute in flow.hour("acme")) == 0
    assert sum(minute.settled for minute in flow.hour("nobody")) == 0


def test_rates_are_of_the_last_minutes() -> None:
    """Inflow and outflow are told a minute, and a first handful is no flood."""
    clock = Clock()
    flow = Flow(clock)
    flow.count("acme", "taken", 10)
    assert flow.rates("acme") == (10.0, 0.0)
    clock.now += 240
    flow.count("acme", "applied", 20)
    taken, settled = flow.rates("acme")
    assert (taken, settled) == pytest.approx((2.5, 5.0))


def test_pictures_speak() -> None:
    """Pictures say in words what they show, and draw nothing where there is nothing."""
    clock = Clock()
    flow = Flow(clock)
    assert "0 deliveries settled" in picture.hour(flow.hour("acme"))
    assert "<rect" not in picture.hour(flow.hour("acme"))
    flow.count("acme", "applied", 999)
    flow.count("acme", "dead_lettered")
    drawn = picture.hour(flow.hour("acme"))
    assert "1,000 deliveries settled" in drawn
    assert drawn.count("<rect") == 2
    assert 'class="bar full"' in picture.bar(1.2, "all")
    assert 'aria-label="&lt;b&gt;"' in picture.bar(0.5, "<b>")
    assert picture.stack({}, 0, "none").count("<rect") == 1
