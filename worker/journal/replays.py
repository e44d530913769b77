"""Keeps replay plans and how far each of their letters has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite just as well

from worker.journal.encoding import CODES, RANK_CODES, SELECTED, delivery, moment
from worker.journal.letters import Chosen
from worker.journal.rows import Delivery
from worker.journal.session import Fixed, ManyInserts, Row, Session
from worker.journal.tables import PENDING_REPLAY, deliveries, letters, planned, plans

_d = deliveries.c
_p = planned.c


@dataclass(frozen=True, slots=True)
class Plan:
    """A replay as the journal keeps it; `document` is JSON and says what is selected, changed and at what rate."""

    id: str
    state: str
    created_at: datetime
    created_by: str
    changed_at: datetime
    document: bytes


@dataclass(frozen=True, slots=True)
class PlannedLetter:
    """One letter of a plan; it begins as `planned`, is `offered`, and ends with its outcome or as what stopped it."""

    plan: str
    letter: str
    ordinal: int
    state: str
    note: str | None
    changed_at: datetime


INSERT_PLAN = ManyInserts(list(plans.c), lambda rows: insert(plans).values(rows))
INSERT_LETTERS = ManyInserts(list(planned.c), lambda rows: insert(planned).values(rows))
PLAN = Fixed(select(*plans.c).where(plans.c.id == bindparam("plan")))
PLANS = Fixed(select(*plans.c).order_by(plans.c.created_at.desc()).limit(bindparam("most")))
CHANGE_PLAN = Fixed(
    update(plans)
    .where(plans.c.id == bindparam("plan"), plans.c.state == bindparam("before"))
    .values(state=bindparam("after"), changed_at=bindparam("at"))
)
COUNTS = Fixed(select(_p.state, func.count()).where(_p.plan == bindparam("plan_")).group_by(_p.state))
LETTERS = Fixed(
    select(*planned.c)
    .where(_p.plan == bindparam("plan_"), _p.state == bindparam("state_"), _p.ordinal > bindparam("after"))
    .order_by(_p.ordinal)
    .limit(bindparam("most"))
)
HISTORY = Fixed(select(*planned.c).where(_p.letter == bindparam("letter_")).order_by(_p.changed_at))
NOTE = Fixed(
    update(planned)
    .where(_p.plan == bindparam("plan_"), _p.letter == bindparam("letter_"))
    .values(state=bindparam("now"), note=bindparam("remark"), changed_at=bindparam("at"))
)
OFFER = Fixed(
    update(deliveries)
    .where(
        _d.connection == bindparam("connection_"),
        _d.position == bindparam("position_"),
        _d.state == CODES["dead_lettered"],
        _d.result.is_(None),
        select(letters.c.id)
        .where(letters.c.id == bindparam("letter_"), letters.c.state == "open")
        .with_for_update(read=True, skip_locked=True)  # who is discarding it, discards it
        .exists(),
    )
    .values(
        state=CODES["waiting"],
        rank=RANK_CODES["replay"],
        plan=bindparam("plan_"),
        replays=_d.replays + 1,
        attempts=0,
        first_attempt_at=None,
        retry_at=None,
        settled_at=None,
        marks=0,
        tries=None,
    )
)
WITHDRAW = Fixed(
    update(deliveries)
    .where(
        _d.connection == bindparam("connection_"),
        _d.position == bindparam("position_"),
        _d.plan == bindparam("plan_"),
        _d.state == CODES["waiting"],
    )
    .values(state=CODES["dead_lettered"], replays=_d.replays - 1, settled_at=bindparam("at"))
)
BEHIND = Fixed(
    select(*(letters.c[name] for name in ("id", "connection", "position", "source", "subject"))).where(
        letters.c.connection == bindparam("connection_"),
        letters.c.position == bindparam("position_"),
        exists(select(_p.plan).where(_p.plan == bindparam("plan_"), _p.letter == letters.c.id, _p.state == "offered")),
    )
)
HELD = and_(  # what its plan holds while it is paused; what may be sent goes on
    _d.state == CODES["waiting"],
    _d.maybe_sent == 0,
    exists(select(plans.c.id).where(plans.c.id == _d.plan, plans.c.state == "paused")),
)
OFFERED = Fixed(
    select(*(_d[name] for name in SELECTED))
    .where(
        _d.connection == bindparam("connection_"),
        _d.position > bindparam("after"),
        PENDING_REPLAY,
        ~HELD,
    )
    .order_by(_d.position)
    .limit(bindparam("most"))
)


def add_plan(session: Session, plan: Plan, chosen: Sequence[str]) -> None:
    """Write a plan over some letters, in the order given."""
    at = plan.created_at.timestamp()
    row = (plan.id, plan.state, at, plan.created_by, plan.changed_at.timestamp(), plan.document)
    session.many(INSERT_PLAN, [row])
    rows = [(plan.id, letter, ordinal, "planned", None, at) for ordinal, letter in enumerate(chosen, 1)]
    session.many(INSERT_LETTERS, rows)


def change_plan(session: Session, plan: str, before: str, after: str, at: datetime) -> bool:
    """Move a plan from one state to the next; False: it was not in the first, so nothing is changed."""
    return session.run(CHANGE_PLAN, plan=plan, before=before, after=after, at=at.timestamp()) > 0


def plan_by_id(session: Session, plan: str) -> Plan | None:
    found = session.rows(PLAN, plan=plan)
    return plan_of(found[0]) if found else None


def newest_plans(session: Session, most: int) -> list[Plan]:
    return [plan_of(row) for row in session.rows(PLANS, most=most)]


def plan_of(row: Row) -> Plan:
    return Plan(row[0], row[1], moment(row[2]), row[3], moment(row[4]), row[5])


def counts(session: Session, plan: str) -> dict[str, int]:
    """Return how many letters of a plan are in which state."""
    return {row[0]: row[1] for row in session.rows(COUNTS, plan_=plan)}


def letters_of(session: Session, plan: str, state: str, after: int, most: int) -> list[PlannedLetter]:
    """Return letters of a plan in one state, in order, from behind an ordinal on."""
    found = session.rows(LETTERS, plan_=plan, state_=state, after=after, most=most)
    return [planned_of(row) for row in found]


def history(session: Session, letter: str) -> list[PlannedLetter]:
    """Return in which plans a letter was, and how it ended there, oldest first."""
    return [planned_of(row) for row in session.rows(HISTORY, letter_=letter)]


def planned_of(row: Row) -> PlannedLetter:
    return PlannedLetter(row[0], row[1], row[2], row[3], row[4], moment(row[5]))


def note(session: Session, plan: str, letter: str, state: str, remark: str | None, at: datetime) -> None:
    """Write how far one letter of a plan has come."""
    session.run(NOTE, plan_=plan, letter_=letter, now=state, remark=remark, at=at.timestamp())


def offer(session: Session, plan: str, letter: Chosen, at: datetime) -> bool:
    """Make a buried delivery wait again with rank `replay`; False: it is not open, or not reported yet."""
    place = {"connection_": letter.connection, "position_": letter.position}
    done = session.run(OFFER, **place, plan_=plan, letter_=letter.id) > 0
    if done:
        note(session, plan, letter.id, "offered", None, at)
    return done


def withdraw(session: Session, plan: str, letter: Chosen, at: datetime) -> bool:
    """Lay an offered delivery down again; False: a call is under way, or it has ended."""
    place = {"connection_": letter.connection, "position_": letter.position}
    done = session.run(WITHDRAW, **place, plan_=plan, at=at.timestamp()) > 0
    if done:
        note(session, plan, letter.id, "withdrawn", None, at)
    return done


def behind(session: Session, row: Delivery) -> Chosen | None:
    """Return the letter for which a plan has offered a delivery; None: intake took it again."""
    found = session.rows(BEHIND, plan_=row.plan, connection_=row.connection, position_=row.position)
    return Chosen(*found[0]) if found else None


def offered(session: Session, connection: str, after: int, most: int) -> list[Delivery]:
    """Return what plans that are not paused have on its way at a connection, in order of position."""
    return [delivery(row) for row in session.rows(OFFERED, connection_=connection, after=after, most=most)]
