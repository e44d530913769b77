"""What time it is: on the loop, where everything runs, and on the wall, where it is kept."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clocks:
    """The loop's clock in seconds, and the wall's in UTC."""

    now: Callable[[], float]
    wall: Callable[[], datetime]


def clocks(loop: asyncio.AbstractEventLoop, wall: Callable[[], datetime] | None) -> Clocks:
    """Return the clocks of this loop, read at the very moment.

    uvloop's own stands still while callbacks run, so that calls would seem to be written before they are.
    """
    is_uvloop = type(loop).__module__.startswith("uvloop")
    return Clocks(time.monotonic if is_uvloop else loop.time, wall or _utcnow)


def _utcnow() -> datetime:
    return datetime.now(UTC)
