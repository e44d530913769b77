"""Telling an outage from a few events that fail."""

from collections import deque
from collections.abc import Collection

LOOKED_AT = 20
FAILED_OF_THEM = 10
FAILED_IN_A_ROW = 5
AT_START = 3
RELATIONS = 3


class Outage:
    """The last calls, and whether their failures can still be blamed on one or two relations."""

    __slots__ = ("_failed", "_last")

    def __init__(self) -> None:
        self._last: deque[Collection[str] | None] = deque(maxlen=LOOKED_AT)
        self._failed = 0

    def ok(self) -> None:
        """Note a call that was answered sensibly."""
        if self._failed:
            self._push(None)
        else:
            self._last.append(None)

    def failed(self, relations: Collection[str]) -> bool:
        """Note a failed call and the relations that it carried; return whether this is an outage.

        A call that carried none (a token refresh) says nothing about events and is not counted.
        """
        if not relations:
            return False
        self._push(frozenset(relations))
        return self._many() and self._apart() >= RELATIONS

    def clear(self) -> None:
        self._last.clear()
        self._failed = 0

    def _push(self, call: Collection[str] | None) -> None:
        if len(self._last) == LOOKED_AT and self._last[0] is not None:
            self._failed -= 1
        self._last.append(call)
        self._failed += call is not None

    def _many(self) -> bool:
        latest = list(self._last)[-FAILED_IN_A_ROW:]
        in_a_row = len(latest) >= AT_START and None not in latest
        return in_a_row or self._failed >= FAILED_OF_THEM

    def _apart(self) -> int:
        """Return how many failures have no relation in common.

        The halves of a batch with one bad member always share that member, so that splitting it is no outage.
        """
        seen: set[str] = set()
        apart = 0
        for call in reversed(self._last):
            if call is not None and seen.isdisjoint(call):
                seen.update(call)
                apart += 1
        return apart
