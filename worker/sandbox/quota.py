"""The sandbox's own limits, exact, in the three ways vendors count."""

import random
import re
from collections import deque
from dataclasses import dataclass
from typing import Literal, Protocol

Semantics = Literal["sliding", "fixed", "bucket"]
UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
WRITTEN = re.compile(r"(\d+)\s*/\s*(\d+(?:\.\d+)?)?\s*(ms|s|min|h|d)")


@dataclass(frozen=True, slots=True)
class Quota:
    """So many calls in so many seconds."""

    calls: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Quota":
        """Read "2/s", "50/min", "50/2s"; raise ValueError for anything else."""
        found = WRITTEN.fullmatch(text.strip())
        if found is None or int(found[1]) < 1:
            raise ValueError(f"{text!r} is no quota; write it like 2/s, 50/min, 15/h or 50/2s")
        return cls(int(found[1]), float(found[2] or 1) * UNITS[found[3]])

    def __str__(self) -> str:
        return f"{self.calls}/{self.seconds:g}s"


class Counter(Protocol):
    """One quota being counted."""

    def wait(self, now: float) -> float:
        """Say how many seconds are left until a call is admitted; 0 is now."""
        ...

    def take(self, _now: float) -> None:
        """Count one call."""
        ...

    def remaining(self, now: float) -> int:
        """Say how many calls are admitted at this moment."""
        ...


class Sliding:
    """No window of the length holds more than the number, wherever it begins."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._taken: deque[float] = deque()

    def remaining(self, now: float) -> int:
        while self._taken and now - self._taken[0] >= self._quota.seconds:
            self._taken.popleft()
        return self._quota.calls - len(self._taken)

    def wait(self, now: float) -> float:
        if self.remaining(now) > 0:
            return 0.0
        return at_least(self._taken[0] + self._quota.seconds - now)

    def take(self, _now: float) -> None:
        self._taken.append(_now)


class Fixed:
    """Windows lie side by side from `phase` on and begin empty, as with a clock hour."""

    def __init__(self, quota: Quota, phase: float) -> None:
        self._quota = quota
        self._phase = phase
        self._window = 0
        self._used = 0

    def remaining(self, now: float) -> int:
        window = int((now - self._phase) // self._quota.seconds)
        if window != self._window:
            self._window, self._used = window, 0
        return self._quota.calls - self._used

    def wait(self, now: float) -> float:
        if self.remaining(now) > 0:
            return 0.0
        return at_least(self._phase + (self._window + 1) * self._quota.seconds - now)

    def take(self, _now: float) -> None:
        self._used += 1


class Bucket:
    """A bucket of the number, filled evenly: a burst, then one call at a time."""

    def __init__(self, quota: Quota) -> None:
        self._size = quota.calls
        self._rate = quota.calls / quota.seconds
        self._level = float(quota.calls)
        self._filled: float | None = None

    def _fill(self, now: float) -> None:
        if self._filled is not None:
            self._level = min(self._size, self._level + (now - self._filled) * self._rate)
        self._filled = now

    def remaining(self, now: float) -> int:
        self._fill(now)
        return int(self._level + 1e-9)

    def wait(self, now: float) -> float:
        return 0.0 if self.remaining(now) > 0 else at_least((1 - self._level) / self._rate)

    def take(self, _now: float) -> None:
        self._level -= 1


class Limiter:
    """All quotas of one sandbox: a call is admitted by all of them or counted by none.

    A refused call uses nothing up unless `count_refused` says that it does. Without a `phase` the fixed
    windows begin at a moment drawn from `seed`.
    """

    def __init__(
        self,
        quotas: tuple[Quota, ...] = (),
        semantics: Semantics = "sliding",
        *,
        phase: float | None = None,
        seed: int = 0,
        count_refused: bool = False,
    ) -> None:
        self.quotas = quotas
        self.semantics: Semantics = semantics
        self._count_refused = count_refused
        draw = random.Random(seed)  # noqa: S311 -- a phase is no secret, and must come again from the same seed
        self._counters = [counter(quota, semantics, phase, draw) for quota in quotas]

    def admit(self, now: float) -> float | None:
        """Count a call and return None, or refuse it and return the seconds until it would be admitted."""
        wait = max((each.wait(now) for each in self._counters), default=0.0)
        if wait <= 0 or self._count_refused:
            for each in self._counters:
                each.take(now)
        return wait if wait > 0 else None

    def tightest(self, now: float) -> tuple[Quota, int, float]:
        """Return the quota with the fewest calls left, their number, the seconds until there are more."""
        left = [(each.remaining(now), index) for index, each in enumerate(self._counters)]
        remaining, index = min(left)
        quota = self.quotas[index]
        return quota, max(0, remaining), self._counters[index].wait(now) or quota.seconds


def counter(quota: Quota, semantics: Semantics, phase: float | None, draw: random.Random) -> Counter:
    if semantics == "bucket":
        return Bucket(quota)
    if semantics == "fixed":
        return Fixed(quota, draw.uniform(0, quota.seconds) if phase is None else phase)
    return Sliding(quota)


def at_least(wait: float) -> float:
    """Keep a wait from being rounded down to none, which would admit the call."""
    return max(wait, 1e-9)
