"""Pauses, probes and slow reads of the journal: nothing is loaded twice, nothing is lost. Real engine, virtual time."""

import asyncio
import random
from itertools import count
from typing import Any

import pytest

from tests.delivery.world import Happening, Run, Temper, World
from worker.sending.quota import Quota
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response

pytestmark = pytest.mark.looptime

FOUR = [Happening("created", subject, {}) for subject in "abcd"]


class Slow(Run):
    """A history that is taken at once, into a journal that reads slowly."""

    async def offer(self, journal: Any, connection: Any) -> None:
        """Take all events in one batch."""
        rows = [self.row(number) for number in range(1, len(self.history) + 1)]
        await journal.take([row for row, _ in rows])
        connection().offer(rows)


def slowed(read: Any, seconds: float, *, once: bool = False, asked: asyncio.Event | None = None) -> Any:
    """Return a reading of the journal that takes so long."""
    reads = count()

    async def slow(*given: Any) -> Any:
        is_first = next(reads) == 0
        if asked is not None:
            asked.set()
        answer = await read(*given)
        if is_first or not once:
            await asyncio.sleep(seconds)
        return answer

    return slow


class PausedWhileItIsKnown(Slow):
    """The gate closes while the journal is asked what is known."""

    async def _emit(self, journal: Any, connection: Any) -> None:
        journal.known = slowed(journal.known, 1.5, once=True)
        await self.offer(journal, connection)
        await asyncio.sleep(0.01)
        connection().gate.pause(3.0, "Retry-After", "hint")
        await asyncio.sleep(20.0)


class PausedTwice(Slow):
    """The first of two pauses is over when the second begins, and its end is looked at while the second lasts."""

    async def _emit(self, journal: Any, connection: Any) -> None:
        journal.known = slowed(journal.known, 0.03)
        connection().gate.pause(0.5, "one", "vendor")
        await asyncio.sleep(0.98)
        await self.offer(journal, connection)
        await asyncio.sleep(0.01)
        connection().gate.pause(2.0, "two", "vendor")
        await asyncio.sleep(20.0)


@pytest.mark.parametrize("kind", [PausedWhileItIsKnown, PausedTwice])
async def test_a_pause_that_begins_during_a_load_has_nothing_brought_twice(kind: type[Slow]) -> None:
    """What is being loaded is not forgotten meanwhile."""
    world = World(Temper(), random.Random(1))
    run = kind(world, FOUR)
    await run.play()

    assert world.made == dict.fromkeys("abcd", 1)
    assert all(len(notes) == 1 for notes in run.outcomes.values())


class PausedWhileItReadsOn(Slow):
    """The gate closes while the window reads on, with two of six events held."""

    async def _emit(self, journal: Any, connection: Any) -> None:
        rows = [self.row(number) for number in range(1, len(self.history) + 1)]
        await journal.take([row for row, _ in rows])
        connection().offer(rows[:2])
        await asyncio.sleep(0.001)
        journal.waiting = slowed(journal.waiting, 1.5, once=True)
        connection().engine.stir()
        await asyncio.sleep(0.005)
        connection().gate.pause(3.0, "Retry-After", "hint")
        await asyncio.sleep(60.0)


async def test_a_pause_that_begins_while_the_window_reads_on_loses_nothing() -> None:
    """All that waits is brought when the pause is over."""
    world = World(Temper(), random.Random(1))
    words = [Happening("created", subject, {}) for subject in "abcdef"]
    run = PausedWhileItReadsOn(world, words, options={"quotas": (Quota(1, 10.0),), "in_flight": 1})
    await run.play()

    assert world.made == dict.fromkeys("abcdef", 1)


class Down(World):
    """A vendor that is away at first."""

    down = True

    async def send(self, request: Request, slot: Slot) -> Response:
        if not self.down:
            return await super().send(request, slot)
        slot.charge()
        await asyncio.sleep(0.02)
        slot.answered(500, {})
        return Response(500, {}, b"", 0.02)


class Resumed(Slow):
    """A person resumes while the probe of an outage reads the window."""

    async def _emit(self, journal: Any, connection: Any) -> None:
        await self.offer(journal, connection)
        while connection().gate.paused is None:  # noqa: ASYNC110 -- the gate tells its connection only
            await asyncio.sleep(0.01)
        self.world.down = False  # type: ignore[attr-defined] # it is one that can be
        await asyncio.sleep(1.2)
        asked = asyncio.Event()
        journal.waiting = slowed(journal.waiting, 0.01, asked=asked)
        await asked.wait()
        connection().gate.resume("alice")
        await asyncio.sleep(20.0)


async def test_who_resumes_during_a_probe_starts_no_second_load() -> None:
    """Each event is held once, and told once."""
    run = Resumed(
        Down(Temper(), random.Random(1)), [Happening("updated", subject, {"note": "x"}) for subject in "abcdef"]
    )
    await run.play()

    assert all(notes == ["updated"] for notes in run.outcomes.values())
