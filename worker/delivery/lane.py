"""The ordered queue of one relation at one connection."""

from asyncio import TimerHandle
from dataclasses import dataclass, field
from datetime import datetime

from worker.delivery.attempt import Again, Attempt
from worker.delivery.held import Held, Key
from worker.journal.rows import KnownRelation


@dataclass(slots=True, eq=False)
class Lane:
    """At most one attempt of a lane is under way; the next starts when its outcome is committed.

    `known` is what the journal knows of the relation (None until it was read); `again`: what is tried next;
    `resting`: nothing starts until its rest is over, which `timer` ends; `free_at`: when the last outcome made room
    for the next attempt.
    """

    key: Key
    waiting: list[Held] = field(default_factory=list)  # few: a deque takes 600 bytes even for one
    current: Attempt | None = None
    known: KnownRelation | None = None
    again: Again | None = None
    resting: bool = False
    timer: TimerHandle | None = None
    queued: bool = False
    free_at: datetime | None = None

    @property
    def is_startable(self) -> bool:
        """Whether its head may start now."""
        return bool(self.waiting) and self.current is None and self.known is not None and not self.resting

    @property
    def is_idle(self) -> bool:
        """Whether nothing of it is left."""
        return not self.waiting and self.current is None

    def take(self, count: int) -> None:
        """Take out the first `count` events, which one attempt carries."""
        del self.waiting[:count]

    def give_back(self, members: list[Held]) -> None:
        """Put the events of an attempt back, in order, before all that came later."""
        self.waiting[:0] = members

    def rest(self) -> None:
        """End a rest, and cancel its timer."""
        self.resting = False
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
