import asyncio
from collections.abc import Sequence

import nats
import pytest

from tests.brokers.servers import TestServer
from tests.brokers.taking import Taker, Told, event, numbered, taking
from worker.brokers.base import BrokerError, Message
from worker.brokers.nats import NatsBroker
from worker.brokers.pull import Bounds

MEGABYTE = 1_000_000


async def test_batches_are_bounded_in_bytes(nats_url: str) -> None:
    """400 messages of a megabyte arrive in order, in batches of a few megabytes, on one connection."""
    told = Told()
    broker = NatsBroker(nats_url, tell=told)
    await broker.start()
    body = bytes(MEGABYTE)
    await broker.publish([event(number, body) for number in range(400)])
    sizes: list[int] = []
    sequences: list[int] = []
    done = asyncio.Event()

    async def handle(batch: Sequence[Message]) -> None:
        sizes.append(sum(len(message.body) for message in batch))
        sequences.extend(message.stream_sequence for message in batch)
        if len(sequences) == 400:
            done.set()

    task = asyncio.create_task(broker.take(handle))
    async with asyncio.timeout(30):
        await done.wait()
    await broker.stop()
    await task

    assert [*range(1, 401)] == sequences
    assert max(sizes) <= Bounds().bytes
    assert told.words == []
    assert broker.counts.epochs == 1


async def test_batches_are_bounded_in_messages(nats_url: str) -> None:
    """No batch holds more messages than asked for."""
    broker = NatsBroker(nats_url, bounds=Bounds(messages=7))
    await broker.start()
    await broker.publish([event(number) for number in range(100)])
    taker = Taker()
    async with taking(broker, taker):
        await taker.until_taken(100)
    await broker.stop()

    assert numbered(range(100)) == taker.bodies
    assert max(len(batch) for batch in taker.batches) <= 7


async def test_an_idle_pull_is_renewed(nats_url: str) -> None:
    """When a pull runs out without a message the next is open at once, and nothing is told."""
    told = Told()
    broker = NatsBroker(nats_url, bounds=Bounds(expires=0.3, heartbeat=0.1), tell=told)
    await broker.start()
    taker = Taker()
    async with taking(broker, taker):
        await broker.publish([event(1)])
        await taker.until_taken(1)
        client = await nats.connect(nats_url)
        renewed = asyncio.Event()

        async def seen(_: object) -> None:
            renewed.set()

        await client.subscribe("$JS.API.CONSUMER.MSG.NEXT.RELATIONS.*", cb=seen)
        async with asyncio.timeout(5):
            await renewed.wait()
        await client.close()
        await broker.publish([event(2)])
        await taker.until_taken(2)
    await broker.stop()

    assert numbered(range(1, 3)) == taker.bodies
    assert told.words == []
    assert broker.counts.epochs == 1


async def test_a_consumer_taken_away(nats_url: str) -> None:
    """When somebody deletes the consumer intake begins again and loses nothing."""
    told = Told()
    broker = NatsBroker(nats_url, tell=told)
    await broker.start()
    taker = Taker()
    async with taking(broker, taker):
        await broker.publish([event(1)])
        await taker.until_taken(1)
        client = await nats.connect(nats_url)
        await client.jsm().delete_consumer("RELATIONS", "relation-worker-intake")
        await client.close()
        await told.until("intake begins again")
        await told.until("intake goes on")
        await broker.publish([event(2)])
        await taker.until_taken(2)
    await broker.stop()

    assert numbered(range(1, 3)) == taker.bodies
    assert broker.counts.epochs == 2


async def test_a_restarted_broker(own_nats_server: TestServer) -> None:
    """After a restart of the server everything goes on by itself, in order; publishing fails meanwhile."""
    told = Told()
    states: list[bool] = []
    broker = NatsBroker(own_nats_server.url, tell=told, on_state=states.append)
    await broker.start()
    taker = Taker()
    async with taking(broker, taker):
        await broker.publish([event(number) for number in range(50)])
        await taker.until_taken(50)
        own_nats_server.kill()
        await told.until("is lost")
        assert not broker.connected
        with pytest.raises(BrokerError, match="no connection"):
            await broker.publish([event(50)])
        own_nats_server.start()
        await told.until("connected to NATS")
        await broker.publish([event(number) for number in range(50, 100)])
        await taker.until(lambda: b"99" in taker.bodies)
    await broker.stop()

    unique = list(dict.fromkeys(taker.bodies))
    assert numbered(range(100)) == unique
    assert states == [True, False, True, False]
    assert broker.counts.repeated == len(taker.bodies) - len(unique)


async def test_a_connection_cut_while_committing(own_nats_server: TestServer) -> None:
    """A batch whose acks are lost comes again, is counted, and nothing later came before it."""
    told = Told()
    broker = NatsBroker(own_nats_server.url, tell=told)
    await broker.start()
    await broker.publish([event(number) for number in range(10)])

    async def cut(batch: Sequence[Message]) -> None:
        if batch[-1].stream_sequence == 10 and broker.connected:
            own_nats_server.kill()
            await told.until("is lost")
            own_nats_server.start()

    taker = Taker()
    async with taking(broker, taker):
        taker.before = cut
        await told.until("connected to NATS")
        taker.before = Taker().before
        await broker.publish([event(10)])
        await taker.until(lambda: b"10" in taker.bodies)
    await broker.stop()

    assert numbered(range(11)) == list(dict.fromkeys(taker.bodies))
    assert broker.counts.unacked > 0
    assert broker.counts.repeated == broker.counts.unacked


async def test_stopped_while_the_broker_is_away(own_nats_server: TestServer) -> None:
    """`stop` waits for no connection, and lets `take` return."""
    told = Told()
    broker = NatsBroker(own_nats_server.url, tell=told)
    await broker.start()
    taker = Taker()
    async with taking(broker, taker) as take:
        await broker.publish([event(1)])
        await taker.until_taken(1)
        own_nats_server.kill()
        await told.until("nobody listens there")
        async with asyncio.timeout(3):
            await broker.stop()
            await take


async def test_nothing_is_left_running(nats_url: str) -> None:
    """After `stop` no task of ours is left, whether or not somebody took."""
    before = asyncio.all_tasks()
    broker = NatsBroker(nats_url)
    await broker.start()
    async with taking(broker, Taker()):
        await broker.publish([event(1)])
    await broker.stop()

    assert before == asyncio.all_tasks()
