"""JSON from outside, bounded before it is looked at."""

from typing import Any

import orjson

from worker.errors import InvalidMessageError

DEPTH_MAX = 32


def malformed(detail: str) -> InvalidMessageError:
    """Return the error for bytes that are no event."""
    return InvalidMessageError(detail, reason="malformed")


def parsed(body: bytes, where: str = "body") -> Any:
    """Return the JSON value; raises where it is none, or nested too deep."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed(f"{where}: is not JSON in UTF-8, at character {error.pos + 1}") from None
    # A value cannot be nested deeper than it has opening brackets; most events are known to be flat by that.
    if body.count(b"{") + body.count(b"[") > DEPTH_MAX and is_deeper(value, DEPTH_MAX):
        raise malformed(f"{where}: is nested deeper than {DEPTH_MAX}")
    return value


def is_deeper(value: Any, levels: int) -> bool:
    """Say whether arrays and objects lie within each other more than so many levels deep."""
    level = [value]
    for _ in range(levels):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in members(outer)]
        if not level:
            return False
    return True


def members(value: dict[str, Any] | list[Any]) -> list[Any]:
    """Return what an array or object holds that may itself hold something."""
    inner = value.values() if isinstance(value, dict) else value
    return [each for each in inner if isinstance(each, dict | list)]
