"""Looks through dead letters, as people do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, bindparam, func, select, tuple_, update

from worker.journal.encoding import moment, moment_or_none
from worker.journal.rows import Letter
from worker.journal.session import Fixed, Many, Row, Session
from worker.journal.tables import cases, letters

_l = letters.c
LetterState = Literal["open", "resolved", "discarded"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant; what is empty does not choose. `since`, `until`: when buried last."""

    ids: Sequence[str] = ()
    connections: Sequence[str] = ()
    reasons: Sequence[str] = ()
    fingerprints: Sequence[str] = ()
    sources: Sequence[str] = ()
    subjects: Sequence[str] = ()
    operations: Sequence[str] = ()
    statuses: Sequence[int] = ()
    since: datetime | None = None
    until: datetime | None = None
    state: LetterState = "open"


@dataclass(frozen=True, slots=True)
class Buried:
    """A dead letter as it lies there; its `letter.case` is empty where many are listed."""

    letter: Letter
    first_buried_at: datetime
    burials: int
    state: LetterState
    closed_at: datetime | None
    closed_by: str | None
    why: str | None

    def as_json(self) -> dict[str, Any]:
        """Return what programs are told of it, the same by every face; how it was closed they add or leave out."""
        kept = self.letter
        return {
            "id": kept.id,
            "connection": kept.connection,
            "position": kept.position,
            "source": kept.source,
            "subject": kept.subject,
            "event_id": kept.event_id,
            "operation": kept.operation,
            "reason": kept.reason,
            "detail": kept.detail,
            "fingerprint": kept.fingerprint,
            "status": kept.status,
            "state": self.state,
            "first_buried_at": self.first_buried_at.isoformat(),
            "buried_at": kept.buried_at.isoformat(),
            "burials": self.burials,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Letters of one cause; `sample` is the id of one of them, `detail` what it says."""

    fingerprint: str
    reason: str
    count: int
    first_buried_at: datetime
    last_buried_at: datetime
    connections: tuple[str, ...]
    sample: str
    detail: str
    operation: str | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The keys of a letter."""

    id: str
    connection: str
    position: int
    source: str | None
    subject: str | None


_COLUMNS = (
    _l.id,
    _l.connection,
    _l.position,
    _l.source,
    _l.subject,
    _l.event_id,
    _l.operation,
    _l.reason,
    _l.detail,
    _l.fingerprint,
    _l.status,
    _l.buried_at,
    _l.first_buried_at,
    _l.burials,
    _l.state,
    _l.closed_at,
    _l.closed_by,
    _l.why,
)
_KEPT = tuple(column.name for column in _COLUMNS[:11])
ONE = Fixed(
    select(*_COLUMNS, cases.c.case_file)
    .select_from(letters.join(cases, cases.c.letter == _l.id))
    .where(_l.id == bindparam("letter"))
)
UNDISCARD = Fixed(
    update(letters)
    .where(_l.id == bindparam("letter"), _l.state == "discarded")
    .values(state="open", closed_at=None, closed_by=None, why=None)
)
SAMPLE = Many(
    [_l.id],
    lambda v: select(_l.id, _l.reason, _l.detail, _l.operation).select_from(v.join(letters, _l.id == v.c.id)),
)


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """Return what a letter must meet."""
    lists: tuple[tuple[ColumnElement[Any], Sequence[Any]], ...] = (
        (_l.id, wanted.ids),
        (_l.connection, wanted.connections),
        (_l.reason, wanted.reasons),
        (_l.fingerprint, wanted.fingerprints),
        (_l.source, wanted.sources),
        (_l.subject, wanted.subjects),
        (_l.operation, wanted.operations),
        (_l.status, wanted.statuses),
    )
    met: list[ColumnElement[bool]] = [_l.state == wanted.state]
    met += (column.in_(values) for column, values in lists if values)
    if wanted.since is not None:
        met.append(_l.buried_at >= wanted.since.timestamp())
    if wanted.until is not None:
        met.append(_l.buried_at < wanted.until.timestamp())
    return met


def page(session: Session, wanted: Filter, most: int, after: str | None = None) -> list[Buried]:
    """Return letters, those buried last first, from behind one on; their cases are left out."""
    query = select(*_COLUMNS).where(*conditions(wanted)).order_by(_l.buried_at.desc(), _l.id.desc()).limit(most)
    if after is not None:
        place = letters.alias()
        last = select(place.c.buried_at, place.c.id).where(place.c.id == after).scalar_subquery()
        query = query.where(tuple_(_l.buried_at, _l.id) < last)
    return [buried_of(row, b"") for row in session.rows(query)]


def chosen(session: Session, wanted: Filter, most: int | None = None, after: Chosen | None = None) -> list[Chosen]:
    """Return the keys of letters that meet the filter, all unless told how many, from behind one on in their order."""
    columns = (_l.id, _l.connection, _l.position, _l.source, _l.subject)
    query = select(*columns).where(*conditions(wanted)).order_by(_l.connection, _l.position, _l.id).limit(most)
    if after is not None:
        place = tuple_(after.connection, after.position, after.id)
        query = query.where(tuple_(_l.connection, _l.position, _l.id) > place)
    return [Chosen(*row) for row in session.rows(query)]


def count(session: Session, wanted: Filter) -> int:
    return int(session.rows(select(func.count()).select_from(letters).where(*conditions(wanted)))[0][0])


def letter(session: Session, wanted: str) -> Buried | None:
    """Return one letter with its case file."""
    found = session.rows(ONE, letter=wanted)
    return buried_of(found[0][:-1], found[0][-1]) if found else None


def buried_of(row: Row, case: bytes) -> Buried:
    buried_at, first_buried_at, burials, state, closed_at, closed_by, why = row[11:]
    kept = Letter(**dict(zip(_KEPT, row, strict=False)), buried_at=moment(buried_at), case=case)
    return Buried(kept, moment(first_buried_at), burials, state, moment_or_none(closed_at), closed_by, why)


def groups(session: Session, wanted: Filter) -> list[Group]:
    """Return causes, the most frequent first."""
    figures = (func.count(), func.min(_l.first_buried_at), func.max(_l.buried_at), func.max(_l.id))
    query = select(_l.fingerprint, _l.connection, *figures).where(*conditions(wanted))
    rows = session.rows(query.group_by(_l.fingerprint, _l.connection))
    causes: dict[str, list[Row]] = {}
    for row in rows:
        causes.setdefault(row[0], []).append(row)
    samples = {max(row[5] for row in same): fingerprint for fingerprint, same in causes.items()}
    told = [
        group_of(causes[samples[sample]], sample, reason, detail, operation)
        for sample, reason, detail, operation in session.look(SAMPLE, [(sample,) for sample in samples])
    ]
    return sorted(told, key=lambda group: (-group.count, group.fingerprint))


def group_of(rows: Sequence[Row], sample: str, reason: str, detail: str, operation: str | None) -> Group:
    """Return the group of what each connection has of one cause."""
    return Group(
        fingerprint=rows[0][0],
        reason=reason,
        count=sum(row[2] for row in rows),
        first_buried_at=moment(min(row[3] for row in rows)),
        last_buried_at=moment(max(row[4] for row in rows)),
        connections=tuple(sorted(row[1] for row in rows)),
        sample=sample,
        detail=detail,
        operation=operation,
    )


def undiscard(session: Session, wanted: str) -> bool:
    """Open a discarded letter again, as long as it is not pruned; says whether it was discarded."""
    return session.run(UNDISCARD, letter=wanted) > 0
