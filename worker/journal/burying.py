"""Writes dead letters and how they are closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite just as well

from worker.journal.encoding import storable
from worker.journal.rows import Letter
from worker.journal.session import Fixed, ManyInserts, Session
from worker.journal.tables import cases, letters

_l = letters.c
KEPT = ("id", "connection", "position", "source", "subject", "event_id", "operation")
NEWEST = ("reason", "detail", "fingerprint", "status", "buried_at")
COLUMNS = [_l[name] for name in (*KEPT, *NEWEST, "first_buried_at")]

Closed = Literal["resolved", "discarded"]
RESOLVED: Closed = "resolved"
DISCARDED: Closed = "discarded"


@dataclass(frozen=True, slots=True)
class Closing:
    """An open letter comes to its end."""

    letter: str
    at: datetime
    by: str
    why: str


def _again(rows: list[Any]) -> Any:
    """Insert letters; one that is buried again is the same letter with a newer cause."""
    new = insert(letters).values(rows)
    changed: dict[str, Any] = {name: new.excluded[name] for name in NEWEST}
    reset: dict[str, Any] = {"closed_at": None, "closed_by": None, "why": None}
    return new.on_conflict_do_update(
        index_elements=["id"], set_={**changed, **reset, "burials": _l.burials + 1, "state": "open"}
    )


def _newest_case(rows: list[Any]) -> Any:
    new = insert(cases).values(rows)
    return new.on_conflict_do_update(index_elements=["letter"], set_={"case_file": new.excluded.case_file})


BURY = Fixed(_again([{c.name: bindparam(c.name, type_=c.type) for c in COLUMNS}]))
FILE = ManyInserts([cases.c.letter, cases.c.case_file], _newest_case)
CLOSE = Fixed(
    update(letters)
    .where(_l.id == bindparam("letter"), _l.state == "open")
    .values(state=bindparam("now"), closed_at=bindparam("at"), closed_by=bindparam("by"), why=bindparam("because"))
)
OF_DELIVERY = Fixed(
    select(_l.id).where(_l.connection == bindparam("connection_"), _l.position == bindparam("position_"))
)


def bury(session: Session, buried: Sequence[Letter]) -> None:
    """Write letters; one that was buried before is changed, and open again."""
    for letter in buried:
        session.run(BURY, **row_of(letter))
    session.many(FILE, list({letter.id: (letter.id, letter.case) for letter in buried}.values()))


def row_of(letter: Letter) -> dict[str, Any]:
    texts = ("connection", "source", "subject", "event_id", "operation", "reason", "detail", "fingerprint")
    values = {name: getattr(letter, name) for name in texts}
    return {
        **{name: value if value is None else storable(value) for name, value in values.items()},
        "id": letter.id,
        "position": letter.position,
        "status": letter.status,
        "buried_at": letter.buried_at.timestamp(),
        "first_buried_at": letter.buried_at.timestamp(),
    }


def close(session: Session, closing: Closing, state: Closed) -> bool:
    """Close an open letter; says whether it was open."""
    by, why = storable(closing.by), storable(closing.why)
    done = session.run(CLOSE, letter=closing.letter, now=state, at=closing.at.timestamp(), by=by, because=why)
    return done > 0


def outlive(session: Session, connection: str, position: int, at: datetime, plan: str, letter: str) -> None:
    """Resolve the open letters of a delivery that a plan brought to another end than `letter`."""
    for (older,) in session.rows(OF_DELIVERY, connection_=connection, position_=position):
        if older != letter:
            close(session, Closing(older, at, plan, "replayed"), RESOLVED)
