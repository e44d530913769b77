"""Brings attempts forward: what an answer means for one delivery, and what follows from it."""

import random
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from worker.delivery.attempt import Attempt, Fold
from worker.delivery.coalescing import Coalescing
from worker.delivery.held import Held
from worker.delivery.judge import judged, seen
from worker.delivery.keep import Keeper
from worker.delivery.lane import Lane
from worker.delivery.lanes import Lanes
from worker.delivery.ready import Ready
from worker.delivery.rests import Rests
from worker.delivery.retry import Patience
from worker.delivery.settle import Settler, with_reason
from worker.delivery.settlement import Settlement
from worker.delivery.settling import Settling
from worker.delivery.verdict import (
    crashed,
    doubt,
    exhausted,
    found,
    in_doubt,
    is_refused,
    learn,
    leave_open,
    may_be_done,
    never_was,
    note_try,
)
from worker.delivery.watch import Watch
from worker.errors import (
    ClosedError,
    CrashedError,
    PermanentError,
    RetryableError,
    TargetError,
    UnknownOutcomeError,
    WorkerError,
)
from worker.journal.rows import KnownRelation, Settled
from worker.outcome.ending import Burial
from worker.targets.base import Applied, Course, Owners, Step, Target, Task

# These say that nothing was refused: undoing a fold would only make more of the same.
NO_REFUSAL = frozenset({"attempts_exhausted", "unknown_outcome", "crashed"})


@dataclass(slots=True, eq=False, repr=False)  # a bug's report in the log shows no event
class Walk:
    """The deliveries of one connection on their way; it decides, others wait, send and write.

    `settled` is told what is on disk, `changed` that a step or a lane may have become ready; `broke` hears of bugs
    that no outcome tells of.
    """

    target: Target
    lanes: Lanes
    ready: Ready
    coalescing: Coalescing
    patience: Patience
    settler: Settler
    keeper: InitVar[Keeper]
    now: Callable[[], datetime]
    settled: InitVar[Callable[[list[Settled]], None]]
    changed: Callable[[], None]
    closed: Callable[[ClosedError], None]
    broke: InitVar[Callable[[BaseException], None]]
    watch: Watch
    rests: Rests
    asking: list[Attempt] = field(default_factory=list)
    settling: Settling = field(init=False)
    chance: random.Random = field(default_factory=random.Random)

    def __post_init__(
        self,
        keeper: Keeper,
        settled: Callable[[list[Settled]], None],
        broke: Callable[[BaseException], None],
    ) -> None:
        self.settling = Settling(
            self.lanes, self.rests, keeper, self.watch, self.now, settled, self.changed, self.bury, broke
        )

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
            self.settling.add(Settlement(lane, (held,), settled=settled))

    def course(self, fold: Fold, known: KnownRelation) -> Course:
        """Return the target's walk for a fold."""
        if fold.free:
            return never_was()
        event, done = fold.carrier.event, may_be_done(fold)
        return self.target.course(Task(event, fold.operation, fold.data, seen(known), in_doubt=done))

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
            if attempt.is_half_done:
                leave_open(attempt)
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
        attempt.is_half_done |= not (attempt.step.repeatable or is_refused(answer))
        if not isinstance(answer, WorkerError):
            attempt.is_answered = True
            self.feed(attempt, answer)
            return
        if is_sent:
            doubt(attempt, answer)
        match answer:
            case CrashedError():
                attempt.carrier.attempts += 1
                self.bury(attempt, answer)
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
        self.settling.add(Settlement(lane, attempt.fold.members, attempt, make))

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
        self.settling.add(Settlement(lane, attempt.fold.members, attempt, settled=settled))

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
        if carrier.unresolved is not None and not attempt.is_answered:
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
