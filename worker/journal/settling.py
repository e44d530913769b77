"""Writes what happened to deliveries, and what went with it."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, null, tuple_, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite just as well

from worker.journal.burying import bury, outlive
from worker.journal.encoding import CODES, packed_tries, remote_key, seconds, storable
from worker.journal.progress import progress
from worker.journal.rows import (
    Attempted,
    Change,
    Letter,
    Mark,
    Paused,
    Place,
    RelationState,
    Reported,
    Resumed,
    Settled,
    Unused,
    Used,
)
from worker.journal.session import Fixed, Many, ManyInserts, Session
from worker.journal.tables import LIVE, PENDING, connections, deliveries, quota_use, relations

_d = deliveries.c
_r = relations.c
_PLACE = (_d.connection, _d.position)


def _settle(**also: Any) -> Many:
    written = (_d.state, _d.attempts, _d.calls, _d.settled_at, _d.note, _d.result)
    return Many(
        [*_PLACE, *written],
        lambda v: (
            update(deliveries)
            .where(_d.connection == v.c.connection, _d.position == v.c.position)
            .values({**{c.name: v.c[c.name] for c in written}, "retry_at": null(), **also})
        ),
    )


def _each(**written: Any) -> Many:
    """Return an update of deliveries by their places."""
    return Many(
        list(_PLACE),
        lambda v: (
            update(deliveries).where(_d.connection == v.c.connection, _d.position == v.c.position).values(**written)
        ),
    )


def _upsert(rows: list[Any]) -> Any:
    new = insert(relations).values(rows)
    return new.on_conflict_do_update(
        index_elements=["connection", "source", "subject"],
        set_={column.name: new.excluded[column.name] for column in relations.c if not column.primary_key},
    )


MARK = _each(state=CODES["sent"])
REPORT = _each(result=null())
FINISH = _settle(body=null(), headers=null())
LAY_DOWN = _settle()  # a dead letter keeps its body
RELATE = ManyInserts(list(relations.c), _upsert)
LET_GO = Fixed(
    update(relations)
    .where(
        _r.connection == bindparam("connection_"),
        _r.remote_key == bindparam("remote"),
        LIVE,
        tuple_(_r.source, _r.subject) != tuple_(bindparam("source_"), bindparam("subject_")),
    )
    .values(remote_id=null(), remote_key=null())
)
DOUBT = Fixed(
    update(relations)
    .where(
        _r.connection == bindparam("connection_"),
        _r.source == bindparam("source_"),
        _r.subject == bindparam("subject_"),
    )
    .values(doubtful=1)
)
ATTEMPT = Fixed(
    update(deliveries)
    .where(_d.connection == bindparam("connection_"), _d.position == bindparam("position_"), PENDING)
    .values(
        {
            name: bindparam(name)
            for name in ("state", "maybe_sent", "attempts", "calls", "first_attempt_at", "retry_at", "tries")
        }
    )
)
USE = ManyInserts(
    [quota_use.c.connection, quota_use.c.quota, quota_use.c.moment],
    lambda rows: insert(quota_use).values(rows),
)
FORGET_USE = Fixed(
    delete(quota_use).where(
        quota_use.c.connection == bindparam("connection_"),
        quota_use.c.quota == bindparam("quota_"),
        quota_use.c.moment < bindparam("before"),
    )
)
_pause = insert(connections).values(
    {name: bindparam(name) for name in ("name", "paused_by", "paused_why", "paused_until")}
)
PAUSE = Fixed(
    _pause.on_conflict_do_update(
        index_elements=["name"],
        set_={name: _pause.excluded[name] for name in ("paused_by", "paused_why", "paused_until")},
    )
)
RESUME = Fixed(
    update(connections)
    .where(connections.c.name == bindparam("connection_"))
    .values(paused_by=null(), paused_why=null(), paused_until=null())
)


def apply(session: Session, changes: Iterable[Change]) -> None:
    """Write changes; those of one delivery in the order in which they were made."""
    for run in runs(changes):
        for kind, same in run.items():
            WRITERS[kind](session, same)


def runs(changes: Iterable[Change]) -> Iterator[dict[type, list[Any]]]:
    """Yield changes by kind; a new run begins when something is changed for the second time."""
    run: dict[type, list[Any]] = defaultdict(list)
    seen: set[Place] = set()
    for change in changes:
        places = change.places
        if not seen.isdisjoint(places):
            yield run
            run, seen = defaultdict(list), set()
        seen.update(places)
        run[type(change)].append(change)
    yield run


def mark(session: Session, changes: Sequence[Mark]) -> None:
    session.many(MARK, [place for change in changes for place in change.places])


def report(session: Session, changes: Sequence[Reported]) -> None:
    session.many(REPORT, [(change.connection, change.position) for change in changes])


def attempt(session: Session, changes: Sequence[Attempted]) -> None:
    """Let deliveries wait again after an attempt, even if the vendor may have them; what has ended stays so."""
    for change in changes:
        session.run(
            ATTEMPT,
            connection_=change.connection,
            position_=change.position,
            state=CODES["waiting"],
            maybe_sent=int(change.maybe_sent),
            attempts=change.attempts,
            calls=change.calls,
            first_attempt_at=change.first_attempt_at.timestamp(),
            retry_at=change.retry_at.timestamp(),
            tries=packed_tries(change.tries),
        )


def settle(session: Session, changes: Sequence[Settled]) -> None:
    """Write outcomes, the state of relations, letters, and what plans learn of it."""
    relate(session, changes)
    session.many(FINISH, [row_of(each, each.note) for each in changes if each.letter is None])
    buried = [(each, each.letter) for each in changes if each.letter is not None]
    session.many(LAY_DOWN, [row_of(each, letter.reason) for each, letter in buried])
    bury(session, [letter for _, letter in buried])
    doubt(session, [letter for each, letter in buried if each.doubtful])
    for each in changes:
        if each.plan is not None:
            letter = each.letter.id if each.letter else ""
            outlive(session, each.connection, each.position, each.settled_at, each.plan, letter)
            progress(session, each.plan, each.connection, each.position, each.outcome, each.settled_at)


def row_of(each: Settled, note: str | None) -> tuple[Any, ...]:
    return (
        each.connection,
        each.position,
        CODES[each.outcome],
        each.attempts,
        each.calls,
        each.settled_at.timestamp(),
        note,
        each.result,
    )


def relate(session: Session, changes: Sequence[Settled]) -> None:
    """Write what connections show from now on; the last word on a relation counts."""
    rows: dict[tuple[str, str, str], tuple[Any, ...]] = {}
    for each in changes:
        state = each.relation
        if state is None:
            continue
        if each.take_over and state.remote_id is not None:
            let_go(session, state)
        key = state.connection, state.source, state.subject
        shown = (state.remote_id, int(state.deleted), state.position, state.sequence, int(state.doubtful))
        rows[key] = (*key, *shown, remote_key(state.remote_id))
    session.many(RELATE, list(rows.values()))


def let_go(session: Session, state: RelationState) -> None:
    """Take the remote id from whichever live relation has it."""
    session.run(
        LET_GO,
        connection_=state.connection,
        remote=remote_key(state.remote_id),
        source_=state.source,
        subject_=state.subject,
    )


def doubt(session: Session, lying: Sequence[Letter]) -> None:
    """Note that what the relations of these letters show may be something else."""
    for letter in lying:
        session.run(DOUBT, connection_=letter.connection, source_=letter.source, subject_=letter.subject)


def use(session: Session, changes: Sequence[Used]) -> None:
    """Write moments of calls, and drop those that no window holds any more."""
    rows = [(each.connection, each.quota, at.timestamp()) for each in changes for at in each.moments]
    session.many(USE, rows)
    for each in {(each.connection, each.quota): each for each in changes if each.moments}.values():
        before = max(each.moments).timestamp() - each.window
        session.run(FORGET_USE, connection_=each.connection, quota_=each.quota, before=before)


def forget_use(session: Session, changes: Sequence[Unused]) -> None:
    for each in changes:
        session.run(FORGET_USE, connection_=each.connection, quota_=each.quota, before=math.inf)


def pause(session: Session, changes: Sequence[Paused]) -> None:
    for each in changes:
        by, why = storable(each.by), storable(each.why)
        session.run(PAUSE, name=each.connection, paused_by=by, paused_why=why, paused_until=seconds(each.until))


def resume(session: Session, changes: Sequence[Resumed]) -> None:
    for each in changes:
        session.run(RESUME, connection_=each.connection)


WRITERS: dict[type, Any] = {
    Mark: mark,
    Attempted: attempt,
    Settled: settle,
    Reported: report,
    Used: use,
    Unused: forget_use,
    Paused: pause,
    Resumed: resume,
}
