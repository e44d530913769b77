"""What went through each connection, minute by minute, for an hour."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

MINUTES = 60
RECENT = 5  # minutes whose average counts as "now"
Word = Literal["taken", "applied", "superseded", "dead_lettered"]


@dataclass(slots=True)
class Minute:
    """One minute; `at` is its number since the clock began."""

    at: int = -1
    taken: int = 0
    applied: int = 0
    superseded: int = 0
    dead_lettered: int = 0

    @property
    def settled(self) -> int:
        """Deliveries that ended, however they did."""
        return self.applied + self.superseded + self.dead_lettered


@dataclass(slots=True)
class Hour:
    """A ring of minutes: counting costs the same for ever."""

    ring: list[Minute] = field(default_factory=lambda: [Minute() for _ in range(MINUTES)])

    def minute(self, at: int) -> Minute:
        """Return the minute to count in."""
        slot = at % MINUTES
        if self.ring[slot].at != at:
            self.ring[slot] = Minute(at)
        return self.ring[slot]

    def last(self, at: int, count: int = MINUTES) -> list[Minute]:
        """Return the minutes up to `at`, oldest first; where nothing went through they are empty."""
        known = {minute.at: minute for minute in self.ring}
        return [known.get(number, Minute(number)) for number in range(at - count + 1, at + 1)]


class Flow:
    """Counts what comes in and what ends, for each connection; lives in memory only."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._hours: dict[str, Hour] = defaultdict(Hour)
        self._since = monotonic()

    def count(self, connection: str, word: Word, many: int = 1) -> None:
        """Count deliveries that were taken or have ended."""
        minute = self._hours[connection].minute(self._now())
        setattr(minute, word, getattr(minute, word) + many)

    def hour(self, connection: str) -> list[Minute]:
        """Return the last sixty minutes, the one that is running last."""
        return self._hours[connection].last(self._now())

    def rates(self, connection: str) -> tuple[float, float]:
        """Return the deliveries a minute that came in and that ended, over the last few minutes."""
        recent = self._hours[connection].last(self._now(), RECENT)
        running = self._monotonic() % 60 / 60
        elapsed = max(1.0, min(RECENT - 1 + running, (self._monotonic() - self._since) / 60))
        return sum(one.taken for one in recent) / elapsed, sum(one.settled for one in recent) / elapsed

    def _now(self) -> int:
        return int(self._monotonic() // 60)
