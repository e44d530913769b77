"""The one nats-server that all share, and how far a load has come there."""

import asyncio
import time
from collections.abc import Callable, Sequence

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StreamConfig
from nats.js.errors import NotFoundError

from tests.bench.events import SUBJECT

IN, OUT = "RELATIONS", "RELATION_RESULTS"
CHUNK = 2000  # messages between two receipts: the server drops beyond 10,000 that it has not stored
LOOK = 0.05  # seconds between looks; more of them would take a twentieth of a core from those measured


class Broker:
    """Feeds loads in, and counts results."""

    def __init__(self, client: Client, js: JetStreamContext) -> None:
        self._client = client
        self._js = js

    @classmethod
    async def connect(cls, url: str) -> "Broker":
        """Connect to the server at this address."""
        client = await nats.connect(url, pending_size=256 * 2**20)
        return cls(client, client.jetstream())

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()

    async def clear(self) -> None:
        """Begin anew: no streams, so that each contestant makes its own."""
        for stream in await self._js.streams_info():
            await self._js.delete_stream(stream.config.name or "")

    async def provide(self) -> None:
        """Make the streams, for contestants that make none."""
        work = StreamConfig(name=IN, subjects=["relation.>"], retention=RetentionPolicy.WORK_QUEUE)
        await self._js.add_stream(work)
        await self._js.add_stream(StreamConfig(name=OUT, subjects=["relation-results.>"]))

    async def feed(self, bodies: Sequence[bytes]) -> None:
        """Publish as fast as the server stores."""
        for first in range(0, len(bodies), CHUNK):
            *most, last = bodies[first : first + CHUNK]
            for body in most:
                await self._client.publish(SUBJECT, body)
            await self._js.publish(SUBJECT, last)

    async def results(self) -> int:
        """Return how many results were published so far."""
        try:
            return (await self._js.stream_info(OUT)).state.messages
        except NotFoundError:
            return 0

    async def wait(self, count: int, patience: float, seen: Callable[[int], None] = lambda _: None) -> None:
        """Wait until so many results are there; `seen` hears how many, as often as we look."""
        deadline = time.monotonic() + patience
        while (there := await self.results()) < count:
            seen(there)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{there} of {count} results after {patience:g} s")
            await asyncio.sleep(LOOK)
        seen(there)
