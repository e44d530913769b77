"""The port of a broker: hand over, take an ack, publish."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from worker.value import value


@value
class Message:
    """One message as the broker hands it over; (stream, stream_created, stream_sequence) is its identity."""

    stream: str
    stream_created: str
    stream_sequence: int
    subject: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    received_at: datetime


@value
class Publication:
    """One event to publish; `id` lets the broker drop a repeat."""

    subject: str
    id: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


# Returns when the batch is committed; then, and only then, it is acked. Raising begins a new epoch of intake.
Handle = Callable[[Sequence[Message]], Awaitable[None]]


class Broker(Protocol):
    """One broker; nothing above knows which."""

    async def start(self) -> None:
        """Connect (waiting with a message while there is none) and provision streams, idempotently."""
        ...

    async def take(self, handle: Handle) -> None:
        """Hand over everything in broker order, batch by batch, until cancelled or `stop`."""
        ...

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Publish all; returns when the broker has every one, raises `PublishError` otherwise."""
        ...

    async def stop(self) -> None:
        """Take no more, let the last acks and publishes through, disconnect."""
        ...

    @property
    def url(self) -> str:
        """Where producers publish; it holds no secret."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the broker answers now."""
        ...

    @property
    def max_payload(self) -> int:
        """Bytes that one message may hold."""
        ...


class BrokerError(Exception):
    """The broker did not take or give; nothing is lost, it is tried again."""


class BrokerSetupError(BrokerError):
    """The broker does not fit us, and waiting mends nothing: says what is wrong and how to mend it."""


class PublishError(BrokerError):
    """Not all was taken: `failed` says which (by place in the sequence given) and why; the rest is taken."""

    def __init__(self, failed: Mapping[int, str], total: int) -> None:
        super().__init__(f"{len(failed)} of {total} not taken by the broker: {next(iter(failed.values()))}")
        self.failed = dict(failed)
