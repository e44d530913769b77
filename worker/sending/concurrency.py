"""How many calls may be in flight: additive increase, multiplicative decrease."""

import math

from worker.sending.latency import Latency

REFUSED = 0.7
# After a collapse of latency: by as much as it is too long, within these bounds.
COLLAPSED = (0.5, 0.9)
# A limit at which calls have been refused before is come back to ever more slowly.
NEAR = 0.2
MOST_CAUTION = 1024.0


class Concurrency:
    """The adaptive limit of one connection, between one and its ceiling.

    It starts at the ceiling, shrinks at most once in a call's time, and grows only while it is what limits: by
    one for as many good answers as it has room for, after a pause by one for each up to what was good before.
    `limit` is how many calls may be in flight now: one while it is measured how long a call takes that is alone.
    """

    __slots__ = ("_bad", "_caution", "_cut_at", "_latency", "_limit", "_threshold", "ceiling", "limit")

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self.limit = ceiling
        self._limit = float(ceiling)
        self._threshold = float(ceiling)
        self._latency = Latency()
        self._cut_at = -math.inf
        self._bad = math.inf
        self._caution = 1.0

    def ok(self, now: float, sent: float, latency: float, *, beside: int) -> None:
        """Note a good answer to a call that was handed out beside so many others."""
        full = beside + 1 >= self.limit
        self._latency.learn(now, latency, alone=beside == 0)
        if full and self._limit >= 2.0 and self._latency.stale(now):  # noqa: PLR2004 -- more than one
            self.limit = 1
            return
        excess = self._latency.excess()
        if excess > 1.0:
            least, most = COLLAPSED
            self._cut(now, sent, min(max(1.0 / excess, least), most))
        elif full:
            self._grow()
        self.limit = int(self._limit)

    def refused(self, now: float, sent: float) -> None:
        """Note a time-out, a 429 or a 503."""
        if sent >= self._cut_at:
            again = abs(self._limit - self._bad) <= NEAR * self._bad
            self._caution = min(self._caution * 2, MOST_CAUTION) if again else 1.0
            self._bad = self._limit
        self._cut(now, sent, REFUSED)
        self.limit = int(self._limit)

    def reopen(self) -> None:
        """Begin at one call and double up to what was good before."""
        self._threshold = max(self._limit, self._threshold) if self._limit <= 1.0 else self._limit
        self._limit = 1.0
        self.limit = 1
        self._latency.forget_recent()

    def _grow(self) -> None:
        if self._limit < self._threshold:
            grown = 1.0
        elif self._limit < self._bad * (1 - NEAR):
            grown = 1.0 / self._limit
        else:
            grown = 1.0 / (self._limit * self._caution)
        self._limit = min(self._limit + grown, float(self.ceiling))

    def _cut(self, now: float, sent: float, factor: float) -> None:
        if sent >= self._cut_at:
            self._limit = max(1.0, self._limit * factor)
            self._threshold = self._limit
            self._cut_at = now
