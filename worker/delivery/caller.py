"""One call: marks, request, answer, and each delivery's share of it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from worker.delivery.attempt import Attempt
from worker.delivery.held import Held
from worker.delivery.marks import Marks
from worker.delivery.parley import Parley, monotonic
from worker.delivery.ready import Ready
from worker.delivery.verdict import crashed, doubt, unanswered
from worker.delivery.walk import Walk
from worker.delivery.watch import Watch
from worker.errors import (
    ClosedError,
    CrashedError,
    HeldBackError,
    RepeatError,
    TargetError,
    UnknownOutcomeError,
    WorkerError,
)
from worker.journal.journal import Journal
from worker.outcome.ending import LastCall
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response
from worker.targets.base import Owners, Target
from worker.telemetry.failpoints import armed, failpoint

HALFWAY = 0.02  # seconds into a call: where the failpoint `during-call` is


@dataclass(slots=True)
class Caller:
    """Makes the calls of one connection that bring deliveries; every one has a slot of the gate."""

    connection: str
    target: Target
    journal: Journal
    walk: Walk
    ready: Ready
    parley: Parley
    now: Callable[[], datetime]
    batch: int
    watch: Watch
    asked: int = 0
    marks: Marks = field(init=False)

    def __post_init__(self) -> None:
        self.marks = Marks(self.connection, self.journal)

    @property
    def asking(self) -> int:
        """How many attempts wait for the journal to say which remote ids are taken."""
        return self.asked + len(self.walk.asking)

    def pick(self, slot: Slot) -> list[Attempt]:
        """Take the step that has waited longest and all that may go with it; nobody takes these back."""
        ready = self.ready.replays if slot.idle else self.ready
        load = ready.pick(1 if slot.probe else self.batch) if ready is not None else []
        for attempt in load:
            attempt.in_call = True
        return load

    async def call(self, slot: Slot, load: Sequence[Attempt]) -> None:
        """Make one call for what was picked."""
        try:
            unmarked = to_mark(load)
            if unmarked:
                await self.prepare(load, unmarked)
            if not self.parley.fresh():
                await self.parley.be_sure()
            await self.exchange(slot, load)
        finally:
            slot.release()

    async def ask(self) -> None:
        """Ask the journal which remote ids are taken, once for all courses that want to know."""
        while self.walk.asking:
            asking, self.walk.asking = self.walk.asking, []
            self.asked += len(asking)
            wanted = {remote_id for attempt in asking for remote_id in owners(attempt).remote_ids}
            try:
                taken = await self.journal.owners(self.connection, tuple(wanted))
            except BaseException:
                self.walk.asking[:0] = asking
                raise
            finally:
                self.asked -= len(asking)
            for attempt in asking:
                if not attempt.dropped:
                    key = attempt.carrier.key
                    mine = owners(attempt).remote_ids
                    self.walk.feed(attempt, frozenset(each for each in mine if taken.get(each, key) != key))

    async def prepare(self, load: Sequence[Attempt], unmarked: Sequence[Held]) -> None:
        """Write the marks that are due; if that fails, all wait again."""
        try:
            await self.marks.write(unmarked)
        except BaseException:
            self.put_back(load)
            raise

    def put_back(self, load: Sequence[Attempt]) -> None:
        """Let all wait again as if they had not been picked."""
        for attempt in load:
            attempt.in_call = False
            self.ready.add(attempt)

    async def exchange(self, slot: Slot, load: Sequence[Attempt]) -> None:
        """Ask, and hand the answers out."""
        steps = [attempt.step for attempt in load]
        request: Request | None = None
        response: Response | None = None
        answers: list[Any] | WorkerError
        for attempt in load:
            attempt.session = self.parley.session
        began = monotonic()
        try:
            request = self.target.request(steps, self.now())
            if armed():
                before_call()
            response = await self.parley.send(request, slot)
            failpoint("after-call")
            answers = self.target.read(steps, response)
        except HeldBackError as error:
            self.put_back(load)
            self.watch.called(load, request, None, error, monotonic() - began)
            return
        except TargetError as error:
            answers = error
        except Exception as bug:  # noqa: BLE001 -- the one place where a bug becomes an outcome
            answers = crashed(bug)
        refused = refusal_of(load, answers)
        slot.done(refused, [relation(attempt) for attempt in load] if refused is not None else ())
        self.account(load, request, response)
        self.watch.called(load, request, response, refused, monotonic() - began)
        self.hand_out(load, answers, is_sent=is_sent(answers, request, response))

    def account(self, load: Sequence[Attempt], request: Request | None, response: Response | None) -> None:
        """Count the call for each delivery that had a share in it."""
        seconds = response.seconds if response else 0.0
        last = LastCall(request, response) if request is not None else None
        for attempt in load:
            attempt.in_call = False
            attempt.calls += 1
            carrier = attempt.carrier
            carrier.calls += 1
            carrier.sent_seconds += seconds
            carrier.tried_seconds += seconds
            carrier.first_attempt_at = carrier.first_attempt_at or self.now()
            attempt.last = last or attempt.last

    def hand_out(self, load: Sequence[Attempt], answers: "list[Any] | WorkerError", *, is_sent: bool) -> None:
        """Give each attempt its answer; a call that failed as a whole is halved or costs the one it carried."""
        if isinstance(answers, list) and len(answers) != len(load):
            answers = crashed(ValueError("read gave another number of answers than there were steps"))
        if isinstance(answers, list):
            for attempt, answer in zip(load, answers, strict=True):
                self.answer(attempt, answer, is_sent=is_sent)
        elif len(load) == 1 or isinstance(answers, ClosedError | RepeatError):
            for attempt in load:
                self.answer(attempt, answers, is_sent=is_sent)
        else:
            self.halve(load, answers, is_sent=is_sent)

    def answer(self, attempt: Attempt, answer: Any, *, is_sent: bool) -> None:
        """Give one attempt its answer, unless it is to be asked again in a new session."""
        if isinstance(answer, RepeatError):
            if not attempt.renewed:
                self.renew(attempt)
                return
            answer = answer.otherwise
        self.walk.answered(attempt, answer, is_sent=is_sent)

    def renew(self, attempt: Attempt) -> None:
        """Ask for a new session, and then once more what was asked."""
        if attempt.session == self.parley.session:
            self.parley.renew_session()
        attempt.renewed = True
        self.ready.add(attempt)

    def halve(self, load: Sequence[Attempt], error: WorkerError, *, is_sent: bool) -> None:
        """Split a call that failed as a whole, until the bad one is alone; nobody loses an attempt to it."""
        middle = (len(load) + 1) // 2
        unclear = unanswered(error) if is_sent else None
        for half in (load[:middle], load[middle:]):
            together = object()
            for attempt in half:
                attempt.half = together
                if is_sent:
                    doubt(attempt, error)
                if unclear is not None and not attempt.step.repeatable:
                    self.walk.look_later(attempt, unclear, together=True)
                else:
                    self.ready.add(attempt)


def before_call() -> None:
    """Pass the failpoints of a call that is about to be made."""
    failpoint("before-call")
    asyncio.get_running_loop().call_later(HALFWAY, failpoint, "during-call")


def to_mark(load: Sequence[Attempt]) -> list[Held]:
    """Return what is about to be sent and must not be repeated blindly, or is looked up for that."""
    return [
        member
        for attempt in load
        if not attempt.step.repeatable or attempt.carrier.maybe_sent
        for member in attempt.fold.members
        if not member.marked
    ]


def refusal_of(load: Sequence[Attempt], answers: "list[Any] | WorkerError") -> TargetError | None:
    """Return what a call was refused with, as a whole or, for what is about us, in one of its answers."""
    if isinstance(answers, list):
        for attempt, answer in zip(load, answers, strict=False):
            if isinstance(answer, TargetError):
                final = in_earnest(attempt, answer)
                if isinstance(final, ClosedError):
                    return final
        return None
    if isinstance(answers, RepeatError):
        return next((answers.otherwise for attempt in load if attempt.renewed), answers)
    return answers if isinstance(answers, TargetError) else None


def in_earnest(attempt: Attempt, answer: Any) -> Any:
    """Return the answer, or what it stands for where the session was renewed for it already."""
    return answer.otherwise if isinstance(answer, RepeatError) and attempt.renewed else answer


def relation(attempt: Attempt) -> str:
    """Return a relation's name, as the gate tells failures of one relation from those of many."""
    return "\0".join(attempt.carrier.key)


def owners(attempt: Attempt) -> Owners:
    """Return the question to the journal that an attempt waits with."""
    assert isinstance(attempt.waiting, Owners), "only what asks is asked for"
    return attempt.waiting


def is_sent(answers: "list[Any] | WorkerError", request: Request | None, response: Response | None) -> bool:
    """Say whether the vendor may have got the request."""
    unclear = isinstance(answers, UnknownOutcomeError | CrashedError)
    return response is not None or (request is not None and unclear)
