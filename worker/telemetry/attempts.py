"""The one canonical line of an attempt, said of many at a time."""

from collections.abc import Iterable, Iterator
from typing import Literal, TypedDict

import structlog

from worker.telemetry.logs import LEVELS, Json, logger, timestamp

GOOD = frozenset({"applied", "superseded"})


class Line(TypedDict):
    """What an attempt's line says, always all of it; `detail` holds no secret and no body."""

    event: Literal["attempt"]
    connection: str
    target: str
    operation: str
    source: str
    subject: str
    event_id: str
    position: int
    attempts: int
    calls: int
    verdict: str
    status: int | None
    waited_seconds: float
    sent_seconds: float
    reason: str | None
    detail: str | None


class Attempts:
    """Lines that go through the log's own door: text one by one; JSON together, for every delivery has one.

    It stays with the configuration of the moment in which it is made.
    """

    def __init__(self, room: str) -> None:
        self._room = room
        self._log = logger(room).bind()
        self._levels = {word for word, level in LEVELS.items() if self._log.is_enabled_for(level)}
        config = structlog.get_config()
        self._door = config["processors"][-1]
        self._lines = config["logger_factory"]()

    def say(self, lines: Iterable[Line]) -> None:
        """Say lines, in this order."""
        if isinstance(self._door, Json):
            self._lines.gather(self._door.many(self._stamped(lines)))
            return
        for line in lines:
            self._log.log(LEVELS[level_of(line)], **line)

    def _stamped(self, lines: Iterable[Line]) -> Iterator[dict[str, object]]:
        now = timestamp()
        for line in lines:
            level = level_of(line)
            if level in self._levels:
                yield {**line, "room": self._room, "level": level, "timestamp": now}


def level_of(line: Line) -> str:
    """Return how loud a line is: what has not ended well, somebody may want to see."""
    return "info" if line["verdict"] in GOOD else "warning"
