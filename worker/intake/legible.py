"""What can still be read of a message that is no event."""

import orjson

from schemas.value import CONTROL
from worker.brokers.base import Message
from worker.brokers.mode import mode
from worker.errors import InvalidMessageError
from worker.intake.content import Document, size
from worker.intake.header import PREFIX, Headers, decoded, lowered
from worker.journal.rows import Received

# What a letter is found by and says of its event; never data.
SHOWN = ("id", "source", "type", "subject", "time", "sequence", "correlationid", "traceparent")
CHARACTERS_MAX = 255


def legible(message: Message | Received, max_bytes: int) -> dict[str, str]:
    """Return the attributes that are there and are text of decent length."""
    is_binary = mode(message.headers) == "binary"
    found = in_headers(lowered(message.headers)) if is_binary else in_body(message, max_bytes)
    return {name: found[name] for name in SHOWN if is_decent(found.get(name))}


def in_headers(headers: Headers) -> Document:
    """Return the attributes of a binary event; of one that is there twice, or is no text, nothing."""
    found: Document = {}
    for given, value in headers:
        name = given.removeprefix(PREFIX)
        if name in SHOWN and name != given:
            found[name] = None if name in found else text(value)
    return found


def text(value: str) -> str | None:
    """Return a header's value, None where it is no UTF-8."""
    try:
        return decoded(value)
    except InvalidMessageError:
        return None


def in_body(message: Message | Received, max_bytes: int) -> Document:
    """Return the members of a structured event, none where the body is too large or no object."""
    if size(message) > max_bytes:
        return {}
    try:
        document = orjson.loads(message.body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def is_decent(value: object) -> bool:
    """Say whether it is text that a list of letters can show."""
    return isinstance(value, str) and 0 < len(value) <= CHARACTERS_MAX and not CONTROL.search(value)
