"""When a backlog will be done, and whether more comes in than can go out."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from worker.sending.quota import Quota

WITHIN = 300.0  # seconds whose average counts as "now"
SHORTEST = 60.0  # seconds before which nothing is said
FEW = 20  # deliveries whose waiting is not worth a word


@dataclass(frozen=True, slots=True)
class Moment:
    """What waited, and how many had ended by then."""

    at: float
    waiting: int
    settled: int


@dataclass(slots=True)
class Pace:
    """The last minutes of one connection; what came in is what ended and what has come to wait."""

    moments: deque[Moment] = field(default_factory=deque)

    def note(self, at: float, waiting: int, settled: int) -> None:
        """Add a moment, and forget what is old."""
        self.moments.append(Moment(at, waiting, settled))
        while self.moments[0].at < at - WITHIN:
            self.moments.popleft()

    @property
    def inflow(self) -> float:
        """Events a second, 0 before there is enough to tell."""
        first, last = self.moments[0], self.moments[-1]
        if last.at - first.at < SHORTEST:
            return 0.0
        return max(0, last.waiting - first.waiting + last.settled - first.settled) / (last.at - first.at)

    def exceeds(self, most: float) -> bool:
        """Say whether more comes in than that, and it shows."""
        return self.moments[-1].waiting > FEW and self.inflow > most


def most_a_second(quotas: Sequence[Quota], batch: int) -> float:
    """Return the deliveries a second that the quotas allow when every call is full."""
    return min((quota.calls / quota.seconds for quota in quotas), default=math.inf) * batch


def excess(inflow: float, most: float) -> str:
    """Say that more comes in than the quotas let out; both in deliveries a second."""
    return (
        f"{inflow * 60:,.0f} events a minute come in, and the quota allows {most * 60:,.0f}: "
        "the backlog grows for as long as this lasts"
    )


def drained_in(waiting: int, quotas: Sequence[Quota], batch: int) -> float:
    """Return the seconds that so many deliveries take at least, each window beginning empty."""
    calls = math.ceil(waiting / batch)
    return max((math.ceil(calls / quota.calls) - 1) * quota.seconds for quota in quotas) if calls and quotas else 0.0


def told(seconds: float) -> str:
    """Return a length of time in the unit that a person would choose."""
    if math.isinf(seconds):
        return "nobody knows how long: it is paused"
    for unit, size in (("days", 86400.0), ("hours", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{math.ceil(seconds)} s"
