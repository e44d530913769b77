"""Intake while somebody deletes its stream, and perhaps makes it anew."""

from collections.abc import AsyncIterator

import nats
import pytest
from nats.js import JetStreamContext

from tests.brokers.taking import Taker, Told, event, taking
from worker.brokers.nats import NatsBroker
from worker.brokers.streams import RELATIONS, RESULTS, StreamLimits, created_at, wanted


@pytest.fixture
async def somebody(nats_url: str) -> AsyncIterator[JetStreamContext]:
    """Give an operator who does with the streams what he likes."""
    client = await nats.connect(nats_url)
    yield client.jetstream()
    await client.close()


@pytest.fixture
def told() -> Told:
    """Give somebody who hears what the broker tells."""
    return Told()


@pytest.fixture
async def broker(nats_url: str, told: Told) -> AsyncIterator[NatsBroker]:
    """Start a broker."""
    broker = NatsBroker(nats_url, tell=told)
    await broker.start()
    yield broker
    await broker.stop()


async def test_made_anew(broker: NatsBroker, told: Told, somebody: JetStreamContext) -> None:
    """A message of the new stream is told apart from that of the old one which had its sequence."""
    taker = Taker()
    async with taking(broker, taker):
        await broker.publish([event(1)])
        await taker.until_taken(1)
        before = await created_at(somebody)
        await somebody.delete_stream(RELATIONS)
        await somebody.add_stream(wanted(StreamLimits())[0])
        await told.until("intake goes on")
        await broker.publish([event(2)])
        await taker.until(lambda: b"2" in taker.bodies)

    assert [(message.stream_sequence, message.stream_created) for message in taker.messages] == [
        (1, before),
        (1, await created_at(somebody)),
    ]
    assert broker.counts.repeated == 0


async def test_not_made_anew(broker: NatsBroker, told: Told, somebody: JetStreamContext) -> None:
    """A stream that was only deleted is made again, and intake goes on."""
    taker = Taker()
    async with taking(broker, taker):
        await broker.publish([event(1)])
        await taker.until_taken(1)
        await somebody.delete_stream(RELATIONS)
        await told.until("intake goes on")
        await broker.publish([event(2)])
        await taker.until(lambda: b"2" in taker.bodies)

    assert len({message.stream_created for message in taker.messages}) == 2


async def test_cannot_be_made_anew(broker: NatsBroker, told: Told, somebody: JetStreamContext) -> None:
    """Where the stream cannot be made again it is told why, and tried until it can."""
    taker = Taker()
    async with taking(broker, taker):
        await broker.publish([event(1)])
        await taker.until_taken(1)
        results = wanted(StreamLimits())[1]
        await somebody.update_stream(results.evolve(subjects=["relation-results.>", "more.>"]))
        await somebody.delete_stream(RELATIONS)
        await told.until(f"{RESULTS} exists with settings that do not fit")
        await somebody.update_stream(results)
        await told.until("intake goes on")
        await broker.publish([event(2)])
        await taker.until(lambda: b"2" in taker.bodies)
