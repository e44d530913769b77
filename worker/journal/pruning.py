"""Drops what is told and old, in small pieces, so that nobody waits for it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, exists, func, null, or_, select, update

from worker.journal.encoding import CODES
from worker.journal.faring import OVER
from worker.journal.rows import PRESENCE
from worker.journal.session import Fixed, Many, Session
from worker.journal.tables import cases, deliveries, leases, letters, planned, plans, requests

PIECE = 500  # rows of one step
FIRST = -(2**62)  # letters of other journals lie below zero
UNDO = timedelta(days=1)  # as long a discarded letter can be brought back
_d = deliveries.c
_l = letters.c

# Each row of an index is looked at once a pruning, so the next connection is found by leaping over the last.
NEXT_CONNECTION = Fixed(select(func.min(_d.connection)).where(_d.connection > bindparam("after")))
PIECE_OF = Fixed(
    select(_d.position, _d.received_at)
    .where(_d.connection == bindparam("connection_"), _d.position > bindparam("after"))
    .order_by(_d.position)
    .limit(PIECE)
)
_IS_GIVEN_UP = (_d.state == CODES["dead_lettered"]) & _d.body.is_(None)
DROP = Fixed(
    delete(deliveries).where(
        _d.connection == bindparam("connection_"),
        _d.position > bindparam("after"),
        _d.position <= bindparam("last"),
        or_(_d.state == CODES["applied"], _d.state == CODES["superseded"], _IS_GIVEN_UP),
        _d.result.is_(None),
        _d.settled_at < bindparam("before"),
    )
)
CLOSED = Fixed(
    select(_l.id, _l.connection, _l.position, _l.closed_at)
    .where(_l.state == bindparam("state_"), _l.closed_at < bindparam("before"))
    .limit(PIECE)
)
DROP_CASES = Many([cases.c.letter], lambda v: delete(cases).where(cases.c.letter.in_(select(v.c.letter))))
DROP_LETTERS = Many([_l.id], lambda v: delete(letters).where(_l.id.in_(select(v.c.id))))
# Its event is known for as long as any other from then on, so that a copy is still a duplicate.
GIVE_UP = Fixed(
    update(deliveries)
    .where(
        _d.connection == bindparam("connection_"),
        _d.position == bindparam("position_"),
        _d.state == CODES["dead_lettered"],
        ~exists(select(_l.id).where(_l.connection == _d.connection, _l.position == _d.position)),
    )
    .values(body=null(), headers=null(), settled_at=bindparam("at"))
)
_OVER = or_(*(plans.c.state == state for state in OVER))
_OLD = plans.c.changed_at < bindparam("before")
DROP_PLANNED = Fixed(delete(planned).where(planned.c.plan.in_(select(plans.c.id).where(_OVER, _OLD))))
DROP_PLANS = Fixed(delete(plans).where(_OVER, _OLD))
DROP_REQUESTS = Fixed(delete(requests).where(requests.c.asked_at < bindparam("before")))
# Every start of a worker leaves one.
DROP_PRESENCES = Fixed(
    delete(leases).where(leases.c.name.startswith(PRESENCE, autoescape=True), leases.c.until < bindparam("before"))
)

Write = Callable[[Callable[[Session], int]], Awaitable[int]]


async def prune(write: Write, keep: timedelta, now: datetime) -> int:
    """Drop what ended longer than `keep` ago; return how many deliveries and letters that were."""
    before = now - keep
    dropped = await prune_deliveries(write, before.timestamp())
    for state, until in (("discarded", now - UNDO), ("resolved", before)):
        dropped += await prune_letters(write, state, until.timestamp())
    await write(lambda session: prune_rest(session, before.timestamp()))
    return dropped


async def prune_deliveries(write: Write, before: float) -> int:
    """Go through every connection's deliveries from the oldest on, until they are too young."""
    dropped = 0
    walk = Walk(before)
    while not walk.is_over:
        dropped += await write(walk.step)
    return dropped


class Walk:
    """Where a pruning has come to."""

    def __init__(self, before: float) -> None:
        self._before = before
        self._connection = ""
        self._after: int | None = None
        self.is_over = False

    def step(self, session: Session) -> int:
        """Drop what may go of the next few rows; return how many went."""
        if self._after is None:
            self._leap(session)
            return 0
        rows = session.rows(PIECE_OF, connection_=self._connection, after=self._after)
        if not rows:
            self._after = None
            return 0
        first, self._after = self._after, rows[-1][0] if rows[-1][1] < self._before else None
        span = {"after": first, "last": rows[-1][0], "before": self._before}
        return session.run(DROP, connection_=self._connection, **span)

    def _leap(self, session: Session) -> None:
        found = session.rows(NEXT_CONNECTION, after=self._connection)[0][0]
        self.is_over = found is None
        self._connection, self._after = found or "", FIRST


async def prune_letters(write: Write, state: str, before: float) -> int:
    """Drop letters that were closed, with their cases and the bytes of their deliveries."""
    dropped, last = 0, PIECE
    while last == PIECE:
        last = await write(lambda session: prune_closed(session, state, before))
        dropped += last
    return dropped


def prune_closed(session: Session, state: str, before: float) -> int:
    rows = session.rows(CLOSED, state_=state, before=before)
    ids = [(row[0],) for row in rows]
    session.many(DROP_CASES, ids)
    session.many(DROP_LETTERS, ids)
    for _, connection, position, at in rows:
        session.run(GIVE_UP, connection_=connection, position_=position, at=at)
    return len(rows)


def prune_rest(session: Session, before: float) -> int:
    return sum(session.run(each, before=before) for each in (DROP_PLANNED, DROP_PLANS, DROP_REQUESTS, DROP_PRESENCES))
