"""A rate learned from refusals, where a vendor keeps its quota to itself."""

import math
from collections import deque

from worker.sending.quota import Quota

# CUBIC on the rate, counted in calls, so that the share of refused calls is bounded: after a refusal so many calls go
# by, and never less than so many seconds, until the rate at which it came is tried again. Where calls are few it is
# counted in time, so that a slow pace is not kept for a day: then it is the number of refusals that is bounded.
KEPT = 0.9
CALLS_BETWEEN = 300
SECONDS_BETWEEN = 60.0
LONGEST_BETWEEN = 300.0
REMEMBERED = 1_000
# A rate is read off so many calls that followed each other for want of nothing but leave. Fewer, or calls that came
# as there was something to say, tell our own rate and not the vendor's: a refusal among them is kept to, no more.
FEWEST = 10
QUIET_SECONDS = 1.0
# A longer pause than this is a vendor's wish and says nothing of its window.
LONGEST_PAUSE = 60.0


class LearnedQuota:
    """Calls a second, evenly spaced, never more than the configured quotas allow; None while nothing is refused."""

    __slots__ = (
        "_accepted",
        "_ceiling",
        "_heard",
        "_last",
        "_learned_at",
        "_lesson",
        "_peak",
        "_refused_at",
        "_since",
        "rate",
    )

    def __init__(self, quotas: tuple[Quota, ...]) -> None:
        self.rate: float | None = None
        self._ceiling = min((quota.calls / quota.seconds for quota in quotas), default=math.inf)
        self._accepted: deque[float] = deque(maxlen=REMEMBERED)
        self._peak = math.inf
        self._since = 0
        self._learned_at = -math.inf
        self._last = -math.inf
        self._heard = -math.inf
        self._refused_at = -math.inf
        self._lesson: tuple[float, float] | None = None

    def forget(self) -> None:
        """Begin anew: a person has said that the vendor is well."""
        self.rate = None
        self._lesson = None
        self._peak = math.inf

    def opens_at(self, now: float) -> float:
        """Return when the next call keeps the pace."""
        if self._lesson is not None and now >= sum(self._lesson):
            self._learn(*self._lesson, now)
        return -math.inf if self.rate is None else self._last + 1.0 / self.rate

    def came(self, now: float) -> None:
        """Note that somebody wants to call and need not wait; after a quiet while this begins a new stretch."""
        if now - max(self._last, self._heard) > QUIET_SECONDS:
            self._accepted.clear()

    def took(self, now: float) -> None:
        """Note a call that is let through; only calls at the learned pace make it grow before its time."""
        if self.rate is not None:
            self._since += now - self._last < 2.0 / self.rate
            self._grow(now)
        self._last = now

    def accepted(self, now: float) -> None:
        """Note a call that the vendor did not refuse."""
        self._heard = now
        self._accepted.append(now)

    def refused(self, now: float, sent: float, pause: float) -> None:
        """Note a refusal and how long the vendor wants us gone; calls sent before the last one teach nothing.

        The lesson is drawn after the pause, when all that was under way with the refused call has been answered.
        """
        self._heard = now
        if sent > self._refused_at:
            self._refused_at = now
            self._lesson = (now, pause)

    def _learn(self, refused_at: float, pause: float, now: float) -> None:
        self._lesson = None
        if len(self._accepted) < FEWEST:
            return
        before = math.inf if self.rate is None else self.rate
        rate = min(self._sustained(refused_at, pause), self._ceiling, before)
        self._peak = rate * (1 + KEPT) / 2 if self.rate is not None and rate < self._peak else rate
        self._since = 0
        self._learned_at = now
        self._grow(now)

    def _grow(self, now: float) -> None:
        between = max(CALLS_BETWEEN, self._peak * SECONDS_BETWEEN)
        passed = max(self._since / between, (now - self._learned_at) / LONGEST_BETWEEN)
        grown = self._peak * (1 + (1 - KEPT) * (passed - 1) ** 3)
        self.rate = grown if grown < self._ceiling else None

    def _sustained(self, now: float, pause: float) -> float:
        """Return the highest rate that was accepted over any stretch up to now, the pause being part of it."""
        pause = min(pause, LONGEST_PAUSE)
        stretches = ((calls, now - moment + pause) for calls, moment in enumerate(reversed(self._accepted), 1))
        return max(calls / max(seconds, pause, 0.1) for calls, seconds in stretches)
