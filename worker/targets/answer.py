"""What targets read out of answers in the same way."""

import re
from collections.abc import Iterable
from typing import Any

import orjson

from worker.errors import UnknownOutcomeError
from worker.sending.wire import MASK, Response

LONGEST = 200


def json_answer(response: Response) -> Any:
    """Return the body as JSON; one that cannot be read leaves the outcome unknown."""
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError as error:
        raise UnknownOutcomeError(f"HTTP {response.status}: the answer is not JSON") from error


def quoted(text: object, secrets: Iterable[str] = ()) -> str:
    """Return a vendor's own words for people: one line, short, secrets masked; nothing but text counts."""
    if not isinstance(text, str) or not text:
        return ""
    line = text
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        line = line.replace(secret, MASK)
    line = re.sub(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+", " ", line).strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."
