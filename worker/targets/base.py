"""The law of a target: what it knows about a vendor, as values and generators; it does no I/O."""

from collections.abc import Generator, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Literal, Protocol

from schemas.cloudevent import Event
from schemas.relation import Link, Operation, Party
from schemas.result import Effect
from worker.sending.wire import Request, Response
from worker.value import value


@value
class Known:
    """What the journal knows of a relation at this connection; `deleted`: we deleted it, it is not live.

    `doubtful`: an event was given up on that was, or may have been, brought in part; look before relying on it.
    """

    remote_id: str | None = None
    deleted: bool = False
    doubtful: bool = False


@value
class Task:
    """One delivery as a target sees it.

    `operation` and `data` are those after coalescing; `event` is the carrier and gives id, source and subject.
    `in_doubt`: an earlier call may have reached the vendor, so look before a call that is not repeatable.
    """

    event: Event
    operation: Operation
    data: Link | Party
    known: Known = field(default_factory=Known)
    in_doubt: bool = False


@value
class Step:
    """One thing to ask of the vendor; the dispatcher puts it into a call, alone or with others.

    `body` is the target's own. Steps of equal `batch` may share a call, None goes alone; steps with a `key` in
    common never do; `weight` counts against the connection's `batch`. A step that is not `repeatable` is marked
    in the journal before it goes out and never repeated blindly.
    """

    body: Any = field(repr=False)
    batch: str | None = None
    keys: frozenset[str] = frozenset()
    repeatable: bool = True
    weight: int = 1


@value
class Owners:
    """A question to the journal: which of these remote ids belong to *other* live relations."""

    remote_ids: tuple[str, ...]


@value
class Applied:
    """How a course ended well; `remote_id` None: deleted or unknown. `take_over`: the id moves to this relation.

    Of what was deleted an id is given only to take it over, so that nobody else is thought to have it.
    """

    effect: Effect
    remote_id: str | None = None
    dropped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    take_over: bool = False


# A delivery's walk at one target: it yields a Step and is sent what `read` made of the answer (or has the
# TargetError thrown in), yields Owners and is sent a frozenset of ids, and returns Applied or raises TargetError.
Course = Generator[Step | Owners, Any, Applied]

# What must be said to the vendor before any call can be built (tenant's host, ticket, token).
Exchange = Generator[Request, Response, None]


class Target(Protocol):
    """One connection's knowledge of its vendor."""

    name: str  # onoffice | superoffice | outsmart | silvasoft
    kind: Literal["link", "party"]
    mapping: str  # version of the target's file, e.g. "onoffice/1"

    def identity(self) -> tuple[str, str]:
        """Return host and account: the customer id, else 16 hex of a digest of token or key; no secret."""
        ...

    def keyless(self, data: Link | Party) -> bool:
        """Say whether a create that was never sent leaves no trace: it is look-first and has no natural key."""
        ...

    def course(self, task: Task) -> Course:
        """Return the walk of one delivery; starting it anew is always allowed."""
        ...

    def probe(self) -> Step:
        """Return a harmless read that succeeds when address and credentials are right."""
        ...

    def exchange(self, now: datetime) -> Exchange | None:
        """Return what must be said before the next call, None when the session is fresh enough."""
        ...

    def forget_session(self) -> None:
        """Make the next `exchange` start from nothing."""
        ...

    def request(self, steps: Sequence[Step], now: datetime) -> Request:
        """Return the one request that carries these steps, signed for this moment."""
        ...

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        """Return for each step what its course is sent, or a TargetError that is its own.

        Raises TargetError when the call failed as a whole: with several steps it is then halved, alone the
        error is the step's own.
        """
        ...
