"""Sessions that the vendor refuses, and probes with odd answers. Real engine, virtual time."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from tests.delivery.world import Happening, Run, Temper, World
from worker.errors import ClockError, RepeatError, TargetError, UnauthorizedError, UnknownOutcomeError
from worker.sending.quota import Quota
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response
from worker.targets.base import Exchange, Step

pytestmark = pytest.mark.looptime

WRONG = 100.0  # seconds for which nothing that we sign is accepted


class Doubting(World):
    """A vendor that takes every session for stale for a while; `alone`: it says so of each step, not of the call."""

    def __init__(self, otherwise: type[UnauthorizedError], *, alone: bool, batch: int) -> None:
        super().__init__(Temper(), random.Random(1), batch)
        self.otherwise = otherwise
        self.alone = alone
        self.renewed = 0
        self.until = asyncio.get_running_loop().time() + WRONG

    def forget_session(self) -> None:
        self.renewed += 1

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        if asyncio.get_running_loop().time() > self.until:
            return super().read(steps, response)
        error: TargetError = RepeatError(self.otherwise("not accepted"))
        if self.alone:
            return [error for _ in steps]
        raise error


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize(("otherwise", "most"), [(ClockError, 16), (UnauthorizedError, 10)])
async def test_session_that_is_refused_again_closes_the_connection(
    otherwise: type[UnauthorizedError], most: int, batch: int, *, alone: bool
) -> None:
    """It is renewed and asked once more, then only probes go out, a clock's more often; nothing is buried."""
    world = Doubting(otherwise, alone=alone, batch=batch)
    history = [Happening("updated", "one", {"note": "x"}), Happening("updated", "two", {"note": "y"}, at=1.0)]
    run = Run(world, history, options={"batch": batch, "in_flight": 1})

    await run.play()

    assert run.outcomes == {1: ["updated"], 2: ["updated"]}
    assert world.calls <= most
    assert world.renewed >= 1


class Odd(Doubting):
    """A vendor whose first answers to probes are none that anybody expects."""

    probed = 0

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        if asyncio.get_running_loop().time() < self.until and steps[0].body[1] == "":
            self.probed += 1
            raise KeyError("what nobody expects")
        return super().read(steps, response)


async def test_odd_answer_to_a_probe_ends_nothing() -> None:
    """The connection stays closed, and is probed again until the answer makes sense."""
    world = Odd(ClockError, alone=False, batch=1)
    run = Run(world, [Happening("updated", "one", {"note": "x"})], options={"in_flight": 1})

    await run.play()

    assert run.outcomes == {1: ["updated"]}
    assert world.probed >= 2


class Slow(World):
    """A vendor with which a session is opened first, and that takes its time for it."""

    is_open = False
    answered = 0

    def exchange(self, now: datetime) -> Exchange | None:  # noqa: ARG002 -- the protocol's
        return None if self.is_open else self._log_in()

    def _log_in(self) -> Exchange:
        yield Request("POST", "https://world.invalid/login", body=b"[]")
        self.is_open = True

    async def send(self, request: Request, slot: Slot) -> Response:
        if request.url.endswith("/login"):
            await asyncio.sleep(5.0)
            self.answered += 1
        return await super().send(request, slot)


async def test_log_in_that_is_under_way_is_finished_by_a_stop() -> None:
    """A stop in good order cuts no request off: it waits for the answer, and starts nothing with the session."""
    world = Slow(Temper(), random.Random(1))
    run = Run(world, [Happening("updated", "one", {"note": "x"})])
    playing = asyncio.create_task(run.play())
    await asyncio.sleep(2.0)

    assert await run.connections[-1].stop(10.0)
    assert (world.answered, world.calls, run.outcomes) == (1, 1, {})
    playing.cancel()


class Silent(World):
    """A vendor that takes requests for a session and never answers one."""

    def exchange(self, now: datetime) -> Exchange | None:  # noqa: ARG002 -- the protocol's
        return self._log_in()

    def _log_in(self) -> Exchange:
        yield Request("POST", "https://world.invalid/login", body=b"[]")

    async def send(self, request: Request, slot: Slot) -> Response:  # noqa: ARG002 -- the protocol's
        slot.charge()
        self.calls += 1
        await asyncio.sleep(0.02)
        slot.lost()
        raise UnknownOutcomeError("nobody answered")


async def test_log_in_without_an_answer_is_an_outage() -> None:
    """It is probed at growing intervals, not repeated as fast as the quota allows."""
    world = Silent(Temper(), random.Random(1))
    run = Run(world, [Happening("updated", "one", {})], options={"quotas": (Quota(8, 1.0),)})
    playing = asyncio.create_task(run.play())
    await asyncio.sleep(600)
    pause = run.connections[0].gate.paused
    playing.cancel()

    assert world.calls < 60
    assert pause is not None
