"""Attempts whose next step waits for a call, and which of them share one."""

from collections import deque
from itertools import count

from worker.delivery.attempt import Attempt

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
        if self._queues:
            self._tidy()
        return bool(self._queues)

    def add(self, attempt: Attempt) -> None:
        """Queue the attempt's step behind all that came before; a dropped attempt has none."""
        if attempt.dropped:
            return
        if self.replays is not None and attempt.carrier.is_idle:
            self.replays.add(attempt)
            return
        key = companions(attempt)
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = deque()
        queue.append((next(self._arrivals), attempt))

    def __len__(self) -> int:
        """Return how many steps wait."""
        return sum(map(len, self._queues.values()))

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
        queue = min(self._queues.values(), key=arrival)
        first = queue.popleft()[1]
        if is_enough(first, limit):
            return [first]
        load = Load(limit, first)
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
    """The attempts that one call carries; they differ in every key and their weights fit.

    `is_full`: nothing more can go with it.
    """

    def __init__(self, limit: int, first: Attempt) -> None:
        self.attempts = [first]
        self._limit = limit
        self._weight = first.step.weight
        self._keys = first.step.keys
        self.is_full = is_enough(first, limit)

    def add(self, attempt: Attempt) -> bool:
        """Take a companion in and return True, or return False where it cannot go with the others."""
        step = attempt.step
        weight = self._weight + step.weight
        if weight > self._limit or attempt.carrier.alone or not self._keys.isdisjoint(step.keys):
            return False
        self.attempts.append(attempt)
        self._weight = weight
        self._keys |= step.keys
        self.is_full = weight >= self._limit
        return True


def is_enough(attempt: Attempt, limit: int) -> bool:
    """Say whether one attempt fills a call."""
    return attempt.step.batch is None or attempt.carrier.alone or attempt.step.weight >= limit


def arrival(queue: deque[tuple[int, Attempt]]) -> int:
    """Return when the first of a queue came."""
    return queue[0][0]


def companions(attempt: Attempt) -> Companions:
    """Return what a step has in common with those that it may share a call with."""
    return (attempt.step.batch, attempt.half)
