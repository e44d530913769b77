"""The quota that live traffic leaves to replays."""

import math
from collections import deque
from collections.abc import Iterable

from worker.sending.quota import Quota

# In windows up to here live traffic is soon served anyhow, but what replays have used at the moment of its arrival it
# must wait for. So something is kept free for more of it than there was lately.
SHORT_SECONDS = 60.0
DEVIATIONS = 3.0  # of calls that come at random
TENTH = 10  # so much of a quota is kept free for live traffic that comes out of silence


class IdleRoom:
    """What of one long window is left when live traffic gets again what it had in the last such window."""

    __slots__ = ("_before", "_live", "_replays", "_under_way", "quota")

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self._live: deque[float] = deque()
        self._before: deque[float] = deque()
        self._replays: deque[float] = deque()
        self._under_way = 0

    def load(self, moments: Iterable[float]) -> None:
        """Begin with these moments as live traffic."""
        self._live = deque(moments)

    def enter(self, *, idle: bool) -> None:
        self._under_way += idle

    def leave(self, moment: float | None, *, idle: bool) -> None:
        self._under_way -= idle
        if moment is not None:
            self._age(moment)
        if moment is not None:
            (self._replays if idle else self._live).append(moment)

    def room(self, now: float, share: float) -> int:
        """Return how many calls replays may make now; `share` of the quota is theirs in any case."""
        self._age(now)
        left_idle = self.quota.calls - max(len(self._live), len(self._before))
        theirs = max(left_idle - self._kept_free(left_idle), math.floor(share * self.quota.calls))
        return max(0, theirs - len(self._replays) - self._under_way)

    def _kept_free(self, left_idle: int) -> int:
        """Return how much of a short window is left for live traffic to grow into: at most half of what is idle."""
        if self.quota.seconds > SHORT_SECONDS:
            return 0
        lately = max(len(self._live), len(self._before))
        more = math.ceil(DEVIATIONS * math.sqrt(lately)) + self.quota.calls // TENTH
        return min(more, max(0, left_idle) // 2)

    def opens_at(self, now: float, share: float) -> float:
        """Return when to look again: `now` when there is room."""
        if self.room(now, share) > 0:
            return now
        span = self.quota.seconds
        heads = [log[0] + span * spans for log, spans in self._logs() if log]
        return min(heads, default=math.inf)

    def _logs(self) -> tuple[tuple[deque[float], int], ...]:
        return (self._live, 1), (self._before, 2), (self._replays, 1)

    def _age(self, now: float) -> None:
        span = self.quota.seconds
        while self._live and self._live[0] <= now - span:
            self._before.append(self._live.popleft())
        while self._before and self._before[0] <= now - 2 * span:
            self._before.popleft()
        while self._replays and self._replays[0] <= now - span:
            self._replays.popleft()
