"""The promise that counting for people takes little of the time."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.journal.makers import at, delivery
from worker.journal.backlog import Arrived, Counter
from worker.journal.journal import Journal

MINUTES = timedelta(minutes=5)


@dataclass(slots=True)
class Stopwatch:
    """A clock that goes on by one step between any two looks, so that each question takes one."""

    step: float
    at: float = 0.0

    def __call__(self) -> float:
        self.at += self.step
        return self.at


@pytest.mark.parametrize("journal", ["inline"], indirect=True)
async def test_dear_looks_at_what_arrived_are_seldom(journal: Journal) -> None:
    """What arrived is looked at anew only when all looks together take a hundredth of the time."""
    stopwatch = Stopwatch(0.1)
    counter = Counter(journal._desk, stopwatch)
    await journal.take([delivery(1), delivery(2), delivery(3, "other")])
    assert await counter.arrived("acme", at(60), MINUTES) == Arrived(2, 60.0)
    assert await counter.arrived("other", at(60), MINUTES) == Arrived(1, 60.0)
    await journal.take([delivery(4), delivery(5, "other")])

    stopwatch.at += 5.0
    assert await counter.arrived("acme", at(65), MINUTES) == Arrived(2, 60.0)
    stopwatch.at += 6.0
    assert await counter.arrived("acme", at(71), MINUTES) == Arrived(3, 71.0)
    assert await counter.arrived("other", at(71), MINUTES) == Arrived(1, 60.0)
    stopwatch.at += 10.0
    assert await counter.arrived("acme", at(81), MINUTES) == Arrived(3, 71.0)
    assert await counter.arrived("other", at(81), MINUTES) == Arrived(2, 81.0)


@pytest.mark.parametrize("journal", ["inline"], indirect=True)
async def test_cheap_looks_at_what_arrived_are_always_new(journal: Journal) -> None:
    """What costs next to nothing is looked at each time."""
    counter = Counter(journal._desk, Stopwatch(0.001))
    for number in (1, 2, 3):
        await journal.take([delivery(number)])
        assert await counter.arrived("acme", at(number), MINUTES) == Arrived(number, float(number))


async def test_what_arrived_is_bounded_in_time(journal: Journal) -> None:
    """Only what came within the time asked for counts, on each database."""
    counter = Counter(journal._desk, Stopwatch(0.001))
    await journal.take([delivery(1)])

    assert await counter.arrived("acme", at(299), MINUTES) == Arrived(1, 299.0)
    assert await counter.arrived("acme", at(301), MINUTES) == Arrived(0, 0.0)
    assert await counter.arrived("other", at(1), MINUTES) == Arrived(0, 0.0)
