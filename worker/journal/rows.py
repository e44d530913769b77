"""The values that the journal takes and gives."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from worker.value import value

State = Literal["waiting", "sent", "applied", "superseded", "dead_lettered"]
Outcome = Literal["applied", "superseded", "dead_lettered"]
Rank = Literal["live", "replay"]
Place = tuple[str, int]  # of a delivery: its connection and its position

INTAKE = "_intake"  # the connection of what concerns none; contract.md 1.3
PRESENCE = "worker:"  # begins the name of a lease that says only that its owner lives, so that others count it


@value
class Received:
    """One message as it came: where from, and its exact headers and bytes (kept until the outcome)."""

    stream: str
    stream_sequence: int
    subject: str
    received_at: datetime
    headers: tuple[tuple[str, str], ...]
    body: bytes


@value
class Try:
    """One attempt of a delivery; `message` is short and holds no secret and no body."""

    at: datetime
    waited_seconds: float
    calls: int
    verdict: str
    status: int | None
    message: str


@value
class Delivery:
    """One event on its way to one connection. Key: (`connection`, `position`).

    `position` is the event's place in broker order, the same at all its connections. `marks` counts the
    `sent` marks that new owners found without an outcome; `maybe_sent`: a call may have reached the vendor.
    """

    connection: str
    position: int
    source: str
    subject: str
    event_id: str
    digest: bytes
    operation: Literal["create", "update", "delete"]
    received: Received
    maybe_sent: bool = False
    marks: int = 0
    attempts: int = 0
    calls: int = 0
    first_attempt_at: datetime | None = None
    retry_at: datetime | None = None
    tries: tuple[Try, ...] = ()
    rank: Rank = "live"
    plan: str | None = None
    replays: int = 0


@value
class RelationState:
    """What a connection shows of one relation, as far as we know; `position`, `sequence`: last applied.

    `doubtful`: since then an event was given up on that was, or may have been, brought in part.
    """

    connection: str
    source: str
    subject: str
    remote_id: str | None
    deleted: bool
    position: int
    sequence: str | None
    doubtful: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what programs are told of it, the same by every face."""
        return {
            "connection": self.connection,
            "source": self.source,
            "subject": self.subject,
            "remote_id": self.remote_id,
            "deleted": self.deleted,
            "position": self.position,
            "sequence": self.sequence,
            "doubtful": self.doubtful,
        }


@value
class Letter:
    """A dead letter: the columns that it is found by, and its case file (JSON bytes, secrets masked)."""

    id: str
    connection: str
    position: int
    source: str | None
    subject: str | None
    event_id: str | None
    operation: Literal["create", "update", "delete"] | None
    reason: str
    detail: str
    fingerprint: str
    status: int | None
    buried_at: datetime
    case: bytes


@value
class Mark:
    """These deliveries are about to be sent by a call that must not be repeated blindly."""

    connection: str
    positions: tuple[int, ...]

    @property
    def places(self) -> Sequence[Place]:
        return [(self.connection, position) for position in self.positions]


@value
class Attempted:
    """An attempt failed in a way that may pass."""

    connection: str
    position: int
    attempts: int
    calls: int
    first_attempt_at: datetime
    retry_at: datetime
    maybe_sent: bool
    tries: tuple[Try, ...]

    @property
    def places(self) -> Sequence[Place]:
        return ((self.connection, self.position),)


@value
class Settled:
    """How a delivery ended; `result` is the finished result event, kept until it is reported.

    `take_over` moves the remote id from whichever relation has it; `doubtful`: what its relation shows is less sure
    than before. `plan`: the replay that this ends, as in
    `Delivery.plan`. `note` is what the history says of it: the effect, or why it is superseded.
    """

    connection: str
    position: int
    outcome: Outcome
    attempts: int
    calls: int
    settled_at: datetime
    result: bytes
    relation: RelationState | None = None
    take_over: bool = False
    doubtful: bool = False
    letter: Letter | None = None
    plan: str | None = None
    note: str | None = None

    @property
    def places(self) -> Sequence[Place]:
        return ((self.connection, self.position),)


@value
class Taken:
    """What a take made of its deliveries: those that are new, and the positions of events seen before."""

    fresh: tuple[Delivery, ...]
    duplicates: tuple[int, ...]
    reused: tuple[int, ...]  # (source, id) known with another digest: "identifier used twice"
    settled: tuple[Settled, ...] = ()  # what was born settled and is new, where it lies now


@value
class Reported:
    """The result event of this delivery is with the broker."""

    connection: str
    position: int

    @property
    def places(self) -> Sequence[Place]:
        return ((self.connection, self.position),)


@value
class Used:
    """Calls charged to one quota ("15/h"): their moments, or an advance block that a crash may waste.

    A moment is dropped when it is `window` seconds older than the newest, which lies ahead of its writing.
    """

    connection: str
    quota: str
    moments: tuple[datetime, ...]
    window: float = 366 * 86_400.0

    @property
    def places(self) -> Sequence[Place]:
        return ()


@value
class Unused:
    """A quota is in the settings no more, and its calls are not counted."""

    connection: str
    quota: str

    @property
    def places(self) -> Sequence[Place]:
        return ()


@value
class Paused:
    """A connection takes nothing; `until` None: until it is resumed. `by`: us, or a person's name."""

    connection: str
    by: str
    why: str
    until: datetime | None

    @property
    def places(self) -> Sequence[Place]:
        return ((self.connection, 0),)  # that of the connection itself


@value
class Resumed:
    """A connection takes calls again."""

    connection: str
    by: str

    @property
    def places(self) -> Sequence[Place]:
        return ((self.connection, 0),)  # that of the connection itself


Change = Mark | Attempted | Settled | Reported | Used | Unused | Paused | Resumed


@value
class Unreported:
    """A settled delivery whose result is not with the broker yet."""

    connection: str
    position: int
    outcome: Outcome
    reason: str | None
    result: bytes


@value
class KnownRelation:
    """The state of a relation, and the id of the letter in which its create lies buried, if any."""

    state: RelationState | None
    buried_create: str | None


@value
class Lease:
    """Who works a connection, or `intake`; everything written for it is fenced by `epoch`."""

    name: str
    owner: str
    epoch: int
    until: datetime
