"""Reads what Silvasoft answers; an empty success is none."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import orjson

from worker.errors import (
    PermanentError,
    RateLimitedError,
    RejectedError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.answer import quoted
from worker.targets.base import Step
from worker.targets.options import account
from worker.targets.silvasoft.calls import Change, Create
from worker.targets.silvasoft.record import relation
from worker.targets.silvasoft.settings import SilvasoftSettings
from worker.targets.status import refusal

# https://developers.silvasoft.nl/documentation/response-format-common-responses/, read November 2026.
TOO_FAST = ("ratelimit", "rate limit")
UNAUTHORIZED = "UNAUTHORIZED"
INVALID_JSON = "INVALID_JSON"
# A guess: one public client (Tim-VL/BoodoSyncSilvasoft) looks for these words.
EXISTS = "already exist"

HOUR = 3600.0
JITTER = 60.0  # a guess: spreads the connections that wait for the same hour


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """The refusal of a create because the relation exists."""

    detail: str


def read(steps: Sequence[Step], response: Response, settings: SilvasoftSettings) -> list[Any]:
    """Return for the one step the relation made, whether it was changed, or the relations found."""
    (step,) = steps
    answer = _parsed(response)
    if error := _refused(response, answer, settings):
        if isinstance(step.body, Create) and _says_exists(response):
            return [AlreadyThere(error.detail)]
        raise error
    if isinstance(answer, Unread):
        raise UnknownOutcomeError(f"HTTP {response.status}: the answer is not JSON")
    rows = answer if isinstance(answer, list) else [answer]
    rows = [row for row in rows if row not in (None, {}, [], "")]
    if isinstance(step.body, Create):
        return [_made(rows, response)]
    if isinstance(step.body, Change):
        return [bool(rows)]
    return [[found for row in rows if (found := relation(row, response.at))]]


class Unread:
    """Stands for a body that is not JSON."""


def _parsed(response: Response) -> Any:
    """Return the body as JSON, None when it is empty."""
    if not response.body.strip():
        return None
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return Unread()


def _refused(response: Response, answer: Any, settings: SilvasoftSettings) -> TargetError | None:
    """Return the error that the answer stands for; a code in the body is one, whatever the status."""
    code, said = _words(answer, settings)
    if response.status == HTTPStatus.UNAUTHORIZED or code == UNAUTHORIZED:
        return _unauthorized(response, said, settings)
    refused = refusal(response)
    if refused is not None and refused.reason != "unexpected_answer":
        return refused
    detail = f"Silvasoft {code or f'HTTP {response.status}'}: {said or 'no message'}"
    if code == INVALID_JSON:
        return PermanentError(detail, reason="unexpected_answer", code=code)
    if code or response.status == HTTPStatus.BAD_REQUEST:
        return RejectedError(detail, reason="rejected", code=code or None)
    if refused is None and response.status != HTTPStatus.OK:
        return PermanentError(f"HTTP {response.status} is in no table", reason="unexpected_answer")
    return refused


def _words(answer: Any, settings: SilvasoftSettings) -> tuple[str, str]:
    """Return the code and the message of an error, empty where there is none."""
    body = answer if isinstance(answer, dict) else {}
    code = body.get("errorCode")
    secrets = (settings.api_key.get_secret_value(),)
    said = quoted(body.get("errorMessage"), secrets)
    if not code:
        return "", said
    return (quoted(str(code), secrets) if isinstance(code, str | int) else "") or "error", said


def _says_exists(response: Response) -> bool:
    return response.status == HTTPStatus.BAD_REQUEST and EXISTS.encode() in response.body.lower()


def _unauthorized(response: Response, said: str, settings: SilvasoftSettings) -> TargetError:
    """Tell the two meanings of 401 apart: the hour's calls are used up, or the credentials are wrong."""
    plain = response.body.decode(errors="replace").casefold()
    if any(words in plain for words in TOO_FAST):
        return RateLimitedError(
            "Silvasoft: the calls of this hour are used up",
            seconds=until_next_hour(response.at, account(settings.api_key)),
            code=UNAUTHORIZED,
        )
    return UnauthorizedError(f"Silvasoft HTTP {response.status}: {said or 'no message'}", code=UNAUTHORIZED)


def until_next_hour(now: datetime | None, who: str) -> float:
    """Return the seconds to the top of the hour and a little more, the same for one account and hour.

    `now` is when the answer came; without it the hour is taken to have just begun.
    """
    if now is None:
        return HOUR + _jitter(who)
    begun = now.replace(minute=0, second=0, microsecond=0)
    rest = HOUR - (now - begun) / timedelta(seconds=1)
    return rest + _jitter(f"{who} {begun.isoformat()}")


def _jitter(seed: str) -> float:
    drawn = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big")
    return JITTER * drawn / 2**32


def _made(rows: list[Any], response: Response) -> Any:
    if not rows:
        raise RejectedError("Silvasoft answered with nothing: it made no relation.", reason="rejected")
    made = relation(rows[0], response.at)
    if made is None:
        raise UnknownOutcomeError("Silvasoft's answer shows no RelationGUID")
    return made
