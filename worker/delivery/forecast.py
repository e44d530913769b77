"""When a backlog will be done, and whether more comes in than can go out."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from worker.sending.gate import Gate
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
        """Events a second that came in, 0 before there is enough to tell."""
        return self._a_second(lambda moment: moment.waiting + moment.settled)

    @property
    def outflow(self) -> float:
        """Events a second that ended, 0 before there is enough to tell."""
        return self._a_second(lambda moment: moment.settled)

    def _a_second(self, count: Callable[[Moment], int]) -> float:
        if not self.moments:
            return 0.0
        first, last = self.moments[0], self.moments[-1]
        seconds = last.at - first.at
        return max(0, count(last) - count(first)) / seconds if seconds >= SHORTEST else 0.0

    def exceeds(self, most: float) -> bool:
        """Say whether more comes in than that, and it shows."""
        return self.moments[-1].waiting > FEW and self.inflow > most


def most_a_second(quotas: Sequence[Quota], batch: int, learned: float | None = None) -> float:
    """Return the deliveries a second that go out at best: every call full, no faster than refusals taught us."""
    calls = min((quota.calls / quota.seconds for quota in quotas), default=math.inf)
    return min(calls, math.inf if learned is None else learned) * batch


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


def outlook(gate: Gate, waiting: int, batch: int, outflow: float) -> float:
    """Return about how many seconds what waits will take, by who has the gate; infinity: until somebody resumes."""
    best = gate.forecast(math.ceil(waiting / batch))
    return best if gate.paused is not None else at_pace(best, waiting, outflow)


def at_pace(best: float, waiting: int, outflow: float) -> float:
    """Return what is best, or as long as it takes when it goes on as of late; a few prove no pace."""
    return max(best, waiting / outflow) if waiting > FEW and outflow * SHORTEST >= 1.0 else best


def told(seconds: float) -> str:
    """Return a length of time in the unit that a person would choose."""
    if math.isinf(seconds):
        return "nobody knows how long: it is paused"
    for unit, size in (("days", 86400.0), ("hours", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{math.ceil(seconds)} s"
