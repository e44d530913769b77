"""For those who wait for results: reads a stream of ours from its beginning."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from nats.aio.msg import Msg

from worker.brokers.client import Connector, Credentials, addresses
from worker.brokers.streams import RESULTS


@asynccontextmanager
async def results(
    url: str | Sequence[str], credentials: Credentials | None = None, stream: str = RESULTS
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Open the stream's events in order, from the first on; the iterator waits for what comes."""
    connector = Connector(addresses(url), credentials or Credentials())
    client = await connector.fresh()
    try:
        subscription = await client.jetstream().subscribe("", stream=stream, ordered_consumer=True)
        yield bodies(subscription.messages)
    finally:
        await connector.drop()


async def bodies(messages: AsyncIterator[Msg]) -> AsyncIterator[bytes]:
    """Yield what the messages hold."""
    async for message in messages:
        yield message.data
