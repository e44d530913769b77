"""One attempt: a target's course under way, for one event or for several that fold into it."""

from dataclasses import dataclass, field
from datetime import datetime

from schemas.relation import Link, Operation, Party
from worker.delivery.held import Held
from worker.outcome.ending import LastCall
from worker.targets.base import Course, Owners, Step
from worker.value import value


@value
class Fold:
    """Events of one lane that one call can bring: the last one carries; `cancelled` are undone by it.

    `free`: what was created was never sent, so its deletion needs no call.
    """

    members: tuple[Held, ...]
    operation: Operation
    data: Link | Party
    cancelled: frozenset[int] = frozenset()  # positions
    free: bool = False

    @property
    def carrier(self) -> Held:
        """The latest event: its outcome is the outcome of the call."""
        return self.members[-1]


@value
class Again:
    """A fold that is tried again as it is, with the half of a call that it belongs to."""

    fold: Fold
    half: object | None


@dataclass(slots=True, eq=False)
class Attempt:
    """A course and where it stands.

    `half` ties the members of a halved call together; `renewed`: the session was renewed for the present step,
    `session` is the one that it was last asked in; `dropped`: whoever still holds it may forget it.
    `is_answered`: the vendor has answered some step of it.
    `is_half_done`: a step that must not be repeated blindly was answered; from the start it would be repeated.
    `carrier` is the event whose attempt this is, `step` what it last wanted to ask of the vendor.
    `is_blocked`: another relation's attempt is at the same record of the vendor; it begins anew after that.
    """

    fold: Fold
    course: Course
    started_at: datetime
    waiting: Step | Owners | None = None
    half: object | None = None
    renewed: bool = False
    session: int = 0
    calls: int = 0
    in_call: bool = False
    dropped: bool = False
    is_answered: bool = False
    is_half_done: bool = False
    is_blocked: bool = False
    claimed: frozenset[str] = frozenset()
    last: LastCall | None = field(default=None, repr=False)
    carrier: Held = field(init=False, repr=False)
    step: Step = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.carrier = self.fold.carrier
