"""What is not sent for a reason of ours costs no event anything. Real engine and gate, virtual time."""

import asyncio
import random
from datetime import datetime
from typing import Any

import pytest

from tests.delivery.world import Happening, Run, Temper, World
from worker.delivery.connection import Connection
from worker.journal.journal import Journal
from worker.journal.rows import Mark
from worker.sending.quota import Quota
from worker.targets.base import Exchange

pytestmark = pytest.mark.looptime

STALL = 45.0  # seconds; longer than a slot whose call is written down may be kept


class Stalled(Run):
    """A worker whose journal takes long to write the first marks."""

    async def _start(self, journal: Journal, *rest: Any) -> Connection:
        commit, loop = journal.commit, asyncio.get_running_loop()

        def stalled(*changes: Any) -> "asyncio.Future[None]":
            if not any(isinstance(change, Mark) for change in changes):
                return commit(*changes)
            journal.commit = commit  # type: ignore[method-assign]  # the journal is slow once
            written = loop.create_future()
            loop.call_later(STALL, lambda: commit(*changes).add_done_callback(lambda _: written.set_result(None)))
            return written

        journal.commit = stalled  # type: ignore[method-assign]  # as above
        return await Run._start(self, journal, *rest)


class Unsure(Run):
    """A worker that is not sure at the last moment, for its first calls, whether the connection is still its own."""

    async def _start(self, journal: Journal, *rest: Any) -> Connection:
        connection = await Run._start(self, journal, *rest)
        answers = iter([False] * 6)
        connection.gate.entitled = lambda: next(answers, True)
        return connection


class Guarded(World):
    """A vendor that wants a session first."""

    session_at: float | None = None

    def exchange(self, now: datetime) -> Exchange | None:
        return None if self.session_at is not None else self._log_in(now)

    def _log_in(self, now: datetime) -> Exchange:
        yield self.request([self.probe()], now)
        self.session_at = asyncio.get_running_loop().time()


@pytest.mark.parametrize("kind", [Stalled, Unsure])
@pytest.mark.parametrize("batch", [1, 8])
async def test_nothing_is_counted_while_nothing_is_sent(kind: type[Run], batch: int) -> None:
    """No attempt is lost, no event is buried, and each create is made once."""
    world = World(Temper(), random.Random(1), batch)
    history = [Happening("created", f"s{number}", {"customer_number": f"{number}"}) for number in range(4)]
    run = kind(world, history, options={"quotas": (Quota(1000, 10.0),), "max_attempts": 1, "batch": batch})
    await run.play()

    assert run.outcomes == {number: ["created"] for number in range(1, 5)}
    assert set(world.made.values()) == {1}


async def test_log_in_that_is_held_back_is_said_again_at_once() -> None:
    """It closes no connection, as nobody has refused it."""
    began = asyncio.get_running_loop().time()
    world = Guarded(Temper(), random.Random(1))
    run = Unsure(world, [Happening("created", "s", {})])
    await run.play()

    assert run.outcomes == {1: ["created"]}
    assert world.session_at is not None
    assert world.session_at - began < 1.0
