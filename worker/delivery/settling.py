"""Brings outcomes to the disk, lets their lanes go on, and tells of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from worker.delivery.attempt import Attempt
from worker.delivery.keep import Keeper, Kept
from worker.delivery.lanes import Lanes
from worker.delivery.rests import Rests
from worker.delivery.settlement import Settlement
from worker.delivery.verdict import crashed, learn, leave_open
from worker.delivery.watch import Watch
from worker.errors import RejectedError, WorkerError
from worker.journal.rows import Settled


@dataclass(slots=True, eq=False, repr=False)  # a bug's report in the log shows no event
class Settling:
    """All that ends in one turn of the loop is written together, and all that is on disk by then is told together.

    `settled` is told what is on disk, `changed` that a lane may have become ready; `bury` gives up what cannot be
    written as it is; `failed` hears of bugs that leave one untold, or a lane standing. Its length is how many
    settlements are not told yet.
    """

    lanes: Lanes
    rests: Rests
    keeper: Keeper
    watch: Watch
    now: Callable[[], datetime]
    settled: Callable[[list[Settled]], None]
    changed: Callable[[], None]
    bury: Callable[[Attempt, WorkerError], None]
    failed: Callable[[BaseException], None]
    _open: int = 0
    _ending: list[Settlement] = field(default_factory=list)
    _over: list[Settlement] = field(default_factory=list)

    def __len__(self) -> int:
        return self._open

    def add(self, settlement: Settlement) -> None:
        """Write outcomes down with all others of this turn; the lane goes on when they are on disk."""
        self._open += 1
        if not self._ending:
            asyncio.get_running_loop().call_soon(self._write)
        self._ending.append(settlement)

    def _write(self) -> None:
        """Write down all that ended in this turn, at one moment."""
        ending, self._ending = self._ending, []
        now = self.now()
        group: list[Kept] = []
        unmade: list[tuple[Settlement, Exception]] = []
        for each in ending:
            try:
                if each.make is not None:
                    each.settled = each.make(now)
            except Exception as bug:  # noqa: BLE001 -- as where a course ends: a bug becomes an outcome
                unmade.append((each, bug))
            else:
                group.append(Kept(each.settled, partial(self._written, each), partial(self._conflict, each)))
        self.keeper.keep_now(group)
        for each, why in unmade:
            self._unmade(each, why)

    def _unmade(self, settlement: Settlement, bug: Exception) -> None:
        """Bury what was applied and cannot be told."""
        assert settlement.attempt is not None, "only what was applied is still to be made"
        self._bury(settlement.attempt, crashed(bug))

    def _conflict(self, settlement: Settlement) -> None:
        """Bury what was written to a record that another relation came to own meanwhile."""
        assert settlement.attempt is not None, "only what was applied has a record"
        relation = settlement.settled[-1].relation
        remote_id = relation.remote_id if relation else None
        error = RejectedError(f"Another relation owns the record {remote_id} at the target.", reason="conflict")
        self._bury(settlement.attempt, error)

    def _bury(self, attempt: Attempt, error: WorkerError) -> None:
        """Let a burial of what the vendor took take a settlement's place; if that fails too, it stays open."""
        attempt.carrier.attempts += 1
        leave_open(attempt)
        try:
            self.bury(attempt, error)
        except Exception as bug:  # noqa: BLE001 -- handed on; the others of this turn must not suffer
            self.failed(bug)
        else:
            self._open -= 1

    def _written(self, settlement: Settlement) -> None:
        """Let the lane go on: these outcomes are on disk."""
        lane, attempt = settlement.lane, settlement.attempt
        self.lanes.leave(settlement.members)
        learn(lane, settlement.settled)
        self._let_go(settlement)
        settlement.free_at, lane.free_at = lane.free_at, settlement.settled[-1].settled_at
        if attempt is not None:
            self.rests.unblock(attempt)
            lane.current = None
        self.lanes.queue(lane)
        self.lanes.close_if_idle(lane)
        if not self._over:
            asyncio.get_running_loop().call_soon(self._tell)
            self.changed()
        self._over.append(settlement)

    def _let_go(self, settlement: Settlement) -> None:
        """Let no other lane believe that it has what this one took over."""
        last = settlement.settled[-1]
        if last.take_over and last.relation is not None and last.relation.remote_id is not None:
            self.lanes.let_go(last.relation.remote_id, settlement.lane.key)

    def _tell(self) -> None:
        """Tell of all that has come to be on disk in this turn."""
        over, self._over = self._over, []
        self._open -= len(over)
        settled = [each for settlement in over for each in settlement.settled]
        for hear in (partial(self.settled, settled), self.changed, partial(self.watch.ended, over)):
            try:
                hear()
            except Exception as bug:  # noqa: BLE001 -- handed on; the others must hear all the same
                self.failed(bug)
