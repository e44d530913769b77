"""A waiting delivery in memory, with what has been tried."""

from dataclasses import dataclass, field
from datetime import datetime

from schemas.cloudevent import Event
from worker.errors import TargetError, UnknownOutcomeError
from worker.journal.rows import Delivery, Try

Key = tuple[str, str]  # source, subject


@dataclass(slots=True, eq=False)
class Held:
    """One waiting delivery of a window; everything beside `row` and `event` changes as it is tried.

    `maybe_sent`: a call that must not be repeated blindly may have reached the vendor; `failed_together`: that
    call carried others too, so nobody knows whose fault it was. `suspect`: any call may have reached it, because
    the worker before us ended without a hand-over. `alone`: neither folds nor shares a call; `single`: does not
    fold. `marked`: the journal has its `sent` mark. `forced`: sent even though newer data were applied. `hurried`:
    a replay that a live event of its relation waits for. `tried_seconds`: inside calls and back-offs, without
    pauses and queues. `key` is the relation that it is about, `position` its place in broker order.
    """

    row: Delivery
    event: Event
    maybe_sent: bool = False
    suspect: bool = False
    alone: bool = False
    single: bool = False
    marked: bool = False
    failed_together: bool = False
    forced: bool = False
    hurried: bool = False
    attempts: int = 0
    looks: int = 0
    calls: int = 0
    sent_seconds: float = 0.0
    tried_seconds: float = 0.0
    first_attempt_at: datetime | None = None
    retry_at: float | None = None
    unresolved: TargetError | None = None
    is_unanswered: bool = False
    tries: list[Try] = field(default_factory=list)
    key: Key = field(init=False)
    position: int = field(init=False)

    def __post_init__(self) -> None:
        self.key = (self.row.source, self.row.subject)
        self.position = self.row.position

    @property
    def may_show(self) -> bool:
        """Whether the vendor may show it although nobody said so."""
        return self.maybe_sent or self.is_unanswered

    @property
    def is_idle(self) -> bool:
        """Whether it gets only what live traffic leaves."""
        return self.row.rank == "replay" and not self.hurried


def hold(row: Delivery, event: Event, *, suspect: bool = False) -> Held:
    """Return a delivery as it is held in memory, with what the journal knows of earlier attempts."""
    return Held(
        row,
        event,
        maybe_sent=row.maybe_sent,
        suspect=suspect,
        alone=row.marks > 1,
        unresolved=UnknownOutcomeError("The worker ended while this was being sent.") if row.maybe_sent else None,
        attempts=row.attempts,
        calls=row.calls,
        first_attempt_at=row.first_attempt_at,
        tries=list(row.tries),
    )
