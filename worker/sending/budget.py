"""All quotas of one connection together: configured, learned, and told by headers."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.sending.beginning import kept
from worker.sending.clock import Clocks
from worker.sending.idle import SHORT_SECONDS, IdleRoom
from worker.sending.learned import LearnedQuota
from worker.sending.quota import Quota
from worker.sending.reserve import HOLD_SECONDS, Ledger, Reserve, lead
from worker.sending.slot import Fate, Slot
from worker.sending.window import WayBack, Window, span


def kept_for(quota: Quota, longest: float) -> float:
    """Return by how many seconds the newest moment on disk must be later than one that no window holds any more."""
    return span(quota) + lead(longest)


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a quota is used now; `seconds` until one more call fits, infinity: when an answer comes."""

    quota: Quota
    used: int
    seconds: float


class Budget:
    """Knows when the next call fits into every window, and counts it in each; `reserves` are of those kept on disk."""

    def __init__(
        self,
        quotas: Sequence[Quota],
        clocks: Clocks,
        *,
        strict: bool,
        ledger: Ledger | None,
        fresh: bool,
        longest: float,
    ) -> None:
        self.learned = LearnedQuota(tuple(quotas))
        self._clocks = clocks
        self._back = WayBack(strict=strict)
        self.reserves: tuple[Reserve, ...] = ()
        if ledger is not None:
            self.reserves = tuple(Reserve(each, ledger, longest, clocks.now, clocks.wall) for each in kept(quotas))
        full = [] if fresh else [clocks.now()]
        self._windows = tuple(Window(quota, self._back, full * quota.calls) for quota in quotas)
        self._rooms = tuple(IdleRoom(quota) for quota in quotas)
        self._told = 0
        self._told_until = -math.inf

    def opens_at(self, now: float) -> float:
        """Return when the next call fits: at most `now`, or later; infinity when an answer must come first."""
        at = max(now, self.learned.opens_at(now))
        for window in self._windows:
            at = max(at, window.opens_at(now))
        if now < self._told_until and self._told <= 0:
            at = max(at, self._told_until)
        return at

    def idle_opens_at(self, now: float, share: float, *, is_owed: bool = False) -> float:
        """Return when to look whether live traffic leaves a call to replays: `now` when it does.

        `is_owed`: by their share it is their turn, however little of the short windows is left.
        """
        rooms = (room for room in self._rooms if not is_owed or room.quota.seconds > SHORT_SECONDS)
        return max((room.opens_at(now, share) for room in rooms), default=now)

    def idle_room(self, now: float, share: float) -> int | None:
        """Return how many calls live traffic leaves in the long windows, None where there are none."""
        long = (room for room in self._rooms if room.quota.seconds > SHORT_SECONDS)
        return min((room.room(now, share) for room in long), default=None)

    def unwritten(self, now: float) -> list[Reserve]:
        """Return the reserves that must be written before a call may go."""
        return [reserve for reserve in self.reserves if reserve.block(now) is None]

    def low(self) -> list[Reserve]:
        """Return the reserves that had better be written soon."""
        return [reserve for reserve in self.reserves if not reserve.extending and reserve.runs_low()]

    def take(self, slot: Slot, now: float) -> None:
        """Count a slot that is handed out."""
        for window in self._windows:
            window.under_way += 1
        for room in self._rooms:
            room.enter(now, idle=slot.idle)
        if self.reserves:
            slot.blocks = tuple(block for each in self.reserves if (block := each.block(now)) is not None)
            for block in slot.blocks:
                block.left -= 1
            slot.valid_until = min(block.until for block in slot.blocks) + HOLD_SECONDS
        self.learned.took(now)
        self._told -= 1

    def over(self, slot: Slot, fate: Fate, now: float) -> None:
        """Give the call its moment, or forget that it was ever meant to be."""
        if fate == "answered":
            self._back.learn(slot.latency)
        elif fate == "unsent":
            for block in slot.blocks:
                block.left += 1
        for window in self._windows:
            window.leave(now, fate)
        for room in self._rooms:
            room.leave(now, idle=slot.idle, counts=fate != "unsent")

    def told(self, remaining: int, seconds: float, now: float) -> None:
        """Allow only so many further calls in so many seconds; those under way may not be counted in yet."""
        under_way = max((window.under_way for window in self._windows), default=0)
        self._told = max(0, remaining - under_way)
        self._told_until = now + seconds

    def restore(self, used: Mapping[str, Iterable[datetime]], now: float) -> None:
        """Begin the windows of these quotas with these calls."""
        wall = self._clocks.wall()
        begun = {Quota.parse(text): _moments(moments, wall, now) for text, moments in used.items()}
        for window, room in zip(self._windows, self._rooms, strict=True):
            if window.quota in begun:
                window.load(begun[window.quota])
                room.load(begun[window.quota])

    def use(self, now: float) -> tuple[Use, ...]:
        return tuple(Use(each.quota, each.used(now), each.opens_at(now) - now) for each in self._windows)

    def drained_at(self, now: float, calls: int) -> float:
        """Return when the last of so many further calls can go."""
        ends = [window.after(now, calls) for window in self._windows]
        if self.learned.rate is not None:
            ends.append(now + calls / self.learned.rate)
        return max(ends, default=now)


def _moments(moments: Iterable[datetime], wall: datetime, now: float) -> list[float]:
    """Return UTC moments as loop time, in order; one in the future counts as now."""
    return sorted(now - max(0.0, (wall - moment).total_seconds()) for moment in moments)
