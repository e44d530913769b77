"""What SuperOffice's answers say."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import orjson

from worker.errors import (
    AddressError,
    PermanentError,
    Reason,
    RejectedError,
    RepeatError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.answer import json_answer, quoted
from worker.targets.status import refusal
from worker.targets.superoffice.calls import ROWS, Call
from worker.targets.superoffice.session import Doubt, Session

GOOD_STATUSES = range(200, 300)
SESSION = frozenset({401, 403, 421})
REASONS: Mapping[int, Reason] = {400: "rejected", 404: "not_found", 409: "conflict", 412: "conflict"}
# A guess: which error types stand for a fault of the content.
VALIDATION = re.compile(r"valid|argument", re.IGNORECASE)


def read(session: Session, call: Call, response: Response) -> Any:
    """Return what the call's course is sent; raises what was refused."""
    failed = _refusal(session, call, response)
    if failed is not None:
        raise failed
    return GOOD[call.what](response)


def _refusal(session: Session, call: Call, response: Response) -> TargetError | None:
    """Return the error of an answer (contract.md 3.2, signals).

    https://docs.superoffice.com/en/api/web-services/endpoints/rest-webapi/index.html, read 2026-01
    """
    status = response.status
    if status in GOOD_STATUSES:
        return None
    code = str(status)
    said = Said(session, response)
    if status in SESSION:
        return _about_session(session, status, said.detail)
    reason = REASONS.get(status)
    if status == HTTPStatus.NOT_FOUND and (call.relation is None or said.is_page):
        return AddressError(f"{said.detail} (what we call is not there)", code=code)
    if reason is not None and (status != HTTPStatus.PRECONDITION_FAILED or call.since is not None):
        return RejectedError(said.detail, reason=reason, code=code)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and VALIDATION.search(said.kind):
        return RetryableError(said.detail, reason="rejected", code=code, most=2)
    return refusal(response)


def _about_session(session: Session, status: int, detail: str) -> TargetError:
    """Return what a refused session means: renew it and repeat once, else a person must look."""
    otherwise: TargetError
    doubt: Doubt = "login"
    match status:
        case HTTPStatus.MISDIRECTED_REQUEST:
            otherwise, doubt = AddressError(f"{detail} (wrong host)", code="421"), "host"
        case HTTPStatus.FORBIDDEN:
            otherwise = RejectedError(detail, reason="forbidden", code="403")
        case _:
            otherwise = UnauthorizedError(f"{detail} (credentials)", code="401")
    if not session.can_renew(doubt):
        return otherwise
    session.doubts.add(doubt)
    return RepeatError(otherwise)


class Said:
    """The error object of an answer, if it has one."""

    def __init__(self, session: Session, response: Response) -> None:
        try:
            body = orjson.loads(response.body) if response.body else {}
            self.is_page = False
        except orjson.JSONDecodeError:
            body, self.is_page = {}, True
        fields: Mapping[str, Any] = body if isinstance(body, dict) else {}
        secrets = session.manner.secrets
        self.kind = quoted(fields.get("ErrorType"), secrets)
        words = (self.kind, quoted(fields.get("ErrorMessage"), secrets))
        self.detail = ": ".join((f"SuperOffice {response.status}", *filter(None, words)))


def _created(response: Response) -> str:
    """Return the new relation's id; an answer without one leaves open what was made."""
    body = json_answer(response)
    number = body.get("RelationId") if isinstance(body, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        raise UnknownOutcomeError(f"SuperOffice {response.status}: no RelationId came back")
    return str(number)


def _entity(response: Response) -> Mapping[str, Any]:
    body = json_answer(response)
    if not isinstance(body, dict):
        raise PermanentError("SuperOffice: a relation of no known form", reason="unexpected_answer")
    return body


def _done(response: Response) -> None:
    """Accept an answer that needs no body; one that is no JSON is not SuperOffice's."""
    if response.body.strip():
        json_answer(response)


def _rows(response: Response) -> tuple[tuple[int, ...], bool]:
    """Return the ids that were found, each once, and whether there are more than we asked for.

    The archive may show one relation from both of its ends:
    https://docs.superoffice.com/en/api/archive-providers/reference/relation.html, read 2026-01
    """
    body = json_answer(response)
    rows = body.get("value") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise PermanentError("SuperOffice: a list of no known form", reason="unexpected_answer")
    found = tuple(dict.fromkeys(_row_id(row) for row in rows))
    return found, len(rows) >= ROWS


def _row_id(row: Any) -> int:
    number = row.get("relationId", row.get("PrimaryKey")) if isinstance(row, dict) else None
    digits = str(number) if isinstance(number, int | str) and not isinstance(number, bool) else ""
    if not re.fullmatch(r"[0-9]{1,10}", digits):
        raise PermanentError("SuperOffice: a row without relationId", reason="unexpected_answer")
    return int(digits)


GOOD: Mapping[str, Callable[[Response], Any]] = {
    "create": _created,
    "update": _done,
    "delete": _done,
    "one": _entity,
    "find": _rows,
    "probe": _rows,
}
