"""Takes in dead letters that come from another journal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, func, select, update

from worker.journal.burying import bury
from worker.journal.encoding import CODES, inserted
from worker.journal.rows import Delivery, Letter
from worker.journal.session import Fixed, Many, Session
from worker.journal.tables import deliveries, letters
from worker.journal.taking import INSERT

_d = deliveries.c
_l = letters.c


@dataclass(frozen=True, slots=True)
class Carried:
    """A letter as it travels: with the delivery that it is about."""

    delivery: Delivery
    letter: Letter
    first_buried_at: datetime
    burials: int


KNOWN = Many([_l.id], lambda v: select(_l.id).select_from(v.join(letters, _l.id == v.c.id)))
LOWEST = Fixed(select(func.min(_d.position)))
LAY = Fixed(
    update(deliveries)
    .where(_d.connection == bindparam("connection_"), _d.position == bindparam("position_"))
    .values(
        state=CODES["dead_lettered"],
        note=bindparam("reason"),
        settled_at=bindparam("at"),
        maybe_sent=bindparam("sent"),
        attempts=bindparam("attempts_"),
        calls=bindparam("calls_"),
    )
)
AGE = Fixed(
    update(letters)
    .where(_l.id == bindparam("letter"))
    .values(first_buried_at=bindparam("since"), burials=bindparam("times"))
)


def known_letters(session: Session, ids: Sequence[str]) -> set[str]:
    """Return which of these letters are here already."""
    return {row[0] for row in session.look(KNOWN, [(each,) for each in ids])}


def carry(session: Session, carried: Sequence[Carried]) -> list[str]:
    """Lay letters down before everything that was ever taken here, in their order; return the ids of the new ones.

    Their own places mean nothing in this journal. So far back they never overwrite what was applied here.
    """
    there = known_letters(session, [each.letter.id for each in carried])
    new = [each for each in carried if each.letter.id not in there]
    lowest = session.rows(LOWEST)[0][0]
    place = min(0, lowest if lowest is not None else 0) - len(new)
    for number, each in enumerate(new):
        lay(session, each, place + number)
    return [each.letter.id for each in new]


def lay(session: Session, each: Carried, position: int) -> None:
    delivery = replace(each.delivery, position=position)
    session.many(INSERT, [inserted(delivery)])
    session.run(
        LAY,
        connection_=delivery.connection,
        position_=position,
        reason=each.letter.reason,
        at=each.letter.buried_at.timestamp(),
        sent=int(delivery.maybe_sent),
        attempts_=delivery.attempts,
        calls_=delivery.calls,
    )
    bury(session, [replace(each.letter, position=position)])
    session.run(AGE, letter=each.letter.id, since=each.first_buried_at.timestamp(), times=each.burials)
