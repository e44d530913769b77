"""What an answer's headers say about when to come again."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from http_sf import parse

# Retry-After counts on a refusal only; on a 201 or 202 it speaks of a result, not of us (RFC 9110 10.2.3).
REFUSED = 400
LONGEST = 86_400.0
# A reset above this is a moment (seconds since 1970), above the next one in milliseconds.
EPOCH = 1_000_000_000
EPOCH_MILLISECONDS = 1_000_000_000_000

PREFIXES = ("ratelimit", "x-ratelimit", "x-rate-limit")
NAMES = frozenset(
    {"retry-after", "ratelimit", "ratelimit-policy"}
    | {f"{prefix}-{end}" for prefix in PREFIXES for end in ("remaining", "reset")}
)

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Hint:
    """At most `remaining` further calls in the next `seconds`; `asked`: the vendor asks us to wait.

    `junk` counts headers that could not be read.
    """

    seconds: float = 0.0
    remaining: int | None = None
    asked: bool = False
    junk: int = 0


NONE = Hint()


class _Junk(ValueError):  # noqa: N818 -- never leaves this room
    """A header that says nothing."""


def read(status: int, headers: Mapping[str, str], wall: Callable[[], datetime]) -> Hint:
    """Read all forms of hint; `headers` have names in lower case, `wall` counts where the answer has no Date."""
    if NAMES.isdisjoint(headers):
        return NONE
    date = _date(headers.get("date", "")) or wall()
    junk = 0
    for form in (_retry_after, _structured, *_OLDER):
        try:
            hint = form(status, headers, date)
        except _Junk:
            junk += 1
            continue
        if hint is not None:
            return Hint(min(hint.seconds, LONGEST), hint.remaining, hint.asked, junk)
    return Hint(junk=junk)


def _retry_after(status: int, headers: Mapping[str, str], date: datetime) -> Hint | None:
    """Read Retry-After, which goes before all others: seconds, or a date against the answer's own."""
    text = headers.get("retry-after")
    if text is None or status < REFUSED:
        return None
    moment = _date(text)
    seconds = (moment - date).total_seconds() if moment is not None else _number(text)
    return Hint(seconds, 0, asked=True) if seconds > 0 else None


# https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-10.html (read 2026-09)
def _structured(_status: int, headers: Mapping[str, str], _date: datetime) -> Hint | None:
    """Read RateLimit of draft 10, a list of named quotas, or of drafts 07 to 09, a dictionary."""
    if "ratelimit" not in headers:
        return None
    windows = _windows(headers.get("ratelimit-policy", ""))
    found = []
    for name, params in _items(headers["ratelimit"]):
        remaining = params.get("r", params.get("remaining"))
        seconds = params.get("t", params.get("reset", windows.get(name)))
        if _is_count(remaining) and _is_count(seconds):
            found.append(Hint(float(seconds), remaining))
    if not found:
        raise _Junk
    return min(found, key=lambda hint: (hint.remaining, -hint.seconds))


def _windows(policy: str) -> dict[str, Any]:
    """Return the window of each named quota; a policy that cannot be read names none."""
    try:
        return {name: params.get("w") for name, params in _items(policy)}
    except _Junk:
        return {}


def _items(text: str) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        if re.match(r"\s*(limit|remaining|reset)\s*=", text):
            members: Any = parse(text.encode(), tltype="dictionary")
            return [("", {key: value[0] for key, value in members.items()})]
        items: Any = parse(text.encode(), tltype="list") if text else []
        return [(str(item[0]), item[1]) for item in items]
    except Exception as error:  # the parser is foreign and the text hostile
        raise _Junk from error


def _older(prefix: str) -> Callable[[int, Mapping[str, str], datetime], Hint | None]:
    """Return the reader of -Remaining and -Reset (seconds, or a moment) under one prefix."""
    remaining_name, reset_name = f"{prefix}-remaining", f"{prefix}-reset"

    def read_older(_status: int, headers: Mapping[str, str], date: datetime) -> Hint | None:
        if remaining_name not in headers or reset_name not in headers:
            return None
        remaining = int(_number(headers[remaining_name]))
        seconds = _seconds(_number(headers[reset_name]), date)
        return Hint(max(seconds, 0.0), remaining)

    return read_older


_OLDER = tuple(_older(prefix) for prefix in PREFIXES)


def _seconds(reset: float, date: datetime) -> float:
    if reset >= EPOCH_MILLISECONDS:
        reset /= 1000
    return reset - date.timestamp() if reset >= EPOCH else reset


def _number(text: str) -> float:
    found = _NUMBER.match(text.strip())
    if found is None or found.end() != len(text.strip().split(",")[0].rstrip()):
        raise _Junk
    return float(found[0])


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _date(text: str) -> datetime | None:
    if not text[:1].isalpha():
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
