"""Tells how plans fare, and what of them is to be replayed next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, func, not_, or_, select, update

from worker.journal.encoding import STATES, moment_or_none
from worker.journal.letters import Chosen
from worker.journal.replays import HELD, Plan, PlannedLetter, plan_of, planned_of
from worker.journal.rows import INTAKE, State
from worker.journal.session import Fixed, Many, Session
from worker.journal.tables import PENDING_REPLAY, deliveries, letters, planned, plans

_d = deliveries.c
_l = letters.c
_p = planned.c
OVER = ("finished", "cancelled", "canary_failed")  # plans that nothing comes after
UNDER_WAY = or_(_p.state == "planned", _p.state == "offered")
_KEYS = (_l.id, _l.connection, _l.position, _l.source, _l.subject)


@dataclass(frozen=True, slots=True)
class Due:
    """A letter of a running plan that nobody has offered yet."""

    ordinal: int
    letter: Chosen


@dataclass(frozen=True, slots=True)
class Standing:
    """What the delivery of a letter is at; `replays`: how often it was replayed."""

    state: State
    replays: int


RUNNING = Fixed(select(*plans.c).where(plans.c.state == "running").order_by(plans.c.created_at, plans.c.id))
DUE = Fixed(
    select(_p.ordinal, *_KEYS)
    .select_from(planned.join(letters, _p.letter == _l.id))
    .where(
        _p.plan == bindparam("plan_"),
        _p.state == "planned",
        _p.ordinal > bindparam("after"),
        _p.ordinal <= bindparam("until"),
        _l.connection == bindparam("connection_"),
        _l.state == "open",
    )
    .order_by(_p.ordinal)
    .limit(bindparam("most"))
)
FIRST = Fixed(
    select(*planned.c).where(_p.plan == bindparam("plan_"), _p.ordinal <= bindparam("last")).order_by(_p.ordinal)
)
SHARES = Fixed(
    select(_l.connection, func.count())
    .select_from(planned.join(letters, _p.letter == _l.id))
    .where(_p.plan == bindparam("plan_"), UNDER_WAY)
    .group_by(_l.connection)
)
TAKEN = Fixed(
    select(func.count())
    .select_from(planned.join(letters, _p.letter == _l.id))
    .where(_p.plan == bindparam("plan_"), _p.state == "offered", _l.connection == INTAKE)
)
SINCE = Fixed(
    select(func.count()).where(_p.plan == bindparam("plan_"), not_(UNDER_WAY), _p.changed_at > bindparam("since"))
)
PENDING = Fixed(select(_d.connection, _d.plan).where(PENDING_REPLAY).distinct())
HELD_BACK = Fixed(
    select(_d.source, _d.subject).where(_d.connection == bindparam("connection_"), PENDING_REPLAY, HELD).distinct()
)
LAST = Fixed(select(func.max(_p.changed_at)).where(_p.plan == bindparam("plan_"), _p.state != "planned"))
SWEEP = Fixed(
    update(planned)
    .where(
        _p.plan == bindparam("plan_"),
        _p.state == "planned",
        ~exists(select(_l.id).where(_l.id == _p.letter, _l.state == "open")),
    )
    .values(state="gone", note="it is not open any more", changed_at=bindparam("at"))
)
STANDING = Many(
    [_d.connection, _d.position],
    lambda v: select(_d.connection, _d.position, _d.state, _d.replays).select_from(
        v.join(deliveries, (_d.connection == v.c.connection) & (_d.position == v.c.position))
    ),
)
FOLLOWERS = Many(
    [_l.connection, _l.source, _l.subject],
    lambda v: (
        select(*_KEYS)
        .select_from(
            v.join(
                letters,
                (_l.connection == v.c.connection) & (_l.source == v.c.source) & (_l.subject == v.c.subject),
            )
        )
        .where(_l.state == "open", _l.reason == "waits_for")
    ),
)
CREATES_OF = Many(
    [_l.id], lambda v: select(*_KEYS).select_from(v.join(letters, _l.id == v.c.id)).where(_l.operation == "create")
)


def running(session: Session) -> list[Plan]:
    """Return the plans at work, the oldest first."""
    return [plan_of(row) for row in session.rows(RUNNING)]


def due(session: Session, plan: str, connection: str, after: int, until: int, most: int) -> list[Due]:
    """Return letters that a plan has to replay at a connection, in order, from behind an ordinal to another."""
    found = session.rows(DUE, plan_=plan, connection_=connection, after=after, until=until, most=most)
    return [Due(row[0], Chosen(*row[1:])) for row in found]


def first(session: Session, plan: str, last: int) -> list[PlannedLetter]:
    """Return a plan's letters up to an ordinal."""
    return [planned_of(row) for row in session.rows(FIRST, plan_=plan, last=last)]


def shares(session: Session, plan: str) -> dict[str, int]:
    """Return how many letters of a plan are still to come at each connection."""
    return {row[0]: row[1] for row in session.rows(SHARES, plan_=plan)}


def taken(session: Session, plan: str) -> int:
    """Return how many letters of intake a plan has on their way."""
    return int(session.rows(TAKEN, plan_=plan)[0][0])


def ended_since(session: Session, plan: str, since: datetime) -> int:
    """Count the letters of a plan that ended later than that."""
    return int(session.rows(SINCE, plan_=plan, since=since.timestamp())[0][0])


def moved_at(session: Session, plan: str) -> datetime | None:
    """Return when any letter of a plan went on last."""
    return moment_or_none(session.rows(LAST, plan_=plan)[0][0])


def pending(session: Session) -> dict[str, set[str]]:
    """Return the connections at which a replay has begun and not ended, with the plans that want it."""
    found: dict[str, set[str]] = {}
    for connection, plan in session.rows(PENDING):
        found.setdefault(connection, set()).add(plan)
    return found


def held_back(session: Session, connection: str) -> set[tuple[str, str]]:
    """Return the relations (source, subject) of what paused plans hold at a connection."""
    return {(row[0], row[1]) for row in session.rows(HELD_BACK, connection_=connection)}


def sweep(session: Session, plan: str, at: datetime) -> int:
    """Note which letters of a plan are not open any more; return how many were found."""
    return session.run(SWEEP, plan_=plan, at=at.timestamp())


def standing(session: Session, chosen: Sequence[Chosen]) -> dict[tuple[str, int], Standing]:
    """Return what the deliveries of letters are at, by their places."""
    rows = session.look(STANDING, [(each.connection, each.position) for each in chosen])
    return {(row[0], row[1]): Standing(STATES[row[2]], row[3]) for row in rows}


def followers(session: Session, chosen: Sequence[Chosen]) -> list[Chosen]:
    """Return the open letters that wait for the creates among these."""
    creates = [Chosen(*row) for row in session.look(CREATES_OF, [(each.id,) for each in chosen])]
    keys = {(each.connection, each.source, each.subject) for each in creates}
    return [Chosen(*row) for row in session.look(FOLLOWERS, sorted(keys, key=str))]
