"""What other processes ask of the owner of a connection, because only the owner calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from worker.journal.encoding import moment, moment_or_none, packed, unpacked
from worker.journal.session import Fixed, Many, Row, Session
from worker.journal.tables import UNANSWERED, requests

_q = requests.c


@dataclass(frozen=True, slots=True)
class Request:
    """`action` is a word that both sides know (pause, resume, check); `detail` and `answer` are JSON values."""

    id: int
    connection: str
    action: str
    detail: Any
    asked_at: datetime
    asked_by: str
    answered_at: datetime | None
    answer: Any


ASK = Fixed(
    insert(requests)
    .values({name: bindparam(name) for name in ("connection", "action", "detail", "asked_at", "asked_by")})
    .returning(_q.id)
)
ASKED = Many(
    [_q.connection],
    lambda v: (
        select(*requests.c)
        .select_from(v.join(requests, _q.connection == v.c.connection))
        .where(UNANSWERED)
        .order_by(_q.id)
    ),
)
ONE = Fixed(select(*requests.c).where(_q.id == bindparam("id_")))
ANSWER = Fixed(
    update(requests)
    .where(_q.id == bindparam("id_"), UNANSWERED)
    .values(answered_at=bindparam("at"), answer=bindparam("said"))
)


def ask(session: Session, connection: str, action: str, detail: Any, by: str, at: datetime) -> int:
    """Leave a request for the owner of a connection; return its number."""
    values = {"connection": connection, "action": action, "detail": packed(detail)}
    return int(session.rows(ASK, **values, asked_at=at.timestamp(), asked_by=by)[0][0])


def asked(session: Session, names: Sequence[str]) -> list[Request]:
    """Return what waits for an answer at these connections, oldest first."""
    found = session.look(ASKED, [(name,) for name in names])
    return sorted((request_of(row) for row in found), key=lambda each: each.id)


def answer(session: Session, number: int, said: Any, at: datetime) -> bool:
    """Answer a request once; says whether it was waiting for one."""
    return session.run(ANSWER, id_=number, at=at.timestamp(), said=packed(said)) > 0


def request(session: Session, number: int) -> Request | None:
    found = session.rows(ONE, id_=number)
    return request_of(found[0]) if found else None


def request_of(row: Row) -> Request:
    number, connection, action, detail, asked_at, asked_by, answered_at, said = row
    answered = moment_or_none(answered_at)
    told = None if said is None else unpacked(said)
    return Request(number, connection, action, unpacked(detail), moment(asked_at), asked_by, answered, told)
