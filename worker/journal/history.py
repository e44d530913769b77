"""Tells what became of an event or a relation, at every connection."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from worker.journal.encoding import RANKS, STATES, moment, moment_or_none, tries
from worker.journal.reading import STATE, state_of
from worker.journal.rows import Rank, RelationState, State, Try
from worker.journal.session import LARGEST, Fixed, Many, Row, Session
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

    def as_json(self) -> dict[str, Any]:
        """Return what programs are told of it, the same by every face; its tries stand in the case file."""
        return {
            "connection": self.connection,
            "position": self.position,
            "source": self.source,
            "subject": self.subject,
            "event_id": self.event_id,
            "operation": self.operation,
            "state": self.state,
            "note": self.note,
            "received_at": self.received_at.isoformat(),
            "settled_at": self.settled_at.isoformat() if self.settled_at else None,
            "retry_at": self.retry_at.isoformat() if self.retry_at else None,
            "attempts": self.attempts,
            "calls": self.calls,
            "rank": self.rank,
            "replays": self.replays,
            "plan": self.plan,
            "reported": self.reported,
        }


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
OF_EVENT = Fixed(select(*_COLUMNS).where(_d.event_id == bindparam("event")).order_by(_d.position, _d.connection))
OF_RELATION = Many(
    [_d.shelf, _d.subject],
    lambda v: select(*_COLUMNS).select_from(v.join(deliveries, (_d.shelf == v.c.shelf) & (_d.subject == v.c.subject))),
)
SHELVES = Fixed(select(func.min(_d.shelf)).union_all(select(func.max(_d.shelf))))
NEXT_CONNECTION = Fixed(select(func.min(_r.connection)).where(_r.connection > bindparam("after")))
NEXT_SOURCE = Fixed(
    select(func.min(_r.source)).where(_r.connection == bindparam("connection_"), _r.source > bindparam("after"))
)


def event(session: Session, event_id: str, source: str | None) -> list[Passage]:
    """Return the deliveries of an event, in order of position; of every source unless one is named."""
    rows = session.rows(OF_EVENT, event=event_id)
    return [each for each in map(passage, rows) if source in {None, each.source}]


def relation(
    session: Session, subject: str, source: str | None, most: int
) -> tuple[list[RelationState], list[Passage]]:
    """Return what each connection shows of a relation, and its newest deliveries, the newest first."""
    keys = [
        (connection, found, subject)
        for connection in leaps(session, NEXT_CONNECTION)
        for found in ([source] if source is not None else leaps(session, NEXT_SOURCE, connection_=connection))
    ]
    states = [state_of(row) for row in session.look(STATE, keys)]
    return sorted(states, key=lambda each: (each.source, each.connection)), passages(session, subject, source, most)


def leaps(session: Session, following: Fixed, **within: str) -> Iterator[str]:
    """Yield the distinct values at the front of an index, one seek each."""
    found = session.rows(following, after="", **within)[0][0]
    while found is not None:
        yield found
        found = session.rows(following, after=found, **within)[0][0]


def passages(session: Session, subject: str, source: str | None, most: int) -> list[Passage]:
    """Return the newest deliveries of a relation, going back shelf by shelf."""
    (first,), (last,) = session.rows(SHELVES)
    if last is None:
        return []
    told: list[Passage] = []
    for end in range(last, first - 1, -LARGEST):
        shelves = range(end, max(first - 1, end - LARGEST), -1)
        rows = session.look(OF_RELATION, [(shelf, subject) for shelf in shelves])
        found = [each for each in map(passage, rows) if source in {None, each.source}]
        told += sorted(found, key=lambda each: (-each.position, each.connection))
        if len(told) >= most:
            break
    return told[:most]


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
