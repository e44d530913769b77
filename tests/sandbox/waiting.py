"""Clocks that a test may set, and the only place that waits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from worker.sandbox.clock import Clock


@dataclass(slots=True)
class Hands:
    """The hands of both clocks, moved by the test."""

    monotonic: float = 1_000.0
    wall: float = 1_790_000_000.5

    def move(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.monotonic, lambda: self.wall)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something has happened; a sandbox gives no signal of it."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- there is no event to wait for, on purpose
            await asyncio.sleep(0)
