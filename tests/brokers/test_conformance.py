"""The promises of the port, kept by each broker."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import nats
import pytest

from tests.brokers.taking import Taker, event, numbered, taking
from worker.brokers.base import Broker, Message, Publication, PublishError
from worker.brokers.embedded import EmbeddedBroker
from worker.brokers.nats import NatsBroker

# What a broker of ours is here: the port, and a URL that other clients can use.
Found = tuple[Broker, str]


@pytest.fixture(params=["nats", "embedded"])
async def found(request: pytest.FixtureRequest, nats_url: str, tmp_path: Path) -> AsyncIterator[Found]:
    """Start each broker in turn."""
    if request.param == "nats":
        broker = NatsBroker(nats_url)
        await broker.start()
        yield broker, nats_url
        await broker.stop()
    else:
        embedded = EmbeddedBroker(tmp_path / "broker")
        await embedded.start()
        yield embedded, embedded.url
        await embedded.stop()


@pytest.fixture
def broker(found: Found) -> Broker:
    """Give the broker alone."""
    return found[0]


async def test_order(broker: Broker) -> None:
    """Everything is handed over once, in the order in which it was stored, whenever it was published."""
    await broker.publish([event(number) for number in range(700)])
    taker = Taker()
    async with taking(broker, taker):
        for start in range(700, 1000, 50):
            await broker.publish([event(number) for number in range(start, start + 50)])
        await taker.until_taken(1000)

    assert numbered(range(1000)) == taker.bodies
    assert [*range(1, 1001)] == [message.stream_sequence for message in taker.messages]


async def test_message(found: Found) -> None:
    """A message says where it came from, with its exact bytes and every header, doubles included."""
    broker, url = found
    client = await nats.connect(url)
    block = b"NATS/1.0\r\nce-id: a\r\nCE-ID: b\r\nx:  \xff \r\nce-id: c\r\n\r\n"
    body = b"\x00{\xff"
    size = len(block), len(block) + len(body)
    await client.flush()
    taker = Taker()
    async with taking(broker, taker):
        command = b"HPUB relation.created.party.crm %d %d\r\n" % size
        await client._send_command(command + block + body + b"\r\n")
        await client.flush()
        await taker.until_taken(1)
    await client.close()

    (message,) = taker.messages
    assert ("RELATIONS", 1, "relation.created.party.crm", body) == (
        message.stream,
        message.stream_sequence,
        message.subject,
        message.body,
    )
    assert message.headers == (("ce-id", "a"), ("CE-ID", "b"), ("x", "%FF"), ("ce-id", "c"))
    assert datetime.fromisoformat(message.stream_created).tzinfo
    assert abs((datetime.now(UTC) - message.received_at).total_seconds()) < 60


async def test_a_subject_of_any_bytes(found: Found) -> None:
    """A message on a subject that is no UTF-8 is handed over in its turn, with the subject percent-encoded."""
    broker, url = found
    client = await nats.connect(url)
    taker = Taker()
    async with taking(broker, taker):
        for subject in (b"relation.created.party", b"relation.created.M\xfcller", "relation.created.Müller".encode()):
            await client._send_command(b"PUB %b 2\r\n{}\r\n" % subject)
        await client.flush()
        await taker.until(lambda: any(message.stream_sequence == 3 for message in taker.messages))
    await client.close()

    assert [message.subject for message in taker.messages] == [
        "relation.created.party",
        "relation.created.M%FCller",
        "relation.created.Müller",
    ]


async def test_raising_begins_again(broker: Broker) -> None:
    """After a batch that was not committed nothing later is handed over before all of it came again."""
    await broker.publish([event(number) for number in range(20)])
    fails = iter([False, True, True])

    async def before(_: Sequence[Message]) -> None:
        if next(fails, False):
            raise OSError("the disk is full")

    taker = Taker(before)
    async with taking(broker, taker):
        await taker.until_taken(20)
        await broker.publish([event(number) for number in range(20, 40)])
        await taker.until_taken(40)

    assert numbered(range(40)) == taker.bodies
    firsts = [batch[0] for batch in taker.offered]
    assert max(firsts.count(first) for first in firsts) - 1 == 2


async def test_cancelled_while_committing(broker: Broker) -> None:
    """What was in hand when the taker was cancelled comes again to the next, first and in order."""
    await broker.publish([event(number) for number in range(10)])
    begun = asyncio.Event()

    async def never(_: Sequence[Message]) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with taking(broker, Taker(never)):
        await begun.wait()
    second = Taker()
    async with taking(broker, second):
        await broker.publish([event(10)])
        await second.until_taken(11)

    assert numbered(range(11)) == second.bodies


async def test_acked_for_good(broker: Broker) -> None:
    """What is committed is gone: the next taker gets only what is new."""
    await broker.publish([event(1), event(2)])
    first = Taker()
    async with taking(broker, first):
        await first.until_taken(2)
        # The acks go out after the handler returned.
        await broker.publish([event(3)])
        await first.until_taken(3)
        await broker.publish([Publication("relation-results.a.applied", "flush", b"")])
    second = Taker()
    async with taking(broker, second):
        await broker.publish([event(4)])
        await second.until_taken(1)

    assert second.bodies[-1:] == [b"4"]
    assert b"1" not in second.bodies


async def test_stop_acks_what_is_in_hand(nats_url: str) -> None:
    """`stop` waits for the batch in hand, acks it, and lets `take` return."""
    broker = NatsBroker(nats_url)
    await broker.start()
    await broker.publish([event(1)])
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(_: Sequence[Message]) -> None:
        begun.set()
        await go.wait()

    taker = Taker(slow)
    take = asyncio.create_task(broker.take(taker.handle))
    await begun.wait()
    stop = asyncio.create_task(broker.stop())
    await asyncio.sleep(0)
    go.set()
    await stop
    await take

    client = await nats.connect(nats_url)
    assert (await client.jetstream().stream_info("RELATIONS")).state.messages == 0
    await client.close()
    assert not broker.connected


async def test_publish_reports_each_failure(broker: Broker) -> None:
    """Those that were not taken are named with why; the others are taken all the same."""
    too_big = broker.max_payload + 1
    with pytest.raises(PublishError, match="2 of 4 not taken") as raised:
        await broker.publish(
            [
                event(1),
                Publication("nobody.listens", "id-2", b""),
                event(3, b"x" * too_big),
                Publication("relation-results.acme.applied", "id-4", b"", (("X", "y"),)),
            ]
        )

    assert {1, 2} == set(raised.value.failed)
    assert raised.value.failed[1] == "no stream takes this subject"
    assert "more than the broker takes" in raised.value.failed[2]


async def test_the_largest_message(broker: Broker) -> None:
    """A message as large as the broker takes, headers included, is handed over like any other."""
    large = event(1, b"x" * (broker.max_payload - 200))
    await broker.publish([large])
    taker = Taker()
    async with taking(broker, taker):
        await broker.publish([event(2)])
        await taker.until_taken(2)

    assert [large.body, b"2"] == taker.bodies


async def test_repeats_are_dropped(broker: Broker) -> None:
    """A publication with an id that was just published is a success and stored once."""
    await broker.publish([event(1), event(1)])
    await broker.publish([event(1)])
    taker = Taker()
    async with taking(broker, taker):
        await broker.publish([event(2)])
        await taker.until(lambda: b"2" in taker.bodies)

    assert taker.bodies == [b"1", b"2"]
