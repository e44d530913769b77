"""Gives back to intake what a plan took again in vain."""

from datetime import datetime

from sqlalchemy import and_, bindparam, delete, or_, select, update

from worker.journal.encoding import CODES
from worker.journal.replays import note
from worker.journal.rows import INTAKE
from worker.journal.session import Fixed, Session
from worker.journal.tables import deliveries, letters, planned

_d = deliveries.c
_l = letters.c

TAKEN_AGAIN = Fixed(
    select(_l.id)
    .select_from(planned.join(letters, planned.c.letter == _l.id))
    .where(
        planned.c.plan == bindparam("plan_"),
        _l.connection == INTAKE,
        _l.position == bindparam("position_"),
        or_(_l.state == "open", and_(_l.state == "resolved", _l.closed_by == bindparam("plan_"))),
    )
)
DROP = Fixed(
    delete(deliveries).where(
        _d.connection == bindparam("connection_"),
        _d.position == bindparam("position_"),
        _d.plan == bindparam("plan_"),
        _d.state == CODES["waiting"],
        _d.maybe_sent == 0,
    )
)
REOPEN = Fixed(
    update(letters).where(_l.id == bindparam("letter")).values(state="open", closed_at=None, closed_by=None, why=None)
)


def give_back(
    session: Session, plan: str, connection: str, position: int, state: str, why: str | None, at: datetime
) -> bool:
    """Drop a delivery that intake took again, and open its letter; False: it may be sent, or has no such letter."""
    found = session.rows(TAKEN_AGAIN, plan_=plan, position_=position)
    done = bool(found) and session.run(DROP, connection_=connection, position_=position, plan_=plan) > 0
    if done:
        letter = found[0][0]
        session.run(REOPEN, letter=letter)
        note(session, plan, letter, state, why, at)
    return done
