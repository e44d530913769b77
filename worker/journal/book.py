"""Which leases this process holds, and how fresh they are."""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from worker.journal.rows import Lease

RENEWED_EVERY = 0.1  # of a lease: flushes in between only look


@dataclass(frozen=True, slots=True)
class Holding:
    """A lease of ours; `renewed_at` is the moment before the renewal that was answered last."""

    epoch: int
    seconds: float
    renewed_at: float


class Book:
    """Leases by name; one that was lost stays known as lost until it is acquired again or given back.

    With `strict` nothing is written for a name whose lease is not held; without, for none that was lost.
    """

    def __init__(self, monotonic: Callable[[], float], *, strict: bool) -> None:
        self.monotonic = monotonic
        self._strict = strict
        self._held: dict[str, Holding] = {}
        self._lost: set[str] = set()

    def acquired(self, lease: Lease, seconds: float, asked_at: float) -> None:
        self._lost.discard(lease.name)
        self._held[lease.name] = Holding(lease.epoch, seconds, asked_at)

    def renewed(self, names: Iterable[str], asked_at: float) -> None:
        for name in names:
            if (held := self._held.get(name)) is not None:
                self._held[name] = Holding(held.epoch, held.seconds, asked_at)

    def lose(self, names: Iterable[str]) -> None:
        for name in names:
            self._held.pop(name, None)
            self._lost.add(name)

    def given_back(self, name: str) -> None:
        self._held.pop(name, None)
        self._lost.discard(name)

    def of(self, names: Iterable[str]) -> dict[str, Holding]:
        """Return what is held of these."""
        return {name: held for name in names if (held := self._held.get(name)) is not None}

    def refused(self, names: Iterable[str]) -> set[str]:
        """Return for which of these nothing may be written."""
        return {name for name in names if name not in self._held} if self._strict else self._lost.intersection(names)

    def names(self) -> tuple[str, ...]:
        return tuple(self._held)

    def is_due(self, held: Holding) -> bool:
        """Say whether the next flush renews it."""
        return self.monotonic() - held.renewed_at >= held.seconds * RENEWED_EVERY

    def age(self, name: str) -> float:
        """Return the seconds since the last answered renewal was asked for; infinite if it is not held."""
        held = self._held.get(name)
        return float("inf") if held is None else self.monotonic() - held.renewed_at


def elapsed() -> float:
    """Return seconds that also pass while the machine is suspended, where there is such a clock: leases run on."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
