"""Intake waits for windows that empty fast, and for no others."""

import asyncio

import orjson
import pytest

from schemas.cloudevent import Event
from tests.delivery.world import BEGINNING, Happening, event_of
from worker.delivery.backpressure import LEAST, Backpressure
from worker.delivery.held import hold
from worker.delivery.lanes import Lanes
from worker.delivery.window import Bounds, Window
from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Received

pytestmark = pytest.mark.looptime

BATCH = 10
LONGEST = BATCH / LEAST
MOMENT = 0.01  # of a look


class Held:
    """A window of some rows, filled and emptied by hand."""

    def __init__(self, journal: Journal, rows: int) -> None:
        self.lanes = Lanes()
        self.window = Window("world", journal, self.lanes, Bounds(rows, 1_000_000), decode=lambda _: event())

    def fill(self, count: int) -> None:
        """Hold so many rows in all."""
        self.lanes.forget()
        for number in range(count):
            self.lanes.add(hold(row(number), event()))


def event() -> Event:
    """Return some event."""
    return event_of(1, Happening("created", "a", {}))


def row(number: int) -> Delivery:
    """Return a waiting row."""
    received = Received("RELATIONS", number, "relation", BEGINNING, (), orjson.dumps(number))
    return Delivery("world", number, "/w", "a", f"e{number}", b"d", "create", received)


async def seconds(backpressure: Backpressure, count: int = BATCH) -> float:
    """Return for how long intake is held."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await backpressure.wait(count)
    return loop.time() - began


@pytest.fixture
async def journal() -> Journal:
    """Return an empty journal."""
    return await Journal.open("sqlite://", inline=True)


async def test_room_for_all_holds_nothing(journal: Journal) -> None:
    """What fits the window comes straight into it."""
    held = Held(journal, rows=30)
    held.fill(20)

    assert await seconds(Backpressure(lambda: [held.window])) == 0


async def test_waits_until_there_is_room(journal: Journal) -> None:
    """A window that empties takes the batch as soon as it fits."""
    held = Held(journal, rows=30)
    held.fill(21)
    asyncio.get_running_loop().call_later(LONGEST / 2, held.fill, 20)

    assert await seconds(Backpressure(lambda: [held.window])) == pytest.approx(LONGEST / 2, abs=MOMENT)


async def test_what_stays_full_is_waited_for_once(journal: Journal) -> None:
    """A quota, a pause or a slow vendor slows intake for no more than a moment."""
    held = Held(journal, rows=30)
    held.fill(30)
    backpressure = Backpressure(lambda: [held.window])

    assert await seconds(backpressure) == pytest.approx(LONGEST, abs=MOMENT)
    assert await seconds(backpressure) == 0


async def test_what_had_room_is_waited_for_again(journal: Journal) -> None:
    """When the pause is over, the processor may be what holds it up."""
    held = Held(journal, rows=30)
    held.fill(30)
    backpressure = Backpressure(lambda: [held.window])
    await backpressure.wait(BATCH)
    held.fill(20)
    await backpressure.wait(BATCH)
    held.fill(30)

    assert await seconds(backpressure) == pytest.approx(LONGEST, abs=MOMENT)


async def test_one_that_stays_full_hides_no_other(journal: Journal) -> None:
    """Each window is waited for by itself."""
    stuck, busy = Held(journal, rows=30), Held(journal, rows=30)
    stuck.fill(30)
    backpressure = Backpressure(lambda: [stuck.window, busy.window])
    await backpressure.wait(BATCH)
    busy.fill(30)
    asyncio.get_running_loop().call_later(LONGEST / 2, busy.fill, 0)

    assert await seconds(backpressure) == pytest.approx(LONGEST / 2, abs=MOMENT)


async def test_a_window_smaller_than_a_batch_has_room_when_it_is_empty(journal: Journal) -> None:
    """Nobody waits for room that can never be."""
    held = Held(journal, rows=3)
    backpressure = Backpressure(lambda: [held.window])

    assert await seconds(backpressure) == 0
    held.fill(1)
    assert await seconds(backpressure) == pytest.approx(LONGEST, abs=MOMENT)
