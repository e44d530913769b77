"""The FastStream application: one channel in, two out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from faststream import AckPolicy, FastStream, StreamMessage
from faststream.nats import JStream, PullSub
from faststream.specification import AsyncAPI
from nats.aio.msg import Msg

from worker.brokers.base import Handle, Message
from worker.brokers.client import Connector
from worker.brokers.pull import Pull, handed_over
from worker.brokers.streams import CONSUMER, DEAD_LETTERS, RELATIONS, RESULTS


@dataclass(frozen=True, slots=True)
class Payloads:
    """What the AsyncAPI document shows of each channel: a type, or nothing in particular."""

    event: Any = Any
    result: Any = Any
    dead_letter: Any = Any


class Application:
    """FastStream runs the subscriber (life cycle, middlewares, handler); our pull brings it the batches.

    FastStream's own loop is not used: on a closed connection it spins without end, and its batches wait for
    a time-out. A subscriber that has a subscription when it is started makes none itself.
    """

    def __init__(self, connector: Connector, payloads: Payloads) -> None:
        self._handle: Handle | None = None
        self._created = ""
        self.connector = connector
        self.subscriber = connector.subscriber(
            "relation.>",
            durable=CONSUMER,
            stream=JStream(RELATIONS, declare=False),
            pull_sub=PullSub(batch=True),
            ack_policy=AckPolicy.MANUAL,
            decoder=self._decode,
            no_reply=True,
            title="relations",
            description="Relation events; retried by redelivery until they are in the worker's journal.",
        )
        self.subscriber(_handler(self, payloads.event))
        self._announce("relation-results", "outcome", RESULTS, payloads.result)
        self._announce("relation-dead-letters", "reason", DEAD_LETTERS, payloads.dead_letter)
        self.app = FastStream(connector, logger=None)

    def _announce(self, first: str, last: str, stream: str, payload: Any) -> None:
        """Declare a channel that we publish to; what goes there goes many at a time, see `publishing`."""
        self.connector.publisher(
            f"{first}.{{connection}}.{{{last}}}",
            stream=JStream(stream, declare=False),
            schema=payload,
            title=first,
        )

    async def begin(self, pull: Pull, created: str, handle: Handle) -> None:
        """Run the subscriber on this pull."""
        self._created, self._handle = created, handle
        # FastStream asks no more of a subscription than `unsubscribe`.
        self.subscriber.subscription = pull  # type: ignore[assignment] # annotated with nats-py's class
        await self.subscriber.start()

    async def hand_over(self, batch: list[Msg]) -> None:
        """Bring a batch through FastStream to the handler; raises what the handler raises."""
        await self.subscriber.process_message(batch)

    async def end(self) -> None:
        """Stop the subscriber and drop its pull."""
        await self.subscriber.stop()

    async def receive(self, batch: Sequence[Message]) -> None:
        """Give the batch to whoever takes."""
        assert self._handle, "only between begin and end"
        await self._handle(batch)

    async def _decode(self, message: StreamMessage[Any]) -> list[Message]:
        return handed_over(message.raw_message, RELATIONS, self._created)


def _handler(application: Application, event: Any) -> Any:
    async def take(batch: Any) -> None:
        await application.receive(batch)

    # Only the AsyncAPI document reads it: there a channel carries single events.
    take.__annotations__["batch"] = event
    return take


def specification(connector: Connector, **words: Any) -> AsyncAPI:
    """Build the AsyncAPI document of what a connector declares: title, version, description and so on."""
    return AsyncAPI(connector, **words)
