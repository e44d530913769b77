"""Whoever counts, logs and traces for all connections of a worker, and for intake."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from worker.delivery.telling import Telling
from worker.journal.rows import INTAKE, Settled
from worker.telemetry.attempts import Attempts
from worker.telemetry.metrics import Metrics
from worker.telemetry.tracing import Tracing


@dataclass(slots=True)
class Lookout:
    """One for a worker; makes the watch of each connection."""

    metrics: Metrics
    now: Callable[[], datetime]
    tracing: Tracing | None = None
    tellings: dict[str, Telling] = field(default_factory=dict)

    def watch(self, connection: str, target: str) -> Telling:
        """Return who looks at a connection."""
        made = Telling(connection, target, self.metrics, Attempts("delivery"), self.now, self.tracing)
        self.tellings[connection] = made
        self.metrics.expect(connection, target)
        return made

    def received(self, word: str, count: int) -> None:
        """Count messages of intake: taken, duplicate, refused, and those whose trace cannot be continued."""
        if count <= 0:
            return
        if word == "untraced":
            self.metrics.invalid_traceparent(count)
        else:
            self.metrics.event_in(word, count)

    def born_settled(self, settled: Sequence[Settled]) -> None:
        """Count letters that concern no connection."""
        for each in settled:
            if each.connection == INTAKE and each.letter is not None:
                self.metrics.intake_letter(each.letter.reason)
