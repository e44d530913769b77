"""Brings attempts forward: what an answer means for one delivery, and what follows from it."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from worker.delivery.attempt import Attempt, Fold
from worker.delivery.coalescing import Coalescing
from worker.delivery.held import Held
from worker.delivery.judge import judged
from worker.delivery.keep import Keeper, Kept
from worker.delivery.lane import Lane
from worker.delivery.lanes import Lanes
from worker.delivery.ready import Ready
from worker.delivery.rests import Rests
from worker.delivery.retry import Patience
from worker.delivery.settle import Settler, with_reason
from worker.delivery.settlement import Settlement
from worker.delivery.verdict import (
    crashed,
    doubt,
    exhausted,
    found,
    in_doubt,
    learn,
    never_was,
    note_try,
)
from worker.delivery.watch import Watch
from worker.errors import (
    ClosedError,
    PermanentError,
    RejectedError,
    RetryableError,
    TargetError,
    UnknownOutcomeError,
    WorkerError,
)
from worker.journal.rows import KnownRelation, Settled
from worker.outcome.ending import Burial
from worker.targets.base import Applied, Course, Known, Owners, Step, Target, Task

# These say that nothing was refused: undoing a fold would only make more of the same.
NO_REFUSAL = frozenset({"attempts_exhausted", "unknown_outcome", "crashed"})
UNKNOWN = Known()


@dataclass(slots=True, eq=False, repr=False)  # a bug's report in the log shows no event
class Walk:
    """The deliveries of one connection on their way; it decides, others wait, send and write.

    `settled` is told what is on disk, `changed` that a step or a lane may have become ready. `settling`: how many
    settlements are not told yet, of which those in `ending` are not written yet and those in `over` are on disk.
    """

    target: Target
    lanes: Lanes
    ready: Ready
    coalescing: Coalescing
    patience: Patience
    settler: Settler
    keeper: Keeper
    now: Callable[[], datetime]
    settled: Callable[[list[Settled]], None]
    changed: Callable[[], None]
    closed: Callable[[ClosedError], None]
    watch: Watch
    rests: Rests
    asking: list[Attempt] = field(default_factory=list)
    settling: int = 0
    ending: list[Settlement] = field(default_factory=list)
    over: list[Settlement] = field(default_factory=list)
    chance: random.Random = field(default_factory=random.Random)

    # Starting

    def start(self, lane: Lane) -> Attempt | None:
        """Start what stands at a lane's head; None where it ended without asking anything."""
        known = lane.known
        assert known is not None, "a lane starts when the journal was asked"
        now = self.now()
        lane.again, again = None, lane.again
        if again is None:
            self.judge(lane, known, now)
            if not lane.waiting:
                self.lanes.close_if_idle(lane)
                return None
            known = lane.known or known
            fold, half = self.coalescing.fold(lane.waiting, known, now), None
        else:
            fold, half = again.fold, again.half
        lane.take(len(fold.members))
        lane.current = attempt = Attempt(fold, self.course(fold, known), now, half=half)
        self.feed(attempt, None)
        return attempt if lane.current is attempt else None

    def judge(self, lane: Lane, known: KnownRelation, now: datetime) -> None:
        """Settle all at the lane's head that needs no call."""
        while lane.waiting:
            held = lane.waiting[0]
            end = judged(held, known, now, forced=held.forced)
            if end is None:
                return
            lane.take(1)
            settled = [self.settler.ended(held, held.row.operation, end, now)]
            learn(lane, settled)  # what comes next starts before this is on disk, and must know of a buried create
            self.end(Settlement(lane, (held,), settled=settled))

    def course(self, fold: Fold, known: KnownRelation) -> Course:
        """Return the target's walk for a fold."""
        if fold.free:
            return never_was()
        state = known.state
        seen = Known(state.remote_id, deleted=state.deleted) if state else UNKNOWN
        carrier = fold.carrier
        return self.target.course(Task(carrier.event, fold.operation, fold.data, seen, in_doubt=carrier.maybe_sent))

    # Going on

    def feed(self, attempt: Attempt, answer: Any) -> None:
        """Give a course what it asked for, and take what it wants next, or how it ended."""
        attempt.renewed = False
        if answer is not None and attempt.carrier.unresolved is None:
            attempt.half = None
        try:
            wanted = attempt.course.throw(answer) if isinstance(answer, TargetError) else attempt.course.send(answer)
        except StopIteration as end:
            self.applied(attempt, end.value)
        except TargetError as error:
            self.failed(attempt, error)
        except Exception as bug:  # noqa: BLE001 -- the one place where a bug becomes an outcome
            attempt.carrier.attempts += 1
            self.bury(attempt, crashed(bug))
        else:
            self.wants(attempt, wanted)

    def wants(self, attempt: Attempt, wanted: Step | Owners) -> None:
        """Queue what a course wants next."""
        attempt.waiting = wanted
        carrier = attempt.carrier
        if isinstance(wanted, Owners):
            self.asking.append(attempt)
            self.changed()
            return
        attempt.step = wanted
        if wanted.keys and not self.rests.claims.claim(attempt, wanted.keys):
            attempt.is_blocked = True
        elif carrier.unresolved is not None and not wanted.repeatable:
            self.repeated(attempt, carrier.unresolved)
        else:
            self.ready.add(attempt)
        self.changed()

    def repeated(self, attempt: Attempt, error: TargetError) -> None:
        """Count the attempt whose outcome was looked for and not found, and go on if another is left."""
        carrier = attempt.carrier
        carrier.unresolved = None
        carrier.attempts += not carrier.failed_together
        if self.patience.is_spent(carrier, error):
            self.give_up(attempt, error)
        else:
            self.ready.add(attempt)

    def answered(self, attempt: Attempt, answer: Any, *, is_sent: bool) -> None:
        """Take the answer to one step; `is_sent`: the request may have reached the vendor."""
        attempt.is_half_done |= not (attempt.step.repeatable or isinstance(answer, ClosedError))
        if not isinstance(answer, WorkerError):
            self.feed(attempt, answer)
            return
        if is_sent:
            doubt(attempt, answer)
        match answer:
            case ClosedError():
                self.ready.add(attempt)
            case UnknownOutcomeError() | RetryableError() if is_sent and in_doubt(attempt, answer):
                self.look_later(attempt, answer)
            case UnknownOutcomeError():
                self.feed(attempt, RetryableError(answer.detail, code=answer.code))
            case _:
                self.feed(attempt, answer)

    # Ending

    def failed(self, attempt: Attempt, error: TargetError) -> None:
        """Take the error with which a course ended."""
        match error:
            case ClosedError():
                self.closed(error)
                self.rests.again(attempt, delay=None)
            case RetryableError() | UnknownOutcomeError():
                self.retry(attempt, error)
            case _:
                attempt.carrier.attempts += 1
                self.give_up(attempt, error)

    def applied(self, attempt: Attempt, applied: Applied) -> None:
        """Settle what the target took."""
        lane = self.lanes[attempt.carrier.key]
        assert lane.known is not None, "an attempt runs in a lane that is known"
        if attempt.carrier.unresolved is not None:
            applied = found(applied)
        attempt.dropped = True
        make = partial(self.settler.applied, attempt.fold, applied, lane.known)
        self.end(Settlement(lane, attempt.fold.members, attempt, make))

    def conflict(self, attempt: Attempt, settled: Settled) -> None:
        """Bury what was written to a record that another relation came to own meanwhile."""
        self.settling -= 1
        remote_id = settled.relation.remote_id if settled.relation else None
        self.bury(
            attempt, RejectedError(f"Another relation owns the record {remote_id} at the target.", reason="conflict")
        )

    def give_up(self, attempt: Attempt, error: TargetError) -> None:
        """Bury what its target refused or what failed too often; a fold that was refused is undone instead."""
        if len(attempt.fold.members) > 1 and error.reason not in NO_REFUSAL:
            self.unfold(attempt)
        else:
            self.bury(attempt, exhausted(error))

    def bury(self, attempt: Attempt, error: WorkerError) -> None:
        """Give every event of a fold up, each with a letter of its own."""
        attempt.dropped = True
        lane = self.lanes[attempt.carrier.key]
        assert lane.known is not None, "an attempt runs in a lane that is known"
        note_try(attempt, "bury", error)
        settled = [self.buried(attempt, member, error, lane.known) for member in attempt.fold.members]
        self.end(Settlement(lane, attempt.fold.members, attempt, settled=settled))

    def buried(self, attempt: Attempt, held: Held, error: WorkerError, known: KnownRelation) -> Settled:
        """Return the outcome of one event that is given up on."""
        burial = Burial(
            error,
            remote_id=known.state.remote_id if known.state else None,
            applied_in_part=isinstance(error, PermanentError) and error.applied_in_part,
            maybe_applied=held.may_show or held.suspect or held.unresolved is not None,
            tries=tuple(attempt.carrier.tries),
            last_call=attempt.last,
        )
        return self.settler.ended(held, held.row.operation, with_reason(burial, known), self.now())

    def end(self, settlement: Settlement) -> None:
        """Write outcomes down with all others of this turn; the lane goes on when they are on disk."""
        self.settling += 1
        if not self.ending:
            asyncio.get_running_loop().call_soon(self.settle)
        self.ending.append(settlement)

    def settle(self) -> None:
        """Write down all that ended in this turn, at one moment."""
        ending, self.ending = self.ending, []
        now = self.now()
        self.keeper.keep_now([self.kept(each) for each in ending if self.is_made(each, now)])

    def is_made(self, settlement: Settlement, now: datetime) -> bool:
        """Make the outcomes of what was applied; a bug in that is the outcome of this one, and of nobody else."""
        if settlement.make is None or settlement.attempt is None:
            return True
        try:
            settlement.settled = settlement.make(now)
        except Exception as bug:  # noqa: BLE001 -- as where a course ends: a bug becomes an outcome
            self.settling -= 1
            settlement.attempt.carrier.attempts += 1
            self.bury(settlement.attempt, crashed(bug))
            return False
        return True

    def kept(self, settlement: Settlement) -> Kept:
        """Return what is written of a settlement, and what follows."""
        then, attempt = partial(self.ended, settlement), settlement.attempt
        if attempt is None:
            return Kept(settlement.settled, then)
        return Kept(settlement.settled, then, partial(self.conflict, attempt, settlement.settled[-1]))

    def ended(self, settlement: Settlement) -> None:
        """Let the lane go on: these outcomes are on disk."""
        lane, attempt = settlement.lane, settlement.attempt
        self.lanes.leave(settlement.members)
        learn(lane, settlement.settled)
        settlement.free_at, lane.free_at = lane.free_at, settlement.settled[-1].settled_at
        if attempt is not None:
            self.rests.unblock(attempt)
            lane.current = None
        self.lanes.queue(lane)
        self.lanes.close_if_idle(lane)
        if not self.over:
            asyncio.get_running_loop().call_soon(self.tell)
            self.changed()
        self.over.append(settlement)

    def tell(self) -> None:
        """Tell of all that has come to be on disk in this turn."""
        over, self.over = self.over, []
        self.settling -= len(over)
        self.settled([each for settlement in over for each in settlement.settled])
        self.changed()
        self.watch.ended(over)

    # Again

    def unfold(self, attempt: Attempt) -> None:
        """Undo a fold that was refused: its events go one by one, each to its own outcome."""
        for member in attempt.fold.members:
            member.single = True
            member.attempts = member.row.attempts
        self.rests.again(attempt, delay=None)

    def retry(self, attempt: Attempt, error: TargetError) -> None:
        """Count a failed attempt; try again after a back-off, or give up."""
        carrier = attempt.carrier
        if carrier.unresolved is not None:
            self.look_again(attempt, carrier.unresolved)
            return
        carrier.attempts += 1
        if self.patience.is_spent(carrier, error):
            self.give_up(attempt, error)
            return
        note_try(attempt, "retry", error)
        self.watch.tried(attempt, "retry", error)
        self.rests.again(attempt, self.patience.backoff(carrier.attempts, self.chance), keep_fold=True)

    def look_later(self, attempt: Attempt, error: TargetError, *, together: bool = False) -> None:
        """Ask the vendor after a while what became of a call that must not be repeated blindly."""
        carrier = attempt.carrier
        carrier.unresolved, carrier.looks, carrier.failed_together = error, 0, together
        note_try(attempt, "look", error)
        self.watch.tried(attempt, "look", error)
        self.rests.again(attempt, self.patience.look_after, keep_fold=True)

    def look_again(self, attempt: Attempt, error: TargetError) -> None:
        """Ask once more after a look-up that failed, or give up."""
        carrier = attempt.carrier
        carrier.looks += 1
        if carrier.looks >= self.patience.look_attempts:
            carrier.attempts += 1
            self.bury(attempt, UnknownOutcomeError(f"The target cannot be asked. {error.detail}"))
            return
        self.rests.again(attempt, self.patience.backoff(carrier.looks + 1, self.chance), keep_fold=True)

    def forget(self) -> None:
        """Drop every attempt; the journal has what they are about."""
        self.rests.forget()
        self.ready.clear()
        self.asking.clear()
