"""What a connection lets others see of its work: to count, to log, to trace."""

from collections.abc import Sequence
from typing import Protocol

from worker.delivery.attempt import Attempt
from worker.delivery.held import Held
from worker.delivery.settlement import Settlement
from worker.errors import TargetError, WorkerError
from worker.sending.pauses import Pause
from worker.sending.wire import Request, Response


class Watch(Protocol):
    """Somebody who looks on; it must be quick, must not raise, and changes nothing."""

    def called(
        self,
        load: Sequence[Attempt],
        request: Request | None,
        response: Response | None,
        error: TargetError | None,
        seconds: float,
    ) -> None:
        """See one call for these attempts (none: for the session); without a request it could not be built."""
        ...

    def tried(self, attempt: Attempt, verdict: str, error: WorkerError) -> None:
        """See that an attempt failed and will be made again."""
        ...

    def rested(self, held: Held, seconds: float) -> None:
        """See that a delivery begins to rest until its next attempt."""
        ...

    def ended(self, settlements: Sequence[Settlement]) -> None:
        """See what deliveries came to, on disk: all of one turn of the loop, whatever their lanes."""
        ...

    def gate_changed(self, pause: Pause | None) -> None:
        """See the gate close or open."""
        ...

    def closed(self) -> None:
        """See that nothing more is worked here."""
        ...


class Unwatched:
    """Nobody looks on."""

    def called(
        self,
        load: Sequence[Attempt],
        request: Request | None,
        response: Response | None,
        error: TargetError | None,
        seconds: float,
    ) -> None:
        """Look away."""

    def tried(self, attempt: Attempt, verdict: str, error: WorkerError) -> None:
        """Look away."""

    def rested(self, held: Held, seconds: float) -> None:
        """Look away."""

    def ended(self, settlements: Sequence[Settlement]) -> None:
        """Look away."""

    def gate_changed(self, pause: Pause | None) -> None:
        """Look away."""

    def closed(self) -> None:
        """Look away."""


def unwatched(_connection: str, _target: str) -> Watch:
    """Return the watch of a connection that nobody looks at."""
    return Unwatched()
