"""Which trace contexts can be continued."""

import re

from schemas.value import CONTROL, SHORT

# https://www.w3.org/TR/trace-context-1/#traceparent-header, read November 2026: a later version may add fields.
PARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:(?<!^00.{53})-[!-~]*)?"
)
STATE_MAX = 512


def is_parent(value: object) -> bool:
    """Say whether it is a traceparent."""
    return isinstance(value, str) and len(value) <= SHORT and bool(PARENT.fullmatch(value))


def is_state(value: object) -> bool:
    """Say whether it may be a tracestate: printable, with members of the form key=value."""
    if not isinstance(value, str) or not 0 < len(value) <= STATE_MAX:
        return False
    return value.isascii() and "=" in value and not CONTROL.search(value)
