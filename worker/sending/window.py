"""An exact sliding window: the moments at which calls reached a vendor."""

import math
from bisect import insort
from collections import deque
from collections.abc import Iterable
from heapq import merge
from itertools import islice

from worker.sending.quota import Quota
from worker.sending.slot import Fate

# What a window is stretched by: clocks that count in milliseconds, and clocks that drift apart.
GRAIN = 0.001
DRIFT = 1e-4

# Answers that must be in before the fastest of them say how long the way back is at least (design.md 5.5).
ENOUGH_ANSWERS = 100
# How many of the fastest are looked at: one call's way back and another's way out may both be shorter than those
# of the fastest answer were, by about as much as the fastest differ among themselves.
FASTEST = 8


def span(quota: Quota) -> float:
    """Return for how many seconds a call counts."""
    return quota.seconds * (1 + DRIFT) + GRAIN


class WayBack:
    """How long an answer is under way at least: zero until that is known, and always when `strict`."""

    __slots__ = ("_answers", "_fastest", "_strict", "seconds")

    def __init__(self, *, strict: bool) -> None:
        self.seconds = 0.0
        self._strict = strict
        self._answers = 0
        self._fastest: list[float] = []

    def learn(self, latency: float) -> None:
        """Note an answer."""
        self._answers += 1
        fastest = self._fastest
        if len(fastest) < FASTEST or latency < fastest[-1]:
            insort(fastest, latency)
            del fastest[FASTEST:]
        if self._answers >= ENOUGH_ANSWERS and not self._strict:
            self.seconds = max(0.0, 2 * fastest[0] - fastest[-1])


class Window:
    """Calls of one quota: those in the window, and those under way, which stay in it until they are over.

    A call's moment is the latest at which it can have arrived: that of its answer less the way back, or that at
    which it was given up.
    """

    __slots__ = ("_answers", "_back", "_others", "_span", "quota", "under_way")

    def __init__(self, quota: Quota, back: WayBack, moments: Iterable[float] = ()) -> None:
        self.quota = quota
        self.under_way = 0
        self._back = back
        self._span = span(quota)
        self._answers: deque[float] = deque()
        self._others = deque(moments)

    def load(self, moments: Iterable[float]) -> None:
        """Begin with these moments, in order."""
        self._others = deque(moments)

    def leave(self, now: float, fate: Fate) -> None:
        """Give a call its moment."""
        self.under_way -= 1
        if fate == "answered":
            self._answers.append(now)
        elif fate == "lost":
            self._others.append(now)

    def used(self, now: float) -> int:
        """Return how many calls the window holds."""
        answers, others = self._answers, self._others
        edge = now - self._span
        while answers and answers[0] - self._back.seconds <= edge:
            answers.popleft()
        while others and others[0] <= edge:
            others.popleft()
        return len(answers) + len(others) + self.under_way

    def opens_at(self, now: float) -> float:
        """Return when one more call fits: at most `now`, or later; infinity when an answer must come first."""
        over = self.used(now) - self.quota.calls
        return now if over < 0 else self._leaves_at(over)

    def after(self, now: float, calls: int) -> float:
        """Return when the last of so many further calls can go, if each is answered at once."""
        over = self.used(now) - self.quota.calls
        turns, place = divmod(calls - 1, self.quota.calls)
        first = self._leaves_at(min(over + place, len(self._answers) + len(self._others) - 1))
        return (first if over + place >= 0 and first < math.inf else now) + turns * self._span

    def _leaves_at(self, place: int) -> float:
        """Return when the call at this place leaves the window, counted from the oldest."""
        if place < 0 or place >= len(self._answers) + len(self._others):
            return math.inf
        back = self._back.seconds
        if not self._others:
            return self._answers[place] - back + self._span
        in_order = merge((moment - back for moment in self._answers), self._others)
        return next(islice(in_order, place, None)) + self._span
