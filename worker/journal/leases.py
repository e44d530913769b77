"""Says who works a connection or intake, and lets nobody else write for it."""

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite just as well

from worker.journal.encoding import CODES, moment
from worker.journal.rows import Lease
from worker.journal.session import Fixed, Many, Session
from worker.journal.tables import SENT, deliveries, leases

_l = leases.c
# A row that somebody has locked is somebody's: waiting for it would hold up all else that we write.
ASK = Fixed(select(_l.owner, _l.epoch, _l.until).where(_l.name == bindparam("name_")).with_for_update(skip_locked=True))
FIRST = Fixed(
    insert(leases)
    .values(name=bindparam("name"), owner=bindparam("owner"), epoch=1, until=bindparam("until"))
    .on_conflict_do_nothing()
)
TAKE_OVER = Fixed(
    update(leases)
    .where(_l.name == bindparam("name_"), _l.epoch == bindparam("epoch_"))
    .values(owner=bindparam("owner_"), epoch=_l.epoch + 1, until=bindparam("until_"))
)
# What was given back is held by nobody, also for a renewal that was on its way meanwhile.
HELD = Many(
    [_l.name, _l.epoch],
    lambda v: (
        select(_l.name)
        .select_from(v.join(leases, (_l.name == v.c.name) & (_l.epoch == v.c.epoch) & (_l.until > 0.0)))
        .with_for_update(of=leases)
    ),
)
RENEW = Many(
    [_l.name, _l.epoch, _l.until],
    lambda v: update(leases).where(_l.name == v.c.name, _l.epoch == v.c.epoch).values(until=v.c.until),
)
RELEASE = Fixed(update(leases).where(_l.name == bindparam("name_"), _l.epoch == bindparam("epoch_")).values(until=0.0))
# Not 0: that is the word of an owner that handed over.
END_ALL = Fixed(update(leases).where(_l.until > 0.0).values(until=1.0))
ALL = Fixed(select(_l.name, _l.owner, _l.epoch, _l.until).order_by(_l.name))
COUNT_MARKS = Fixed(
    update(deliveries)
    .where(deliveries.c.connection == bindparam("connection_"), SENT)
    .values(marks=deliveries.c.marks + 1, state=CODES["waiting"], maybe_sent=1)
)


def acquire(session: Session, name: str, owner: str, seconds: float) -> Lease | None:
    """Take a lease that nobody holds; None while another owner's runs."""
    now = session.now()
    found = session.rows(ASK, name_=name)
    if not found:
        taken = session.run(FIRST, name=name, owner=owner, until=now + seconds)
        return Lease(name, owner, 1, moment(now + seconds)) if taken > 0 else None
    holder, epoch, until = found[0]
    if until > now and holder != owner:
        return None
    if session.run(TAKE_OVER, name_=name, epoch_=epoch, owner_=owner, until_=now + seconds) < 1:
        return None
    return Lease(name, owner, epoch + 1, moment(now + seconds))


def lost(session: Session, held: Iterable[tuple[str, int]]) -> set[str]:
    """Return which of these (name, epoch) are ours no more; the others stay ours until the transaction ends."""
    asked = list(held)
    kept = {row[0] for row in session.look(HELD, asked)}
    return {name for name, _ in asked} - kept


def renew(session: Session, held: Iterable[tuple[str, int, float]]) -> None:
    """Move the ends of leases (name, epoch, seconds from now) that were just found to be ours."""
    now = session.now()
    session.many(RENEW, [(name, epoch, now + seconds) for name, epoch, seconds in held])


def renew_all(session: Session, held: Mapping[str, tuple[int, float]]) -> set[str]:
    """Renew leases (name -> epoch, seconds) that are still ours; return the names of the others."""
    gone = lost(session, [(name, epoch) for name, (epoch, _) in held.items()])
    renew(session, [(name, *each) for name, each in held.items() if name not in gone])
    return gone


def release(session: Session, name: str, epoch: int) -> None:
    """Give a lease back, so that the next owner need not wait; the epoch stays."""
    session.run(RELEASE, name_=name, epoch_=epoch)


def every(session: Session) -> list[Lease]:
    """Return all leases, also those that are over."""
    return [Lease(name, owner, epoch, moment(until)) for name, owner, epoch, until in session.rows(ALL)]


def end_all(session: Session) -> None:
    """End every lease, for the one worker that can be on this database."""
    session.run(END_ALL)


def count_marks(session: Session, connection: str) -> int:
    """Count, for a new owner, what was about to be sent and has no outcome; returns how many.

    Each mark counts once: a worker that dies before it comes to a delivery has nothing to do with it.
    """
    return session.run(COUNT_MARKS, connection_=connection)
