"""Reads what OutSmart answers; the code in the body decides."""

from collections.abc import Mapping, Sequence
from typing import Any

from worker.errors import (
    AddressError,
    ClosedError,
    PermanentError,
    RejectedError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.answer import json_answer, quoted
from worker.targets.base import Step
from worker.targets.outsmart.calls import Delete, Post
from worker.targets.outsmart.field import KEY, Record
from worker.targets.outsmart.record import plain
from worker.targets.outsmart.settings import OutSmartSettings
from worker.targets.party import integer
from worker.targets.status import refusal
from worker.value import value

DONE = 200
ENTITY_CODES = range(1100, 3000)  # of each entity: xx00 it failed, xx01 a field is missing
FAILED, FIELD_MISSING = 0, 1

# https://knowledge.out-smart.com/openapi/response, read November 2026; about us, not an event.
ABOUT_US: Mapping[int, tuple[type[ClosedError], str]] = {
    1000: (AddressError, "no endpoint is named, see base_url"),
    1001: (AddressError, "the endpoint is unknown, see base_url"),
    1002: (UnauthorizedError, "the token is missing"),
    1003: (UnauthorizedError, "the software token is missing"),
    1004: (UnauthorizedError, "the token is not accepted"),
    1005: (UnauthorizedError, "the software token is not accepted"),
    1006: (AddressError, "https is required, see base_url"),
}
SERVER_ERROR = 1007
DELETE_FAILED = 1600


@value
class Stored:
    """How many records a call held, and how many it is said to have stored (None: no number)."""

    sent: int
    reported: int | None

    @property
    def mismatch(self) -> str | None:
        if self.sent == self.reported:
            return None
        reported = "no number" if self.reported is None else self.reported
        return f"count mismatch: {self.sent} sent, {reported} reported"


def read(steps: Sequence[Step], response: Response, settings: OutSmartSettings) -> list[Any]:
    """Return `Stored` for each record, or the records found, or the number of rows deleted."""
    answer = _done(response, settings)
    asked = steps[0].body
    if isinstance(asked, Post):
        stored = Stored(len(steps), integer(answer))
        if stored.mismatch and len(steps) > 1 and settings.count_check == "verify":
            raise RetryableError(f"OutSmart: {stored.mismatch}")
        return [stored] * len(steps)
    return [integer(answer)] if isinstance(asked, Delete) else [_records(answer, asked.number)]


def _done(response: Response, settings: OutSmartSettings) -> Any:
    """Return the `response` member of an answer whose code is good, else raise what the code means."""
    refused = refusal(response)
    if refused is not None and refused.reason != "unexpected_answer":
        raise refused
    try:
        envelope = json_answer(response)
    except UnknownOutcomeError:
        raise refused or RetryableError("OutSmart: the answer is not JSON") from None
    code = integer(envelope.get("code")) if isinstance(envelope, dict) else None
    if code is None:
        raise refused or PermanentError("OutSmart: the answer has no code", reason="unexpected_answer")
    if code != DONE:
        raise _error(code, envelope.get("messages"), settings)
    if refused is not None:
        raise refused
    return envelope.get("response")


def _error(code: int, messages: Any, settings: OutSmartSettings) -> TargetError:
    if code in ABOUT_US:
        kind, why = ABOUT_US[code]
        return kind(f"OutSmart {code}: {why}", code=str(code))
    first = messages[0] if isinstance(messages, list) and messages else messages
    said = quoted(first, settings.secrets)
    detail = f"OutSmart {code}: {said or 'no message'}"
    if code == SERVER_ERROR:
        return RetryableError(detail, code=str(code))
    if code == DELETE_FAILED or (code in ENTITY_CODES and code % 100 == FIELD_MISSING):
        return RejectedError(detail, reason="rejected", code=str(code))
    if code in ENTITY_CODES and code % 100 == FAILED:
        return RetryableError(detail, reason="rejected", code=str(code), most=2)
    return PermanentError(detail, reason="unexpected_answer", code=str(code))


def _records(answer: Any, number: str) -> list[Record]:
    """Return the records of that number; others are none of ours, whatever the filter let through."""
    rows = [answer] if isinstance(answer, dict) and answer else answer or []
    if not isinstance(rows, list):
        raise PermanentError("OutSmart: the records are no array", reason="unexpected_answer")
    wanted = number.casefold()
    return [row for row in rows if isinstance(row, dict) and plain(row.get(KEY)).casefold() == wanted]
