"""An exact sliding window: the moments at which calls reached a vendor."""

import math
from bisect import insort
from collections import deque
from collections.abc import Iterable

from worker.sending.quota import Quota

# What a window is stretched by: clocks that count in milliseconds, and clocks that drift apart.
GRAIN = 0.001
DRIFT = 1e-4

# Answers that must be in before the fastest of them says how long a way back at least is (design.md 5.5).
ENOUGH_ANSWERS = 100
# How many of the fastest are looked at: one call's way back and another's way out may both be shorter than those
# of the fastest answer were, by about as much as the fastest differ among themselves.
FASTEST = 8


class Arrival:
    """The latest moment at which a call can have reached the vendor.

    That is written + latency - the shortest latency there can be, and so the answer's moment less that. Moments
    never run backwards, so that a log of them is in order without sorting.
    """

    __slots__ = ("_answers", "_fastest", "_last", "_strict", "shortest")

    def __init__(self, *, strict: bool) -> None:
        self.shortest = 0.0
        self._strict = strict
        self._answers = 0
        self._fastest: list[float] = []
        self._last = -math.inf

    def answered(self, now: float, latency: float) -> float:
        """Return the moment of a call that has been answered now."""
        self._answers += 1
        fastest = self._fastest
        if len(fastest) < FASTEST or latency < fastest[-1]:
            insort(fastest, latency)
            del fastest[FASTEST:]
        if self._answers >= ENOUGH_ANSWERS and not self._strict:
            self.shortest = max(0.0, 2 * fastest[0] - fastest[-1])
        return self.lost(now - self.shortest)

    def lost(self, now: float) -> float:
        """Return the moment of a call that has been given up now: until now it can have arrived."""
        self._last = max(self._last, now)
        return self._last


class Window:
    """Calls of one quota: those in the window, and those under way, which stay in it until they are over."""

    __slots__ = ("_log", "_span", "quota", "under_way")

    def __init__(self, quota: Quota, moments: Iterable[float] = ()) -> None:
        self.quota = quota
        self.under_way = 0
        self._span = quota.seconds * (1 + DRIFT) + GRAIN
        self._log = deque(moments)

    def load(self, moments: Iterable[float]) -> None:
        """Begin with these moments, in order."""
        self._log = deque(moments)

    def enter(self) -> None:
        self.under_way += 1

    def leave(self, moment: float | None) -> None:
        """End a call; None: it never reached the vendor."""
        self.under_way -= 1
        if moment is not None:
            self._log.append(moment)

    def used(self, now: float) -> int:
        """Return how many calls the window holds."""
        log, edge = self._log, now - self._span
        while log and log[0] <= edge:
            log.popleft()
        return len(log) + self.under_way

    def opens_at(self, now: float) -> float:
        """Return when one more call fits: at most `now`, or later; infinity when an answer must come first."""
        over = self.used(now) - self.quota.calls
        if over < 0:
            return now
        return self._log[over] + self._span if over < len(self._log) else math.inf

    def after(self, now: float, calls: int) -> float:
        """Return when the last of so many further calls can go, if each is answered at once."""
        used = self.used(now)
        turns, place = divmod(calls - 1, self.quota.calls)
        freed = place - max(self.quota.calls - used, 0)
        freed = min(freed + max(used - self.quota.calls, 0), len(self._log) - 1)
        first = now if freed < 0 else self._log[freed] + self._span
        return max(first, now) + turns * self._span
