"""The quota that live traffic leaves to replays."""

import math
from collections import deque
from collections.abc import Iterable

from worker.sending.quota import Quota

# In windows up to here live traffic is soon served anyhow, but what replays have used at the moment of its arrival it
# must wait for. So what stays free follows from how it came lately: as much as it wanted in the fullest window, and
# more the more its windows differ. An even stream leaves most of what it does not use, one that comes in bursts little.
SHORT_SECONDS = 60.0
LATELY_WINDOWS = 10  # so many windows back live traffic is looked at
LATELY_SECONDS = 60.0  # but no longer back than this, nor less than two windows
SPREAD = 4  # so much of the way from the emptiest to the fullest window, a higher burst may yet come
TENTH = 10  # so much of a quota is kept free for live traffic that comes out of silence
# However live traffic comes, replays do not starve: so much of the quota is theirs in calm moments.
HUNDREDTH = 100


class Lately:
    """What live traffic wanted in the windows that ended lately: the most and the least."""

    __slots__ = ("_highs", "_lows", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # Of the highest only later ones that are lower matter, so that the first is the highest; alike the lowest.
        self._highs: deque[tuple[float, int]] = deque()
        self._lows: deque[tuple[float, int]] = deque()

    def note(self, now: float, least: int, most: int) -> None:
        """Add what was wanted just before, and what is wanted now."""
        while self._highs and self._highs[-1][1] <= most:
            self._highs.pop()
        self._highs.append((now, most))
        while self._lows and self._lows[-1][1] >= least:
            self._lows.pop()
        self._lows.append((now, least))

    def range(self, now: float, wanted: int) -> tuple[int, int]:
        """Return the least and the most, with what is wanted now."""
        for log in (self._lows, self._highs):
            while log and log[0][0] <= now - self._seconds:
                log.popleft()
        lowest = self._lows[0][1] if self._lows else wanted
        highest = self._highs[0][1] if self._highs else wanted
        return min(lowest, wanted), max(highest, wanted)

    def changes_at(self) -> float:
        """Return when the highest is forgotten."""
        return self._highs[0][0] + self._seconds if self._highs else math.inf


class IdleRoom:
    """What live traffic leaves of one window.

    In a long window it gets again what it had in the last such window; in a short one as much as it may want, by
    what it wanted lately.
    """

    __slots__ = (
        "_before",
        "_lately",
        "_lately_seconds",
        "_live",
        "_live_under_way",
        "_replays",
        "_replays_under_way",
        "_trickle",
        "quota",
    )

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self._live: deque[float] = deque()
        self._before: deque[float] = deque()
        self._replays: deque[float] = deque()
        self._live_under_way = 0
        self._replays_under_way = 0
        self._lately_seconds = max(2 * quota.seconds, min(LATELY_WINDOWS * quota.seconds, LATELY_SECONDS))
        self._lately = Lately(self._lately_seconds) if quota.seconds <= SHORT_SECONDS else None
        calls_lately = quota.calls * self._lately_seconds / quota.seconds
        self._trickle: deque[float] = deque(maxlen=max(1, int(calls_lately / HUNDREDTH)))

    def load(self, moments: Iterable[float]) -> None:
        """Begin with these moments as live traffic."""
        self._live = deque(moments)

    def enter(self, now: float, *, idle: bool) -> None:
        """Count a call that may go out."""
        self._age(now)  # here, as nobody asks for room where nobody replays, and no log may grow beyond its windows
        if idle:
            self._replays_under_way += 1
            self._trickle.append(now)
            return
        self._live_under_way += 1
        if self._lately is not None:
            wants, calls = len(self._live) + self._live_under_way, self.quota.calls
            # What replays have taken live traffic may have wanted, so that all of the quota counts as wanted.
            is_full = wants + len(self._replays) + self._replays_under_way >= calls
            self._lately.note(now, wants - 1, calls if is_full else wants)

    def leave(self, now: float, *, idle: bool, counts: bool) -> None:
        """Give a call its moment; `counts`: it may have arrived."""
        if idle:
            self._replays_under_way -= 1
            if not counts and self._trickle:
                self._trickle.pop()
        else:
            self._live_under_way -= 1
        if counts:
            (self._replays if idle else self._live).append(now)

    def room(self, now: float, share: float) -> int:
        """Return how many calls replays may make now; `share` of the quota is theirs in any case."""
        self._age(now)
        theirs = max(self._left_idle(now), math.floor(share * self.quota.calls))
        return max(0, theirs - self._replayed)

    def opens_at(self, now: float, share: float) -> float:
        """Return when to look again: `now` when there is room."""
        if self.room(now, share) > 0:
            return now
        span = self.quota.seconds
        heads = [log[0] + span * spans for log, spans in self._logs() if log]
        if self._lately is not None:
            # A drop that is due already waits for a calm moment, and that comes when something else leaves.
            due = self._trickle[0] + self._lately_seconds if self._trickle else math.inf
            heads += [self._lately.changes_at(), due if due > now else math.inf]
        # What leaves a window right now may, by a rounding, be neither in it nor out of it: no room is not room.
        return max(min(heads, default=math.inf), math.nextafter(now, math.inf))

    @property
    def _wants(self) -> int:
        return len(self._live) + self._live_under_way

    @property
    def _replayed(self) -> int:
        return len(self._replays) + self._replays_under_way

    def _left_idle(self, now: float) -> int:
        """Return how much of the window is not wanted by live traffic, replays in it included."""
        calls, wants = self.quota.calls, self._wants
        if self._lately is None:
            return calls - max(wants, len(self._before))
        least, most = self._lately.range(now, wants)
        left = calls - most - max(calls // TENTH, math.ceil((most - least) / SPREAD))
        return max(left, self._dripping(now, wants, (least + most) / 2))

    def _dripping(self, now: float, wants: int, middle: float) -> int:
        """Return the hundredth of the quota that replays get in calm moments, 0 in others."""
        drops, calls = self._trickle, self.quota.calls
        is_due = len(drops) < (drops.maxlen or 1) or drops[0] + self._lately_seconds <= now
        is_calm = wants <= middle and wants + self._replayed < calls - calls // TENTH
        return max(1, calls // HUNDREDTH) if is_due and is_calm else 0

    def _logs(self) -> tuple[tuple[deque[float], int], ...]:
        return (self._live, 1), (self._before, 2), (self._replays, 1)

    def _age(self, now: float) -> None:
        span, live, replays, before = self.quota.seconds, self._live, self._replays, self._before
        while live and live[0] <= now - span:
            before.append(live.popleft())
        while before and before[0] <= now - 2 * span:
            before.popleft()
        while replays and replays[0] <= now - span:
            replays.popleft()
