"""Tells plans how the deliveries of their letters ended."""

from datetime import datetime

from sqlalchemy import bindparam, exists, or_, select, update

from worker.journal.encoding import CODES
from worker.journal.rows import INTAKE
from worker.journal.session import Fixed, Session
from worker.journal.tables import deliveries, letters, planned

_d = deliveries.c
_same = deliveries.alias()
_p = planned.c

PROGRESS = Fixed(
    update(planned)
    .where(
        _p.plan == bindparam("plan_"),
        _p.letter.in_(
            select(letters.c.id).where(
                letters.c.connection == bindparam("connection_"), letters.c.position == bindparam("position_")
            )
        ),
    )
    .values(state=bindparam("now"), changed_at=bindparam("at"))
)
PROGRESS_OF_TAKEN = Fixed(  # an event has gone where its last delivery has; one that is buried says so at once
    update(planned)
    .where(
        _p.plan == bindparam("plan_"),
        _p.state == "offered",
        _p.letter.in_(
            select(letters.c.id).where(letters.c.connection == INTAKE, letters.c.position == bindparam("position_"))
        ),
        or_(
            bindparam("now") == "dead_lettered",
            ~exists(
                select(_d.position)
                .select_from(deliveries.join(_same, _same.c.event_id == _d.event_id))
                .where(
                    _d.connection == bindparam("connection_"),
                    _d.position == bindparam("position_"),
                    _same.c.position == _d.position,
                    _same.c.plan == _d.plan,
                    _same.c.state < CODES["applied"],
                )
            ),
        ),
    )
    .values(state=bindparam("now"), changed_at=bindparam("at"))
)


def progress(session: Session, plan: str, connection: str, position: int, outcome: str, at: datetime) -> None:
    """Note in the plan how the delivery of one of its letters ended, or of one that intake took again."""
    said = {"plan_": plan, "connection_": connection, "position_": position, "now": outcome, "at": at.timestamp()}
    if session.run(PROGRESS, **said) < 1:
        session.run(PROGRESS_OF_TAKEN, **said)
