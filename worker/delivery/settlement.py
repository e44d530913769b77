"""The end of an attempt, on its way to the disk and to those who hear of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from worker.delivery.attempt import Attempt
from worker.delivery.held import Held
from worker.delivery.lane import Lane
from worker.journal.rows import Settled


@dataclass(slots=True, eq=False, repr=False)  # a bug's report in the log shows no event
class Settlement:
    """Outcomes that are written together or not at all, one for each of `members`.

    `attempt` is None where none was needed. `make` makes what is `settled` when it is about to be written: one right
    after the other for all that end in one turn of the loop, which takes a third of the time. `free_at`: since when
    the lane was free for it.
    """

    lane: Lane
    members: Sequence[Held]
    attempt: Attempt | None = None
    make: Callable[[datetime], Sequence[Settled]] | None = None
    settled: Sequence[Settled] = ()
    free_at: datetime | None = field(default=None, init=False)
