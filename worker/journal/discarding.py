"""Discards dead letters that nobody is bringing on their way."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, exists, select, update

from worker.journal import replays
from worker.journal.burying import DISCARDED, Closing
from worker.journal.encoding import CODES, storable
from worker.journal.errors import UnderWayError
from worker.journal.faring import OVER
from worker.journal.letters import Chosen
from worker.journal.session import Fixed, Many, Session
from worker.journal.settling import DOUBT
from worker.journal.tables import deliveries, leases, letters

_d = deliveries.c
_l = letters.c
_IS_THEIRS = (_d.connection == _l.connection) & (_d.position == _l.position)
_IS_UNDER_WAY = _d.state < CODES["applied"]

# An offer passes over the letter whose row is locked by this, and this waits for the offer that has locked it.
DISCARD = Many(
    [_l.id, _l.closed_at, _l.closed_by, _l.why],
    lambda v: (
        update(letters)
        .where(_l.id == v.c.id, _l.state == "open", ~exists(select(_d.position).where(_IS_THEIRS, _IS_UNDER_WAY)))
        .values(state=DISCARDED, closed_at=v.c.closed_at, closed_by=v.c.closed_by, why=v.c.why)
        .returning(_l.id)
    ),
)
UNDER_WAY = Many(
    [_l.id],
    lambda v: (
        select(_l.id, _l.connection, _l.position, _l.source, _l.subject, _d.plan)
        .select_from(v.join(letters, _l.id == v.c.id).join(deliveries, _IS_THEIRS))
        .where(_IS_UNDER_WAY)
    ),
)
# What may have reached the vendor stays known as such: a replay after an undo looks for it first.
GIVE_UP = Fixed(
    update(deliveries)
    .where(_d.connection == bindparam("connection_"), _d.position == bindparam("position_"), _IS_UNDER_WAY)
    .values(state=CODES["dead_lettered"], maybe_sent=1, settled_at=bindparam("at"))
)
UNSENT = Fixed(
    select(_d.position).where(
        _d.connection == bindparam("connection_"),
        _d.position == bindparam("position_"),
        _d.state == CODES["waiting"],
        _d.maybe_sent == 0,
    )
)
# Who is about to take the lease passes over what is locked, and so do we where the owner writes at this moment.
FREE = Fixed(
    select(leases.c.epoch)
    .where(leases.c.name == bindparam("name_"), leases.c.until <= bindparam("now"))
    .with_for_update(skip_locked=True)
)


def discard(session: Session, closings: Sequence[Closing]) -> int:
    """Discard open letters, all or none; return how many were open. Raises UnderWayError."""
    for letter, plan in under_way(session, closings):
        lay_down(session, letter, plan, closings[0].at)
    rows = [(each.letter, each.at.timestamp(), storable(each.by), storable(each.why)) for each in closings]
    done = session.look(DISCARD, rows)
    left = [letter.id for letter, _ in under_way(session, closings)]  # also what was offered while this waited
    if left:
        raise UnderWayError(left)
    return len(done)


def under_way(session: Session, closings: Sequence[Closing]) -> list[tuple[Chosen, str]]:
    """Return the letters among these that are being replayed, each with its plan."""
    found = session.look(UNDER_WAY, [(each.letter,) for each in closings])
    return [(Chosen(*row[:-1]), row[-1] or "") for row in found]


def lay_down(session: Session, letter: Chosen, plan: str, at: datetime) -> None:
    """Lay down what a plan that is over has offered, where no owner can have it in hand."""
    found = replays.plan_by_id(session, plan)
    if (found is not None and found.state not in OVER) or not is_free(session, letter):
        return
    place = {"connection_": letter.connection, "position_": letter.position}
    if session.rows(UNSENT, **place):
        replays.withdraw(session, plan, letter, at)
        return
    session.run(GIVE_UP, **place, at=at.timestamp())
    session.run(DOUBT, connection_=letter.connection, source_=letter.source, subject_=letter.subject)
    replays.note(session, plan, letter.id, "withdrawn", "it may have been sent", at)


def is_free(session: Session, letter: Chosen) -> bool:
    """Say whether nobody works a letter's connection, nor can begin to before this transaction has ended."""
    return bool(session.rows(FREE, name_=letter.connection, now=session.now()))
