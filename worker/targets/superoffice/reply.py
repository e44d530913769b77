"""What came back when a session was asked for."""

from collections.abc import Mapping
from typing import Any

import orjson

from worker.errors import ClosedError, OutageError, UnauthorizedError
from worker.sending.wire import Response
from worker.targets.answer import json_answer, quoted
from worker.targets.status import refusal
from worker.targets.superoffice.settings import SuperOfficeSettings


def fields_of(response: Response, what: str, settings: SuperOfficeSettings) -> Mapping[str, Any]:
    """Return an answer's object; whatever is wrong with it is about us, never about an event."""
    failed = refusal(response)
    if failed is None:
        body = json_answer(response)
        if isinstance(body, dict):
            return body
        raise OutageError(f"SuperOffice {what}: an answer of no known form")
    if isinstance(failed, ClosedError):
        raise type(failed)(f"SuperOffice {what}: {failed.detail}", seconds=failed.seconds)
    if response.status < 500:  # noqa: PLR2004 -- the border between our fault and theirs
        raise UnauthorizedError(f"SuperOffice {what}: HTTP {response.status}{_why(response, settings)}")
    raise OutageError(f"SuperOffice {what}: {failed.detail}")


def _why(response: Response, settings: SuperOfficeSettings) -> str:
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return ""
    text = quoted(body.get("error") if isinstance(body, dict) else None, settings.secrets)
    return f" ({text})" if text else ""
