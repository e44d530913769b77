"""What an error or an answer says of one attempt, as values and notes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from worker.delivery.attempt import Attempt, Fold
from worker.delivery.held import Held
from worker.delivery.lane import Lane
from worker.errors import ClosedError, CrashedError, RetryableError, TargetError, UnknownOutcomeError, WorkerError
from worker.journal.rows import Attempted, KnownRelation, Settled, Try
from worker.outcome.case_file import TRIES_KEPT
from worker.targets.base import Applied, Course


def never_was() -> Course:
    """Return the walk of a relation that was created and deleted before anybody saw it."""
    yield from ()
    return Applied("absent")


def doubt(attempt: Attempt, answer: Any) -> None:
    """Note where an answer leaves open what the vendor shows, so that a letter can say it.

    A refusal changes nothing itself, but what was answered before it may have.
    """
    if is_refused(answer) and not (attempt.is_answered or attempt.step.repeatable):
        return
    if unanswered(answer) is not None:
        leave_open(attempt)


def unanswered(answer: Any) -> TargetError | None:
    """Return an error where it leaves open what was done; so does a bug of ours."""
    if isinstance(answer, CrashedError):
        return UnknownOutcomeError(answer.detail)
    return answer if isinstance(answer, RetryableError | UnknownOutcomeError) else None


def leave_open(attempt: Attempt) -> None:
    """Note that the vendor may show it, though nobody was told so."""
    for member in attempt.fold.members:
        member.is_unanswered = True


def in_doubt(attempt: Attempt, error: TargetError) -> bool:
    """Say whether an error leaves open if a step that must not be repeated blindly was done."""
    return not (attempt.step.repeatable or is_refused(error))


def is_refused(answer: Any) -> bool:
    """Say whether a step that must not be repeated blindly was surely not done: we are shut out, or a record lacks."""
    return isinstance(answer, ClosedError) or (isinstance(answer, TargetError) and answer.reason == "not_found")


def may_be_done(fold: Fold) -> bool:
    """Say whether an earlier call may have done it: one that is not repeated blindly, or any that deletes."""
    carrier = fold.carrier
    return (carrier.may_show or carrier.suspect) if fold.operation == "delete" else carrier.maybe_sent


def found(applied: Applied) -> Applied:
    """Return an ending with a word on how we know of it."""
    warnings = dict.fromkeys((*applied.warnings, "found after an unknown outcome"))
    return replace(applied, warnings=tuple(warnings))


def crashed(bug: Exception) -> CrashedError:
    """Return a bug of ours as the reason of a dead letter; its text may hold event data and is not told."""
    error = CrashedError(f"A bug of ours: {type(bug).__name__}. The log has its trace.")
    error.__cause__ = bug
    return error


def exhausted(error: TargetError) -> TargetError:
    """Return the error that stands in the letter when attempts are spent."""
    if isinstance(error, UnknownOutcomeError):
        return RetryableError(error.detail, code=error.code)
    return error


def told(attempt: Attempt, error: WorkerError) -> str:
    """Return what an error says, without the secrets of the request."""
    return attempt.last.request.masked(error.detail) if attempt.last else error.detail


def note_try(attempt: Attempt, verdict: str, error: WorkerError) -> None:
    """Add what was tried to the delivery's history."""
    carrier, response = attempt.carrier, attempt.last.response if attempt.last else None
    waited = (attempt.started_at - carrier.row.received.received_at).total_seconds()
    carrier.tries.append(
        Try(
            attempt.started_at,
            max(0.0, waited),
            attempt.calls,
            verdict,
            response.status if response else None,
            told(attempt, error),
        )
    )
    del carrier.tries[:-TRIES_KEPT]


def attempted(connection: str, held: Held, now: datetime, delay: float) -> Attempted:
    """Return what the journal keeps of a failed attempt."""
    return Attempted(
        connection=connection,
        position=held.position,
        attempts=held.attempts,
        calls=held.calls,
        first_attempt_at=held.first_attempt_at or now,
        retry_at=now + timedelta(seconds=delay),
        maybe_sent=held.maybe_sent,
        tries=tuple(held.tries),
    )


def learn(lane: Lane, settled: Sequence[Settled]) -> None:
    """Note in the lane what its relation's state has become."""
    assert lane.known is not None, "only a known lane settles"
    for each in settled:
        if each.relation is not None:
            lane.known = KnownRelation(each.relation, None)
            continue
        state, buried = lane.known.state, lane.known.buried_create
        if each.letter is not None and each.letter.operation == "create":
            buried = each.letter.id
        if each.doubtful and state is not None:
            state = replace(state, doubtful=True)
        lane.known = KnownRelation(state, buried)
