"""Gates in virtual time, and calls that go through them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from worker.errors import TargetError, UnauthorizedError
from worker.sending.gate import Gate
from worker.sending.pauses import Pause
from worker.sending.quota import Quota
from worker.sending.slot import Slot
from worker.simulation.loop import run

UNAUTHORIZED = UnauthorizedError("the credentials are not accepted")
START = datetime(2026, 9, 1, tzinfo=UTC)


def virtual(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test in virtual time."""

    @wraps(test)
    def inner() -> None:
        run(test())

    return inner


def now() -> float:
    return asyncio.get_running_loop().time()


def wall() -> datetime:
    return START + timedelta(seconds=now())


def opened(
    *quotas: str, in_flight: int = 8, changed: Callable[[Pause | None], None] | None = None, **more: Any
) -> Gate:
    """Return an open gate with these quotas, through which nobody has ever called."""
    limits = [Quota.parse(text) for text in quotas]
    return Gate(limits, in_flight, fresh=True, changed=changed, wall=wall, **more)


async def call(
    gate: Gate, error: TargetError | None = None, relation: str = "r", seconds: float = 0.1, **answer: Any
) -> Slot:
    """Make one call that ends like this."""
    slot = await gate.slot()
    slot.charge()
    await asyncio.sleep(seconds)
    slot.answered(**answer)
    slot.done(error, (relation,))
    return slot


async def waited(task: Awaitable[Any]) -> float:
    """Return how long this takes."""
    began = now()
    await task
    return now() - began
