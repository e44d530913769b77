"""How many calls may be in flight: additive increase, multiplicative decrease."""

import math

REFUSED = 0.7
COLLAPSED = 0.9
# Latency has collapsed when it is so many times, and so many seconds more than, what it is without a queue.
COLLAPSE_TIMES = 3.0
COLLAPSE_SECONDS = 0.2
# Weights of a new sample: in the recent latency, and in the latency without a queue when below or above it.
RECENT = 0.2
BELOW = 0.1
ABOVE = 0.0005


class Concurrency:
    """The adaptive limit of one connection, between one and its ceiling.

    It starts at the ceiling, shrinks at most once in a call's time, and grows only while it is what limits.
    """

    __slots__ = ("_cut_at", "_least", "_limit", "_recent", "_threshold", "ceiling")

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self._limit = float(ceiling)
        self._threshold = float(ceiling)
        self._cut_at = -math.inf
        self._recent: float | None = None
        self._least = math.inf

    @property
    def limit(self) -> int:
        return int(self._limit)

    def ok(self, now: float, sent: float, latency: float, *, full: bool) -> None:
        """Note a good answer; `full`: the limit was reached while the call was in flight."""
        if self._collapsed(latency):
            self._cut(now, sent, COLLAPSED)
        elif full:
            grown = 1.0 if self._limit < self._threshold else 1.0 / self._limit
            self._limit = min(self._limit + grown, float(self.ceiling))

    def refused(self, now: float, sent: float) -> None:
        """Note a time-out, a 429 or a 503."""
        self._cut(now, sent, REFUSED)

    def reopen(self) -> None:
        """Begin at one call and double up to what was good before."""
        self._threshold = max(self._limit, 1.0) if self._limit > 1.0 else self._threshold
        self._limit = 1.0
        self._recent = None

    def _cut(self, now: float, sent: float, factor: float) -> None:
        if sent >= self._cut_at:
            self._limit = max(1.0, self._limit * factor)
            self._threshold = self._limit
            self._cut_at = now

    def _collapsed(self, latency: float) -> bool:
        """Compare the recent latency with the least, which forgets so slowly that a queue does not become normal."""
        if self._recent is None:
            self._recent = latency
        self._recent += (latency - self._recent) * RECENT
        if math.isinf(self._least):
            self._least = latency
        self._least += (latency - self._least) * (BELOW if latency < self._least else ABOVE)
        return self._recent > max(self._least * COLLAPSE_TIMES, self._least + COLLAPSE_SECONDS)
