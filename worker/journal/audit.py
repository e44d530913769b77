"""Who did what to the journal by hand, when and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from worker.journal.encoding import moment, packed, storable, unpacked
from worker.journal.session import Fixed, Session
from worker.journal.tables import audit

_a = audit.c


@dataclass(frozen=True, slots=True)
class Entry:
    """One deed; `detail` is a JSON value."""

    id: int
    at: datetime
    who: str
    action: str
    detail: Any


APPEND = Fixed(insert(audit).values({name: bindparam(name) for name in ("at", "who", "action", "detail")}))
NEWEST = Fixed(select(*audit.c).where(_a.id < bindparam("before")).order_by(_a.id.desc()).limit(bindparam("most")))
END = 2**62


def append(session: Session, who: str, action: str, detail: Any, at: datetime) -> None:
    session.run(APPEND, at=at.timestamp(), who=storable(who), action=action, detail=packed(detail))


def newest(session: Session, most: int, before: int = END) -> list[Entry]:
    """Return entries, newest first, from before a number on."""
    rows = session.rows(NEWEST, most=most, before=before)
    return [Entry(row[0], moment(row[1]), row[2], row[3], unpacked(row[4])) for row in rows]
