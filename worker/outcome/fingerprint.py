"""What makes two dead letters one cause."""

import hashlib
import re

# Order matters: a quoted part may hold an id, an id holds numbers.
VARIABLE = re.compile(
    r"""
    "[^"]*" | '[^']*' | \u201c[^\u201d]*\u201d                       # quoted parts
    | \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b       # UUIDs
    | \b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?  # times
    | \b[0-9a-fA-F]{12,}\b                                           # long hexadecimal ids
    | \w*\d[\w-]*                                                    # words with a number
    """,
    re.VERBOSE,
)


def masked(message: str) -> str:
    """Return the message with everything that differs from event to event replaced by one sign."""
    return " ".join(VARIABLE.sub("#", message).split())


def fingerprint(
    target: str | None, operation: str | None, reason: str, status: int | None, code: str | None, message: str
) -> str:
    """Return 16 hexadecimal digits, equal for equal causes."""
    parts = (target or "", operation or "", reason, str(status or ""), code or "", masked(message))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
