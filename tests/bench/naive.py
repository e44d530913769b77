"""What one would write first: a FastStream handler with a typed event; it posts, publishes, and acks."""

import asyncio
import sys
from typing import Any

import aiohttp
import uvloop
from faststream import AckPolicy, FastStream
from faststream.nats import JStream, NatsBroker, PullSub
from nats.js.api import AckPolicy as JsAck
from nats.js.api import ConsumerConfig
from pydantic import BaseModel


class EndPoint(BaseModel):
    """One end of a link."""

    record_id: int


class Link(BaseModel):
    """What the handler needs of a link."""

    kind: str
    relation_type: str
    parents: list[EndPoint]
    children: list[EndPoint]
    comment: str | None = None


class Event(BaseModel):
    """What the handler needs of an event."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    target: str | None = None
    data: Link


def payload(event: Event) -> dict[str, Any]:
    """Return what the vendor wants to hear."""
    return {
        "SourceContactId": event.data.parents[0].record_id,
        "DestinationContactId": event.data.children[0].record_id,
        "RelationDefinitionId": 5,
        "Comment": event.data.comment,
    }


def application(server: str, url: str, session: aiohttp.ClientSession) -> FastStream:
    """Return the worker, 64 messages at a time."""
    broker = NatsBroker(server, log_level=30)
    publisher = broker.publisher("relation-results.acme.applied", stream=JStream("RELATION_RESULTS", declare=False))

    @broker.subscriber(
        "relation.>",
        stream=JStream("RELATIONS", declare=False),
        durable="naive",
        pull_sub=PullSub(batch_size=64),
        config=ConsumerConfig(ack_policy=JsAck.EXPLICIT, max_ack_pending=10_000),
        max_workers=64,
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def deliver(event: Event) -> None:
        async with session.post(url, json=payload(event)) as answer:
            told = await answer.json()
        await publisher.publish({"id": event.id, "outcome": "applied", "remote_id": str(told["RelationId"])})

    return FastStream(broker, logger=None)


async def main(server: str, url: str) -> None:
    """Work until ended."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        app = application(server, url, session)

        @app.after_startup
        async def ready() -> None:
            await asyncio.sleep(0)
            print("ready", flush=True)  # noqa: T201 -- whoever started us reads it

        await app.run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
