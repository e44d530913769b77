"""Tells what became of an event or a relation, at every connection."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from worker.journal.encoding import RANKS, STATES, hashed, moment, moment_or_none, tries
from worker.journal.reading import state_of
from worker.journal.rows import Rank, RelationState, State, Try
from worker.journal.session import Fixed, Row, Session
from worker.journal.tables import deliveries, relations

_d = deliveries.c
_r = relations.c


@dataclass(frozen=True, slots=True)
class Passage:
    """A delivery as its history tells it; `note` is the effect, why it is superseded, or why it is buried."""

    connection: str
    position: int
    source: str
    subject: str
    event_id: str
    operation: str
    state: State
    note: str | None
    received_at: datetime
    settled_at: datetime | None
    retry_at: datetime | None
    attempts: int
    calls: int
    rank: Rank
    replays: int
    plan: str | None
    reported: bool
    tries: tuple[Try, ...]


_COLUMNS = (
    _d.connection,
    _d.position,
    _d.source,
    _d.subject,
    _d.event_id,
    _d.operation,
    _d.state,
    _d.note,
    _d.received_at,
    _d.settled_at,
    _d.retry_at,
    _d.attempts,
    _d.calls,
    _d.rank,
    _d.replays,
    _d.plan,
    _d.result.is_(None).label("unsaid"),
    _d.tries,
)
OF_EVENT = Fixed(
    select(*_COLUMNS)
    .where(_d.event_key == bindparam("key"), _d.event_id == bindparam("event"))
    .order_by(_d.position, _d.connection)
)
OF_RELATION = Fixed(
    select(*_COLUMNS)
    .where(_d.subject_key == bindparam("key"), _d.subject == bindparam("relation"))
    .order_by(_d.position.desc(), _d.connection)
    .limit(bindparam("most"))
)
STATES_OF = Fixed(select(*relations.c).where(_r.subject == bindparam("relation")).order_by(_r.source, _r.connection))


def event(session: Session, event_id: str, source: str | None) -> list[Passage]:
    """Return the deliveries of an event, in order of position; of every source unless one is named."""
    rows = session.rows(OF_EVENT, key=hashed(event_id), event=event_id)
    return [each for each in map(passage, rows) if source in {None, each.source}]


def relation(
    session: Session, subject: str, source: str | None, most: int
) -> tuple[list[RelationState], list[Passage]]:
    """Return what each connection shows of a relation, and its newest deliveries, the newest first."""
    states = [state_of(row) for row in session.rows(STATES_OF, relation=subject)]
    rows = session.rows(OF_RELATION, key=hashed(subject), relation=subject, most=most)
    return (
        [each for each in states if source in {None, each.source}],
        [each for each in map(passage, rows) if source in {None, each.source}],
    )


def passage(row: Row) -> Passage:
    state = STATES[row[6]]
    return Passage(
        connection=row[0],
        position=row[1],
        source=row[2],
        subject=row[3],
        event_id=row[4],
        operation=row[5],
        state=state,
        note=row[7],
        received_at=moment(row[8]),
        settled_at=moment_or_none(row[9]),
        retry_at=moment_or_none(row[10]),
        attempts=row[11],
        calls=row[12],
        rank=RANKS[row[13]],
        replays=row[14],
        plan=row[15],
        reported=bool(row[16]) and state not in {"waiting", "sent"},
        tries=tries(row[17]),
    )
