import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.aio.msg import Msg

from tests.brokers.servers import TestServer
from tests.brokers.taking import Told, event
from worker.brokers.base import Publication, PublishError
from worker.brokers.nats import NatsBroker
from worker.brokers.publishing import ROUND_BYTES, ROUND_MESSAGES, refusal, rounds


@given(st.lists(st.sampled_from([0, 100, 1_000_000, 9_000_000]), max_size=1200))
def test_rounds(sizes: Sequence[int]) -> None:
    """Rounds keep the order, miss nothing, and are bounded; only a single publication may be larger."""
    publications = [Publication("s", "id", bytes(size)) for size in sizes]
    cut = list(rounds(publications))

    assert [place for places in cut for place in places] == [*range(len(sizes))]
    for places in cut:
        assert len(places) <= ROUND_MESSAGES
        assert len(places) == 1 or sum(sizes[place] for place in places) <= ROUND_BYTES


@given(st.binary(max_size=60))
def test_receipts_of_any_bytes(data: bytes) -> None:
    """A receipt that cannot be read is a failure, never an exception."""
    assert isinstance(refusal(Msg(Client(), data=data)), str | None)


def test_receipts() -> None:
    """A receipt says that it is stored, or why not."""
    assert refusal(Msg(Client(), data=b'{"stream":"S","seq":1,"duplicate":true}')) is None
    assert refusal(Msg(Client(), data=b'{"error":{"code":503,"description":"maximum bytes exceeded"}}')) == (
        "maximum bytes exceeded"
    )
    assert refusal(Msg(Client(), headers={"Status": "503"})) == "no stream takes this subject"


async def test_many_at_once(nats_url: str) -> None:
    """Rounds of several callers run side by side, and each hears of its own."""
    broker = NatsBroker(nats_url)
    await broker.start()
    good = [broker.publish([event(n * 1000 + i) for i in range(700)]) for n in range(3)]
    bad = broker.publish([Publication("nobody.listens", "x", b"")])
    *done, failed = await asyncio.gather(*good, bad, return_exceptions=True)
    await broker.publish([])
    await broker.stop()

    assert done == [None, None, None]
    assert isinstance(failed, PublishError)


async def test_receipts_that_are_lost(own_nats_server: TestServer) -> None:
    """When the connection is lost before the receipts, all that have none fail at once."""
    told = Told()
    broker = NatsBroker(own_nats_server.url, tell=told)
    await broker.start()
    publish = asyncio.create_task(broker.publish([event(number, bytes(100_000)) for number in range(200)]))
    await asyncio.sleep(0)
    own_nats_server.kill()
    with pytest.raises(PublishError, match="lost before the receipt") as raised:
        await publish
    await broker.stop()

    assert set(raised.value.failed) <= set(range(200))
