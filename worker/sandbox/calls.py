"""All requests that a sandbox saw: when, how they ended."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from worker.sandbox.clock import Clock


@dataclass(slots=True)  # not frozen: the answer is written into the line that the arrival has begun
class Call:
    """One request; `answered` and `status` stay None without an answer. No query: tokens are in it."""

    number: int
    method: str
    path: str
    arrived: float
    at: float
    answered: float | None = None
    status: int | None = None
    refused: bool = False
    fault: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "method": self.method,
            "path": self.path,
            "arrived": self.arrived,
            "time": datetime.fromtimestamp(self.at, UTC).isoformat(),
            "answered": self.answered,
            "status": self.status,
            "refused": self.refused,
            "fault": self.fault,
        }


class CallLog:
    """Every call in order of arrival; `keep` bounds the memory, the counts go on."""

    def __init__(self, clock: Clock, keep: int | None = None) -> None:
        self._clock = clock
        self._calls: deque[Call] = deque(maxlen=keep)
        self.count = 0
        self.refused = 0
        self.in_flight = 0
        self.most_in_flight = 0

    def arrive(self, method: str, path: str) -> Call:
        self.count += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        call = Call(self.count, method, path, self._clock.monotonic(), self._clock.wall())
        self._calls.append(call)
        return call

    def refuse(self, call: Call) -> None:
        call.refused = True
        self.refused += 1

    def answer(self, call: Call, status: int) -> None:
        call.status = status
        call.answered = self._clock.monotonic()

    def leave(self) -> None:
        self.in_flight -= 1

    def all(self, *, after: int = 0) -> list[Call]:
        """Return the calls later than the given number."""
        return [call for call in self._calls if call.number > after]

    def worst_window(self, calls: int, seconds: float) -> float:
        """Return the fullest window as a share of the quota: over 1.0 the quota was broken."""
        return most_in_window([call.arrived for call in self._calls], seconds) / calls

    def clear(self) -> None:
        self._calls.clear()
        self.count = self.refused = 0
        self.most_in_flight = self.in_flight


def most_in_window(moments: list[float], seconds: float) -> int:
    """Count the most moments that any half-open window of this length holds; they are in order."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
