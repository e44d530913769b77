"""Keeps in the journal whether a connection is paused."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from worker.delivery.keep import Keeper
from worker.journal.rows import Paused, Resumed
from worker.sending.pauses import Pause

LONG = 5.0  # seconds; a shorter pause is over before anybody could read of it


@dataclass(slots=True)
class Pausing:
    """Writes one change after the other, so that what holds stands last, however late the journal could write."""

    connection: str
    keeper: Keeper
    now: Callable[[], datetime]
    _due: Paused | Resumed | None = None
    _is_writing: bool = False

    def changed(self, pause: Pause | None) -> None:
        """Write down what holds from now on; None: calls are made again."""
        if pause is None:
            self._due = Resumed(self.connection, "gate")
        elif pause.until is None or (pause.until - self.now()).total_seconds() > LONG:
            self._due = Paused(self.connection, pause.by, pause.why, pause.until)
        if not self._is_writing:
            self._write()

    def _write(self) -> None:
        due, self._due = self._due, None
        self._is_writing = due is not None
        if due is not None:
            self.keeper.keep((due,), self._write)
