"""How a delivery ended, and everything that is told about it."""

from typing import ClassVar, Literal

from schemas.cloudevent import Event
from worker.errors import WorkerError
from worker.journal.rows import Outcome, Received, Try
from worker.sending.wire import Request, Response
from worker.targets.base import Applied
from worker.value import value

Why = Literal["merged", "cancelled", "stale"]


@value
class Origin:
    """What an ending is about: one delivery at one connection, or (both None) one message at intake.

    `event` is None where it could not be read; `attributes` then holds what of it could.
    """

    connection: str | None
    target: str | None
    mapping: str
    operation: str | None
    event: Event | None
    received: Received
    attributes: dict[str, str]


@value
class Effort:
    """What it took: attempts, calls (of a shared call each delivery counts one) and seconds inside calls."""

    attempts: int = 0
    calls: int = 0
    sent_seconds: float = 0.0
    replays: int = 0
    plan: str | None = None


@value
class Superseded:
    """No call for this event; `by` is the event that carries, or has carried, what it said."""

    outcome: ClassVar[Outcome] = "superseded"

    why: Why
    by: str | None
    by_sequence: str | None = None

    @property
    def note(self) -> str:
        """The one word that a delivery's history says of it."""
        return self.why


@value
class LastCall:
    """The last exchange with the vendor, still unmasked: `Request.masked` goes over it before it is told."""

    request: Request
    response: Response | None


@value
class Burial:
    """Why an event is given up on, and what was seen."""

    outcome: ClassVar[Outcome] = "dead_lettered"

    error: WorkerError
    remote_id: str | None = None
    applied_in_part: bool = False
    maybe_applied: bool = False
    tries: tuple[Try, ...] = ()
    last_call: LastCall | None = None
    dropped: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """As above."""
        return self.error.reason


@value
class Success:
    """The target shows what the event says; `absorbed` are the events that this one carried."""

    outcome: ClassVar[Outcome] = "applied"

    applied: Applied
    absorbed: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """As above."""
        return self.applied.effect


End = Success | Superseded | Burial
