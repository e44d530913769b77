"""Whether answers take much longer than they would without a queue."""

import math

# The last answers, and those of calls that were alone with the vendor: weights of a new one in their averages.
RECENT = 0.2
ALONE = 0.2
# Latency has collapsed when it is so many times, and so many seconds more than, that of calls that were alone.
COLLAPSE_TIMES = 3.0
COLLAPSE_SECONDS = 0.2
# Where calls are never alone, a few are made so from time to time.
MEASURED_CALLS = 5
MEASURED_EVERY = 600.0


class Latency:
    """Two averages, and how old the second is.

    Averages, not minima: a workload of quick reads and slow writes must not look like a queue.
    """

    __slots__ = ("_alone", "_alone_at", "_calls", "_recent")

    def __init__(self) -> None:
        self._recent = math.nan
        self._alone = math.nan
        self._alone_at = -math.inf
        self._calls = 0

    def learn(self, now: float, latency: float, *, alone: bool) -> None:
        """Note a good answer."""
        self._recent = _average(self._recent, latency, RECENT)
        if alone:
            self._alone = _average(self._alone, latency, ALONE)
            self._calls += 1
            if self._calls >= MEASURED_CALLS:
                self._calls = 0
                self._alone_at = now

    def forget_recent(self) -> None:
        """Begin the recent average anew."""
        self._recent = math.nan

    def excess(self) -> float:
        """Return how many times the latency is what it should be at most; above one calls queue at the vendor."""
        if math.isnan(self._alone):
            return 0.0
        return self._recent / max(self._alone * COLLAPSE_TIMES, self._alone + COLLAPSE_SECONDS)

    def stale(self, now: float) -> bool:
        """Whether calls should be made one at a time for a moment, to see how long one takes."""
        return now - self._alone_at > MEASURED_EVERY


def _average(old: float, new: float, weight: float) -> float:
    return new if math.isnan(old) else old + (new - old) * weight
