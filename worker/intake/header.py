"""CloudEvents attributes as message headers carry them."""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from worker.intake.document import malformed

PREFIX = "ce-"
ESCAPED = re.compile(r"\\(.)", re.DOTALL)

Headers = Iterable[tuple[str, str]]


def lowered(headers: Headers) -> list[tuple[str, str]]:
    """Return the headers with their names in lower case, as case means nothing in them."""
    return [(name.lower(), value) for name, value in headers]


def header(headers: Headers, name: str) -> str | None:
    """Return the first header of this name, None where there is none."""
    return next((value for given, value in headers if given == name), None)


def attributes(headers: Headers) -> dict[str, str]:
    """Return the attributes of a binary event; raises where one is there twice or is no UTF-8."""
    given = [(name[len(PREFIX) :], decoded(value)) for name, value in headers if name.startswith(PREFIX)]
    found = dict(given)
    if len(found) < len(given):
        raise malformed("headers: one ce- header is there twice")
    return found


def decoded(value: str) -> str:
    """Return an attribute's value: unquoted, then percent-decoded once; raw UTF-8 is taken as it is."""
    if value.isascii() and "%" not in value and '"' not in value:
        return value
    # A broker's client puts U+FFFD where the bytes were no UTF-8; keys must not be made from it.
    if "\ufffd" in value:
        raise malformed("headers: a ce- header is not UTF-8")
    try:
        return unquote_to_bytes(unquoted(value).encode("utf-8", "surrogateescape")).decode()
    except UnicodeError:
        raise malformed("headers: a ce- header is not UTF-8") from None


def unquoted(value: str) -> str:
    """Return the text of a quoted string, another value as it is."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return ESCAPED.sub(r"\1", value[1:-1])
    return value
