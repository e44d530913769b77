"""What can be said of an event before anything is asked of the target."""

from datetime import datetime

from worker.delivery.coalescing import is_expired
from worker.delivery.held import Held
from worker.delivery.order import is_stale
from worker.errors import CrashedError, InvalidMessageError
from worker.journal.rows import KnownRelation
from worker.outcome.ending import Burial, Superseded
from worker.targets.base import Known

UNKNOWN = Known()
CRASHES = 3  # new owners that found it sent without an outcome


def judged(held: Held, known: KnownRelation, now: datetime, *, forced: bool = False) -> Superseded | Burial | None:
    """Return the outcome of an event that needs no call, None where it is to be delivered.

    `forced`: a person has said that it is to be sent even though newer data were applied.
    """
    if held.row.marks >= CRASHES:
        detail = f"The worker ended {held.row.marks} times while this was being sent."
        return Burial(CrashedError(detail), maybe_applied=True, tries=tuple(held.tries))
    if is_expired(held, now):
        detail = "Its expirytime passed before it could be sent."
        return Burial(InvalidMessageError(detail, reason="expired"))
    state = known.state
    if state is not None and not forced and is_stale(held.event.sequence, held.position, state):
        return Superseded("stale", by=None, by_sequence=state.sequence)
    return None


def seen(known: KnownRelation) -> Known:
    """Return what the journal knows of a relation, as a target sees it."""
    state = known.state
    return Known(state.remote_id, state.deleted, state.doubtful) if state else UNKNOWN
