"""Reads what the engine works on."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, literal_column, select

from worker.journal.encoding import SELECTED, STATES, delivery, moment, remote_key
from worker.journal.rows import Delivery, KnownRelation, Paused, RelationState, State, Unreported
from worker.journal.session import Fixed, Many, Row, Session
from worker.journal.tables import (
    OPEN_CREATE,
    UNREPORTED,
    WINDOW,
    connections,
    deliveries,
    letters,
    quota_use,
    relations,
)

_d = deliveries.c
_r = relations.c
_l = letters.c


_sized = (
    select(_d.position, func.coalesce(func.length(_d.body), 0).label("size"))
    .where(_d.connection == bindparam("connection_"), _d.position > bindparam("after"), WINDOW)
    .order_by(_d.position)
    .limit(bindparam("rows_"))
    .cte("sized")
)
_summed = select(
    _sized.c.position,
    (func.sum(_sized.c.size).over(order_by=_sized.c.position) - _sized.c.size).label("before"),
).cte("summed")
_last = select(func.max(_summed.c.position)).where(_summed.c.before < bindparam("bytes_")).scalar_subquery()
WAITING = Fixed(
    select(*(_d[name] for name in SELECTED))
    .where(_d.connection == bindparam("connection_"), _d.position > bindparam("after"), _d.position <= _last, WINDOW)
    .order_by(_d.position)
)
ONE = Fixed(
    select(*(_d[name] for name in SELECTED)).where(
        _d.connection == bindparam("connection_"), _d.position == bindparam("position_")
    )
)
_key = (_r.connection, _r.source, _r.subject)
STATE = Many(
    list(_key),
    lambda v: select(*relations.c).select_from(
        v.join(
            relations,
            (_r.connection == v.c.connection) & (_r.source == v.c.source) & (_r.subject == v.c.subject),
        )
    ),
)
CREATES = Many(
    [_l.connection, _l.source, _l.subject],
    lambda v: (
        select(_l.source, _l.subject, func.min(_l.id))
        .select_from(
            v.join(
                letters,
                (_l.connection == v.c.connection) & (_l.source == v.c.source) & (_l.subject == v.c.subject),
            )
        )
        .where(OPEN_CREATE)
        .group_by(_l.source, _l.subject)
    ),
)
OWNERS = Many(
    [_r.connection, _r.remote_key],
    lambda v: (
        select(_r.remote_id, _r.source, _r.subject)
        .select_from(v.join(relations, (_r.connection == v.c.connection) & (_r.remote_key == v.c.remote_key)))
        .where(_r.deleted == literal_column("0"), _r.remote_key.is_not(None))  # as the index says it
    ),
)
RESULTS = Fixed(
    select(_d.connection, _d.position, _d.state, _d.note, _d.result)
    .where(_d.connection == bindparam("connection_"), UNREPORTED)
    .order_by(_d.position)
    .limit(bindparam("most"))
)
USED = Fixed(
    select(quota_use.c.quota, quota_use.c.moment)
    .where(quota_use.c.connection == bindparam("connection_"))
    .order_by(quota_use.c.moment)
)
PAUSED = Fixed(
    select(connections.c.name, connections.c.paused_by, connections.c.paused_why, connections.c.paused_until)
    .where(connections.c.paused_by.is_not(None))
    .order_by(connections.c.name)
)
RELATIONS = Fixed(select(relations).where(_r.connection == bindparam("connection_")).order_by(_r.position))
COUNTS = Fixed(select(_d.connection, _d.state, func.count()).group_by(_d.connection, _d.state))


def waiting(session: Session, connection: str, after: int, rows: int, size: int) -> list[Delivery]:
    """Return the next waiting deliveries of a connection; at least one, whatever its size."""
    found = session.rows(WAITING, connection_=connection, after=after, rows_=rows, bytes_=max(size, 1))
    return [delivery(row) for row in found]


def delivery_at(session: Session, connection: str, position: int) -> Delivery | None:
    """Return one delivery; its body is empty when it has ended well."""
    found = session.rows(ONE, connection_=connection, position_=position)
    return delivery(found[0]) if found else None


def known(session: Session, connection: str, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], KnownRelation]:
    """Return what is known of relations, for every key."""
    wanted = [(connection, source, subject) for source, subject in dict.fromkeys(keys)]
    states = {(row[1], row[2]): state_of(row) for row in session.look(STATE, wanted)}
    buried = {(row[0], row[1]): row[2] for row in session.look(CREATES, wanted)}
    return {key: KnownRelation(states.get(key), buried.get(key)) for key in keys}


def state_of(row: Row) -> RelationState:
    return RelationState(row[0], row[1], row[2], row[3], bool(row[4]), row[5], row[6], doubtful=bool(row[7]))


def relations_of(session: Session, connection: str) -> list[RelationState]:
    """Return all relations of a connection, the one that was changed last at the end."""
    return [state_of(row) for row in session.rows(RELATIONS, connection_=connection)]


def owners(session: Session, connection: str, remote_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return which live relations have these remote ids."""
    rows = session.look(OWNERS, [(connection, remote_key(remote_id)) for remote_id in dict.fromkeys(remote_ids)])
    return {row[0]: (row[1], row[2]) for row in rows}


def unreported(session: Session, names: Sequence[str], limit: int) -> list[Unreported]:
    """Return settled deliveries whose results are not with the broker yet."""
    found: list[Unreported] = []
    for name in names:
        rows = session.rows(RESULTS, connection_=name, most=limit - len(found))
        found += (unreported_of(row) for row in rows)
    return found


def unreported_of(row: Row) -> Unreported:
    connection, position, code, note, result = row
    state = STATES[code]
    assert state in {"applied", "superseded", "dead_lettered"}, state
    reason = note if state == "dead_lettered" else None
    return Unreported(connection, position, state, reason, result)


def used(session: Session, connection: str) -> dict[str, tuple[datetime, ...]]:
    """Return the calls charged to each quota of a connection, oldest first."""
    moments: dict[str, list[datetime]] = {}
    for quota, at in session.rows(USED, connection_=connection):
        moments.setdefault(quota, []).append(moment(at))
    return {quota: tuple(each) for quota, each in moments.items()}


def paused(session: Session) -> dict[str, Paused]:
    """Return the connections that are paused."""
    return {
        name: Paused(name, by, why, None if until is None else moment(until))
        for name, by, why, until in session.rows(PAUSED)
    }


def counts(session: Session) -> dict[tuple[str, State], int]:
    """Count all deliveries by connection and state; reads every row."""
    return {(name, STATES[code]): number for name, code, number in session.rows(COUNTS)}
