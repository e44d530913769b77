"""Attempts whose next step waits for a call, and which of them share one."""

from collections import deque
from collections.abc import Iterable
from itertools import count

from worker.delivery.attempt import Attempt
from worker.targets.base import Step

Companions = tuple[str | None, object | None]


class Ready:
    """Steps that may share a call wait in one queue; the queue with the oldest head goes first.

    `replays` are the steps for which live traffic must leave a slot; they never share a call with it.
    """

    def __init__(self, replays: "Ready | None" = None) -> None:
        self.replays = replays
        self._queues: dict[Companions, deque[tuple[int, Attempt]]] = {}
        self._arrivals = count()

    def __bool__(self) -> bool:
        """Say whether any step waits."""
        self._tidy()
        return bool(self._queues)

    def add(self, attempt: Attempt) -> None:
        """Queue the attempt's step behind all that came before; a dropped attempt has none."""
        if attempt.dropped:
            return
        if self.replays is not None and attempt.carrier.is_idle:
            self.replays.add(attempt)
            return
        queue = self._queues.setdefault(companions(attempt), deque())
        queue.append((next(self._arrivals), attempt))

    def __len__(self) -> int:
        """Return how many steps wait."""
        return sum(len(queue) for queue in self._queues.values())

    def clear(self) -> None:
        """Forget all."""
        self._queues.clear()
        if self.replays is not None:
            self.replays.clear()

    def hurry(self, attempt: Attempt) -> None:
        """Let a replay's step that waits for an idle slot go with live traffic."""
        if self.replays is not None and self.replays.drop(attempt):
            self.add(attempt)

    def drop(self, attempt: Attempt) -> bool:
        """Forget an attempt's step; says whether it waited here."""
        for queue in self._queues.values():
            for entry in queue:
                if entry[1] is attempt:
                    queue.remove(entry)
                    return True
        return False

    def pick(self, limit: int) -> list[Attempt]:
        """Take the oldest step and all that may go with it, up to the weight `limit`."""
        self._tidy()
        if not self._queues:
            return []
        oldest = min(self._queues, key=lambda key: self._queues[key][0][0])
        queue = self._queues[oldest]
        load = Load(limit)
        passed = deque[tuple[int, Attempt]]()
        while queue and not load.is_full and len(passed) < limit:
            entry = queue.popleft()
            if not entry[1].dropped and not load.add(entry[1]):
                passed.append(entry)
        queue.extendleft(reversed(passed))
        return load.attempts

    def _tidy(self) -> None:
        for key in list(self._queues):
            queue = self._queues[key]
            while queue and queue[0][1].dropped:
                queue.popleft()
            if not queue:
                del self._queues[key]


class Load:
    """The attempts that one call carries; they differ in every key and their weights fit."""

    def __init__(self, limit: int, attempts: Iterable[Attempt] = ()) -> None:
        self.attempts: list[Attempt] = []
        self._limit = limit
        self._weight = 0
        self._keys: set[str] = set()
        for attempt in attempts:
            self.add(attempt)

    @property
    def is_full(self) -> bool:
        """Whether nothing more can go with it."""
        if not self.attempts:
            return False
        first = self.attempts[0]
        return first.step.batch is None or first.carrier.alone or self._weight >= self._limit

    def add(self, attempt: Attempt) -> bool:
        """Take the attempt in and return True, or return False where it cannot go with the others."""
        step = attempt.step
        if self.attempts and not self._fits(attempt, step):
            return False
        self.attempts.append(attempt)
        self._weight += step.weight
        self._keys |= step.keys
        return True

    def _fits(self, attempt: Attempt, step: Step) -> bool:
        return (
            not self.is_full
            and companions(attempt) == companions(self.attempts[0])
            and not attempt.carrier.alone
            and self._weight + step.weight <= self._limit
            and self._keys.isdisjoint(step.keys)
        )


def companions(attempt: Attempt) -> Companions:
    """Return what a step has in common with those that it may share a call with."""
    return (attempt.step.batch, attempt.half)
