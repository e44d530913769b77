"""Turns the end of an attempt into what the journal keeps and the broker is told."""

from dataclasses import dataclass, replace
from datetime import datetime

from schemas.dead_letter import dead_letter_id
from worker.delivery.attempt import Fold
from worker.delivery.held import Held
from worker.delivery.order import latest
from worker.errors import RejectedError
from worker.journal.rows import KnownRelation, Letter, RelationState, Settled
from worker.outcome.case_file import letter
from worker.outcome.ending import Burial, Effort, End, Origin, Success, Superseded
from worker.outcome.result import Teller
from worker.targets.base import Applied


@dataclass(frozen=True, slots=True)
class Settler:
    """Writes endings for one connection."""

    connection: str
    target: str
    mapping: str
    teller: Teller

    def applied(self, fold: Fold, applied: Applied, known: KnownRelation, now: datetime) -> list[Settled]:
        """Return the outcomes of a fold that the target took: the carrier's, and those it absorbed."""
        *earlier, carrier = fold.members
        success = Success(applied, tuple([member.event.id for member in earlier]))
        state = self.state(fold, applied, known)
        carried = self.ended(carrier, fold.operation, success, now, state, take_over=applied.take_over)
        return [*[self.absorbed(fold, member, now) for member in earlier], carried]

    def absorbed(self, fold: Fold, member: Held, now: datetime) -> Settled:
        """Return the outcome of an event that a later one carried or undid."""
        end = Superseded("cancelled" if member.position in fold.cancelled else "merged", fold.carrier.event.id)
        return self.ended(member, member.row.operation, end, now)

    def ended(
        self,
        held: Held,
        operation: str,
        end: End,
        now: datetime,
        state: RelationState | None = None,
        *,
        take_over: bool = False,
    ) -> Settled:
        """Return the outcome of one event, and what the connection shows of its relation from now on."""
        origin = self.origin(held, operation)
        effort = self.effort(held, end)
        buried = self.buried(held, origin, effort, end, now) if isinstance(end, Burial) else None
        return Settled(
            connection=self.connection,
            position=held.position,
            outcome=end.outcome,
            attempts=effort.attempts,
            calls=effort.calls,
            settled_at=now,
            result=buried[1] if buried else self.teller.result(origin, effort, end, now),
            relation=state,
            letter=buried[0] if buried else None,
            plan=held.row.plan,
            take_over=take_over,
            doubtful=isinstance(end, Burial) and (end.applied_in_part or end.maybe_applied),
            note=end.note,
        )

    def buried(self, held: Held, origin: Origin, effort: Effort, burial: Burial, now: datetime) -> tuple[Letter, bytes]:
        """Return the letter of an event that is given up on, and its dead-letter event."""
        letter_id = dead_letter_id(self.connection, held.event.source, held.event.id)
        result_id = self.teller.event_id(origin, effort, burial)
        return letter(self.teller, origin, effort, burial, now, held.position, letter_id, result_id)

    def origin(self, held: Held, operation: str) -> Origin:
        """Return what an outcome is about."""
        row = held.row
        return Origin(self.connection, self.target, self.mapping, operation, held.event, row.received, {})

    def effort(self, held: Held, end: End) -> Effort:
        """Return what it took; what ended well was attempted once more than it failed."""
        attempts = held.attempts + (1 if isinstance(end, Success) else 0)
        return Effort(attempts, held.calls, held.sent_seconds, held.row.replays, held.row.plan)

    def state(self, fold: Fold, applied: Applied, known: KnownRelation) -> RelationState:
        """Return what the connection shows of the relation from now on; what was forced makes nothing newer stale."""
        carrier, before = fold.carrier, known.state
        deleted = fold.operation == "delete"
        kept = before.remote_id if before and not deleted else None
        return RelationState(
            connection=self.connection,
            source=carrier.row.source,
            subject=carrier.row.subject,
            remote_id=applied.remote_id or kept,
            deleted=deleted,
            position=max(carrier.position, before.position) if before else carrier.position,
            sequence=latest([before.sequence if before else None, *(member.event.sequence for member in fold.members)]),
        )


def with_reason(end: Burial, known: KnownRelation) -> Burial:
    """Return the burial, pointing to the letter in which the relation's create lies, if that is the cause."""
    if end.error.reason != "not_found" or known.buried_create is None:
        return end
    detail = f"It needs the relation's create, which lies buried as {known.buried_create}. {end.error.detail}"
    return replace(end, error=RejectedError(detail, reason="waits_for"))
