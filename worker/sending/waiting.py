"""Those who wait for a slot: live traffic first, replays from what it leaves."""

import asyncio
from collections import deque
from dataclasses import dataclass

from worker.sending.slot import Slot


@dataclass(eq=False, slots=True)
class Waiter:
    """Somebody who waits; `share` None: live traffic, else what part of the slots a replay may claim."""

    future: asyncio.Future[Slot]
    share: float | None = None


class Waiting:
    """Two queues, each in order of arrival."""

    __slots__ = ("_idle", "_live", "_owed")

    def __init__(self) -> None:
        self._live: deque[Waiter] = deque()
        self._idle: deque[Waiter] = deque()
        self._owed = 0.0

    def __bool__(self) -> bool:
        return bool(self._live or self._idle)

    def add(self, waiter: Waiter) -> None:
        self._queue(waiter).append(waiter)

    def drop(self, waiter: Waiter) -> None:
        """Forget one who was cancelled; one who has been served is gone already."""
        queue = self._queue(waiter)
        if waiter in queue:
            queue.remove(waiter)

    def live(self) -> Waiter | None:
        """Return the first of live traffic who still waits."""
        return _first(self._live)

    def idle(self) -> Waiter | None:
        """Return the first replay that still waits."""
        return _first(self._idle)

    def idle_first(self) -> bool:
        """Whether the first replay has a share that live traffic owes it by now."""
        return bool(self._idle) and self._owed >= 1.0

    def take(self, waiter: Waiter) -> None:
        """Serve the first of its queue."""
        self._queue(waiter).popleft()
        if waiter.share is not None:
            self._owed = max(0.0, self._owed - 1.0)
        elif self._idle:
            share = min(self._idle[0].share or 0.0, 0.99)
            self._owed = min(self._owed + share / (1.0 - share), 1.0) if share else 0.0

    def _queue(self, waiter: Waiter) -> deque[Waiter]:
        return self._live if waiter.share is None else self._idle


def _first(queue: deque[Waiter]) -> Waiter | None:
    """Return the first; one that is cancelled may not have left by itself yet."""
    while queue and queue[0].future.done():
        queue.popleft()
    return queue[0] if queue else None
