"""Gives attempts back to their lanes: at once, or after a rest."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from worker.delivery.attempt import Again, Attempt
from worker.delivery.claims import Claims
from worker.delivery.held import Held
from worker.delivery.keep import Keeper, Then, nothing
from worker.delivery.lane import Lane
from worker.delivery.lanes import Lanes
from worker.delivery.verdict import attempted
from worker.delivery.watch import Watch


@dataclass(slots=True)
class Rests:
    """The lanes of one connection whose head begins again; the journal learns of every rest.

    `longest`: seconds after which a rest that an earlier worker began is over in any case. `changed` is told that a
    lane may have become ready.
    """

    connection: str
    lanes: Lanes
    keeper: Keeper
    longest: float
    now: Callable[[], datetime]
    changed: Callable[[], None]
    watch: Watch
    claims: Claims = field(default_factory=Claims)
    _unwritten: int = 0
    _written: asyncio.Event = field(default_factory=asyncio.Event)

    def again(self, attempt: Attempt, delay: float | None, *, keep_fold: bool = False) -> None:
        """Give an attempt's events back to their lane, which rests for `delay` seconds (None: not at all)."""
        attempt.dropped = True
        attempt.carrier.maybe_sent |= attempt.is_half_done
        self.unblock(attempt)
        lane = self.lanes[attempt.carrier.key]
        lane.current = None
        lane.give_back(list(attempt.fold.members))
        if keep_fold:
            lane.again = Again(attempt.fold, attempt.half)
        if delay is None:
            self.lanes.queue(lane)
        else:
            self.rest(lane, attempt.carrier, delay)
        self.changed()

    def rest(self, lane: Lane, carrier: Held, delay: float) -> None:
        """Let a lane rest; the journal learns why, so that a restart goes on as if there had been none."""
        carrier.tried_seconds += delay
        self.watch.rested(carrier, delay)
        carrier.maybe_sent |= carrier.unresolved is not None
        carrier.marked &= carrier.maybe_sent  # what is noted now takes the mark away
        lane.resting = True
        until = asyncio.get_running_loop().time() + delay
        self._note(carrier, delay, partial(self._count_down, lane, until))

    def rest_on(self, lane: Lane) -> None:
        """Go on with a rest that an earlier window or worker began."""
        until = lane.waiting[0].row.retry_at if lane.waiting else None
        left = (until - self.now()).total_seconds() if until is not None else 0.0
        if left > 0 and not lane.resting:
            lane.resting = True
            lane.timer = asyncio.get_running_loop().call_later(min(left, self.longest), self.wake, lane)

    def wake(self, lane: Lane) -> None:
        """End a lane's rest."""
        lane.rest()
        self.lanes.queue(lane)
        self.changed()

    async def noted(self) -> None:
        """Return when the journal has learned all that it was told here."""
        while self._unwritten:
            self._written.clear()
            await self._written.wait()

    def unblock(self, attempt: Attempt) -> None:
        """Give back what an attempt has claimed; who waited for it begins anew, for the record may be taken now."""
        for waiting in self.claims.release(attempt):
            if not waiting.dropped:
                self.again(waiting, delay=None)

    def forget(self) -> None:
        """Drop every attempt; the journal learns which marks stand for calls that were never made."""
        for lane in self.lanes:
            if lane.current is not None:
                self._drop(lane.current)
        self.claims.clear()

    def _drop(self, attempt: Attempt) -> None:
        attempt.dropped = True
        attempt.carrier.maybe_sent |= attempt.is_half_done
        unsent = [held for held in attempt.fold.members if held.marked and not attempt.carrier.maybe_sent]
        for held in unsent:
            self._note(held, 0.0, nothing)

    def _note(self, held: Held, delay: float, then: Then) -> None:
        self._unwritten += 1
        change = attempted(self.connection, held, self.now(), delay)
        self.keeper.keep((change,), partial(self._noted, then))

    def _noted(self, then: Then) -> None:
        self._unwritten -= 1
        self._written.set()
        then()

    def _count_down(self, lane: Lane, until: float) -> None:
        """Let a rest end in its time; before it was on disk, its commit could have undone what comes next."""
        if lane.resting:  # else it was forgotten meanwhile
            lane.timer = asyncio.get_running_loop().call_at(until, self.wake, lane)
