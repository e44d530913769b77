"""The streams that we need, and what is wrong with those that we find."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from worker.brokers.base import BrokerSetupError

# contract.md 1.3
RELATIONS = "RELATIONS"
RESULTS = "RELATION_RESULTS"
DEAD_LETTERS = "RELATION_DEAD_LETTERS"
CONSUMER = "relation-worker-intake"
OPERATIONS = ("created", "updated", "deleted")
SUBJECTS = tuple(f"relation.{name}{rest}" for name in OPERATIONS for rest in ("", ".>"))

# The server's own trouble, such as a stream that is still being deleted: it may pass.
# https://github.com/nats-io/nats-server/blob/main/server/errors.json (read November 2026)
NO_STORE = 10049

GIB = 1024**3
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Bytes that each stream may hold; seconds that results stay and that repeats are known.

    `is_chosen`: somebody set the bytes, so that streams which hold less grow to them.
    """

    relations: int = 2 * GIB
    results: int = GIB
    dead_letters: int = GIB
    max_age: float = 30 * DAY
    duplicate_window: float = 120.0
    replicas: int = 1
    is_chosen: bool = False

    @property
    def total(self) -> int:
        """Bytes of all three."""
        return self.relations + self.results + self.dead_letters

    def within(self, total: int) -> "StreamLimits":
        """Return the same shares of less, where `total` bytes are not enough."""
        if self.total <= total:
            return self
        return self.of(total)

    def of(self, total: int) -> "StreamLimits":
        """Return the same shares of so many bytes, more or fewer."""
        share = total / self.total
        return replace(
            self,
            relations=int(self.relations * share),
            results=int(self.results * share),
            dead_letters=int(self.dead_letters * share),
        )


def wanted(limits: StreamLimits) -> tuple[StreamConfig, ...]:
    """Build the three streams: a queue that refuses when full, and two logs that forget."""
    queue = StreamConfig(
        name=RELATIONS,
        description="Relation events that are not yet in the worker's journal.",
        subjects=list(SUBJECTS),
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        max_bytes=limits.relations,
        storage=StorageType.FILE,
        num_replicas=limits.replicas,
        duplicate_window=limits.duplicate_window,
    )
    results = _log(RESULTS, "relation-results.>", "What became of each event.", limits.results, limits)
    letters = _log(DEAD_LETTERS, "relation-dead-letters.>", "What was given up on.", limits.dead_letters, limits)
    return queue, results, letters


def _log(name: str, subject: str, description: str, size: int, limits: StreamLimits) -> StreamConfig:
    return StreamConfig(
        name=name,
        description=description,
        subjects=[subject],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        max_bytes=size,
        max_age=limits.max_age,
        storage=StorageType.FILE,
        num_replicas=limits.replicas,
        duplicate_window=min(limits.duplicate_window, limits.max_age),
    )


def misfits(found: StreamConfig, want: StreamConfig) -> Iterator[str]:
    """Say each setting of a stream with which events would be lost, or come to the wrong place."""
    for name in ("retention", "discard", "storage"):
        if (has := getattr(found, name)) != (need := getattr(want, name)):
            yield f"{name} is {_word(has)}, must be {_word(need)}"
    if (has := sorted(found.subjects or [])) != (need := sorted(want.subjects or [])):
        yield f"subjects are {', '.join(has) or 'none'}; must be {', '.join(need)}"
    if found.no_ack:
        yield "no_ack is set, publishers would never hear that a message is stored"
    if found.sealed:
        yield "it is sealed"
    if found.mirror or found.sources:
        yield "it copies another stream"
    if want.name == RELATIONS:
        yield from _drops(found)


def _word(value: object) -> str:
    return str(getattr(value, "value", value))


def _drops(found: StreamConfig) -> Iterator[str]:
    """Name settings by which a queue loses events that nobody has taken."""
    if found.max_age:
        yield f"max_age is {found.max_age:g} s, events would vanish unseen; must be unlimited"
    if (found.max_msgs_per_subject or -1) > 0:
        yield "max_msgs_per_subject is set, must be unlimited"


def differences(found: StreamConfig, want: StreamConfig) -> dict[str, object]:
    """List the limits that are the operator's to choose and differ from our settings."""
    names = ("max_bytes", "max_age", "duplicate_window", "num_replicas")
    return {name: getattr(want, name) for name in names if getattr(found, name) != (getattr(want, name) or 0)}


def growth(found: StreamConfig, changes: Mapping[str, object]) -> dict[str, object]:
    """Return the bytes that somebody chose if they are more than the stream has: nothing is lost by that."""
    size, has = changes.get("max_bytes"), found.max_bytes or 0
    return {"max_bytes": size} if isinstance(size, int) and 0 < has < size else {}


async def provision(js: JetStreamContext, limits: StreamLimits, *, owned: bool, tell: Callable[[str], None]) -> None:
    """Make the streams that lack.

    An `owned` server takes our limits; on others a stream grows to a size that was chosen, and all else stays as it
    is. All are looked at before anything is touched. Raises `BrokerSetupError`.
    """
    streams = wanted(limits)
    found = [await _found(js, want) for want in streams]
    for info, want in zip(found, streams, strict=True):
        if info and (wrong := list(misfits(info.config, want))):
            raise BrokerSetupError(_refusal(want, wrong))
    for info, want in zip(found, streams, strict=True):
        if info is None:
            await _create(js, want)
        elif changes := differences(info.config, want):
            ours = changes if owned else growth(info.config, changes) if limits.is_chosen else {}
            await _differ(js, info, changes, ours, tell)


async def created_at(js: JetStreamContext) -> str:
    """Return when RELATIONS was created: with its name and a sequence, the identity of a message."""
    info = await js.stream_info(RELATIONS)
    return info.created.isoformat() if info.created else ""


async def _found(js: JetStreamContext, want: StreamConfig) -> StreamInfo | None:
    try:
        return await js.stream_info(want.name or "")
    except NotFoundError:
        return None


async def _create(js: JetStreamContext, want: StreamConfig) -> None:
    try:
        await js.add_stream(want)
    except APIError as error:
        if error.err_code == NO_STORE or isinstance(error, ServiceUnavailableError):
            raise
        raise BrokerSetupError(
            f"the broker does not let us create stream {want.name}: {error.description}. Mend that, "
            "choose a smaller broker.max_bytes, or create the stream beforehand."
        ) from error


async def _differ(
    js: JetStreamContext,
    info: StreamInfo,
    changes: Mapping[str, object],
    ours: Mapping[str, object],
    tell: Callable[[str], None],
) -> None:
    """Change what is ours to change, and tell what else differs."""
    if ours:
        try:
            await js.update_stream(info.config.evolve(**ours))
        except APIError as error:
            tell(f"stream {info.config.name} keeps its limits: {error.description}")
            return
    theirs = {name: new for name, new in changes.items() if name not in ours}
    if theirs:
        listed = ", ".join(f"{name} {getattr(info.config, name)} instead of {new}" for name, new in theirs.items())
        tell(f"stream {info.config.name} keeps its own limits: {listed}")


def _refusal(want: StreamConfig, wrong: list[str]) -> str:
    return (
        f"stream {want.name} exists with settings that do not fit: {'; '.join(wrong)}. Nothing was changed. "
        f"Mend it (nats stream edit {want.name}), or back it up and delete it (nats stream rm {want.name}): "
        "it is then created anew at the next start."
    )
