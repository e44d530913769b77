"""Results on their way to a broker that does not take all of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import nats
import orjson
import pytest
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy

from tests.brokers.servers import TestServer
from tests.journal.makers import delivery, letter, settled
from worker.brokers.base import BrokerError, Publication, PublishError
from worker.brokers.nats import NatsBroker
from worker.brokers.streams import DEAD_LETTERS, RESULTS
from worker.delivery.channel import BATCH, Channel
from worker.delivery.report import Reporter, letter_of, result_of
from worker.journal.journal import Journal
from worker.journal.rows import Outcome, Settled, Unreported
from worker.simulation.run import Silence

PATIENCE = 20.0
TOO_LARGE = 2 * 1024 * 1024


@dataclass
class Desk:
    """A reporter between a journal and a server, and what it says."""

    journal: Journal
    reporter: Reporter
    js: JetStreamContext
    said: list[str] = field(default_factory=list)
    _last: int = 0

    async def settle(self, outcome: Outcome, *, size: int = 0) -> Settled:
        """Let one delivery end, and hand its result to the reporter."""
        self._last += 1
        row = delivery(self._last)
        body = orjson.dumps({"id": f"r{self._last}", "data": {}, "filling": "x" * size})
        buried: dict[str, Any] = {"letter": letter(row)} if outcome == "dead_lettered" else {}
        ended = settled(row, outcome, result=body, **buried)
        await self.journal.take([row])
        await self.journal.commit(ended)
        self.reporter.add([ended])
        return ended

    async def count(self, stream: str) -> int:
        return (await self.js.stream_info(stream)).state.messages

    async def unreported(self) -> list[int]:
        return [each.position for each in await self.journal.unreported(("acme",), 100)]

    async def is_clear(self) -> bool:
        return await self.unreported() == []

    async def fill(self, stream: str, *, is_full: bool) -> None:
        """Let a stream take nothing more, or all again."""
        config = (await self.js.stream_info(stream)).config
        if is_full:
            await self.js.publish(f"{(config.subjects or [''])[0].partition('.')[0]}.acme.rejected", b"{}")
        limit = 1 if is_full else -1
        await self.js.update_stream(config.evolve(max_msgs=limit, discard=DiscardPolicy.NEW))

    async def until(self, question: Callable[[], Awaitable[bool]]) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(PATIENCE):
            while not await question():  # noqa: ASYNC110 -- a stream tells nobody
                await asyncio.sleep(0)


@pytest.fixture
async def desk(nats_url: str) -> AsyncIterator[Desk]:
    """Provide a desk with nothing on it."""
    async with opened(nats_url) as desk:
        yield desk


@asynccontextmanager
async def opened(nats_url: str) -> AsyncIterator[Desk]:
    said: list[str] = []
    broker = NatsBroker(nats_url)
    await broker.start()
    journal = await Journal.open("sqlite://", inline=True)
    reporter = Reporter(broker, journal, said.append)
    client = await nats.connect(nats_url)
    running = asyncio.create_task(reporter.run())
    yield Desk(journal, reporter, client.jetstream(), said)
    running.cancel()
    await asyncio.wait([running])
    await client.close()
    await journal.close()
    await broker.stop()


async def test_a_broker_that_is_away_is_waited_for(own_nats_server: TestServer) -> None:
    """While there is no broker results wait, in order; when it is back they are told."""
    async with opened(own_nats_server.url) as desk:
        own_nats_server.kill()
        for outcome in ("applied", "dead_lettered", "applied"):
            await desk.settle(outcome)

        async def is_said() -> bool:
            return any("did not take" in words for words in desk.said)

        await desk.until(is_said)
        assert await desk.unreported() == [1, 2, 3]

        own_nats_server.start()
        await asyncio.wait_for(desk.reporter.drained(), PATIENCE)
        assert await desk.unreported() == []


@pytest.mark.parametrize(
    ("full", "other", "outcomes"),
    [
        (RESULTS, DEAD_LETTERS, ("applied", "dead_lettered", "dead_lettered")),
        (DEAD_LETTERS, RESULTS, ("dead_lettered", "applied", "superseded")),
    ],
)
async def test_a_full_stream_holds_up_itself_only(
    desk: Desk, full: str, other: str, outcomes: tuple[Outcome, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one stream takes nothing the other gets all that it should; then everything is told and marked."""
    monkeypatch.setattr("worker.delivery.channel.PATIENCE", (0.02, 0.2))
    await desk.fill(full, is_full=True)
    for outcome in outcomes:
        await desk.settle(outcome)
    expected = sum(other == RESULTS or outcome == "dead_lettered" for outcome in outcomes)

    async def comes() -> bool:
        return await desk.count(other) == expected

    await desk.until(comes)
    assert await desk.count(full) == 1
    assert await desk.unreported() == [
        at for at, each in enumerate(outcomes, 1) if each == "dead_lettered" or full == RESULTS
    ]

    await desk.fill(full, is_full=False)
    await desk.until(desk.is_clear)

    assert await desk.count(RESULTS) + await desk.count(DEAD_LETTERS) == 1 + len(outcomes) + outcomes.count(
        "dead_lettered"
    )


async def test_a_letter_told_twice_is_told_in_part(desk: Desk) -> None:
    """A letter whose result is told twice is not told in full before its own stream has it."""
    await desk.fill(DEAD_LETTERS, is_full=True)
    ended = await desk.settle("dead_lettered")
    desk.reporter.add([ended])

    async def both_are_told() -> bool:
        return await desk.count(RESULTS) == 1 and not desk.reporter._results.queued

    await desk.until(both_are_told)

    assert await desk.unreported() == [1]


async def test_one_that_is_refused_alone_holds_up_nobody(desk: Desk) -> None:
    """A result that no message can hold waits by itself, and is said; all others go on."""
    await desk.settle("applied", size=TOO_LARGE)
    for _ in range(3):
        await desk.settle("applied")
        await asyncio.sleep(0)
    await desk.settle("dead_lettered")

    async def only_one_is_left() -> bool:
        return await desk.unreported() == [1]

    await desk.until(only_one_is_left)

    assert await desk.count(RESULTS) == 4
    assert await desk.count(DEAD_LETTERS) == 1
    assert any("did not take" in words or "refuses" in words for words in desk.said)
    await asyncio.wait_for(desk.reporter.drained(), PATIENCE)


async def test_what_another_owner_left_is_told(desk: Desk) -> None:
    """Results that are in the journal only are read and told, beside one that is refused alone."""
    await desk.settle("applied", size=TOO_LARGE)
    row = delivery(9)
    await desk.journal.take([row])
    await desk.journal.commit(settled(row, "dead_lettered", letter=letter(row)))
    desk.reporter.recover("acme")

    async def only_one_is_left() -> bool:
        return await desk.unreported() == [1]

    await desk.until(only_one_is_left)

    assert await desk.count(DEAD_LETTERS) == 1


@pytest.mark.looptime
async def test_what_was_refused_alone_is_tried_again_however_much_comes() -> None:
    """What is set aside is tried from time to time, also while there is always something else to tell."""
    broker = Choosy(set())
    async with channel(broker) as (queue, told, _):
        queue.add([unreported(0)])
        for number in range(1, 100):
            broker.refused = {"r0"} if number < 50 else set()
            queue.add([unreported(number)])
            await asyncio.sleep(0.2)

    assert sorted(told) == list(range(100))
    assert broker.asked["r0"] < 20


@pytest.mark.looptime
async def test_many_that_are_refused_hold_up_nobody() -> None:
    """More refused results than one batch holds, the oldest of all, do not keep those behind them."""
    broker = Choosy({f"r{number}" for number in range(3 * BATCH)})
    async with channel(broker) as (queue, told, _):
        queue.add(map(unreported, range(3 * BATCH + 2)))
        await asyncio.sleep(3.0)

        assert told == [3 * BATCH, 3 * BATCH + 1]
        assert queue.queued == 0

        broker.refused.clear()
        await asyncio.sleep(6.0)
        assert sorted(told) == list(range(3 * BATCH + 2))


@pytest.mark.looptime
async def test_what_is_refused_no_more_is_said() -> None:
    """A refusal is over when all of it is taken, so that a later one is not told as old."""
    broker = Choosy({"r0"})
    async with channel(broker) as (queue, told, said):
        queue.add(map(unreported, range(2)))
        await asyncio.sleep(6.0)
        assert any("refuses 1 results" in words for words in said)
        broker.refused.clear()
        await asyncio.sleep(6.0)

    assert sorted(told) == [0, 1]
    assert "The broker takes all that it refused" in said[-1]


@pytest.mark.looptime
async def test_a_broker_that_is_away_refuses_nothing() -> None:
    """While there is no broker nobody says that it refuses, and nothing more is set aside."""
    broker = Choosy({"r0"})
    async with channel(broker) as (queue, told, said):
        queue.add(map(unreported, range(2)))
        await asyncio.sleep(1.0)
        said.clear()
        broker.is_away = True
        queue.add(map(unreported, range(2, 4)))
        await asyncio.sleep(30.0)

        assert queue.queued == 2
        assert told == [1]
        assert not any("refuses" in words for words in said)


@pytest.mark.parametrize("event", [{"id": "r1", "data": {"id": "x"}}, {"source": {"id": "x"}, "id": "r1"}])
def test_an_event_is_published_under_its_own_id(event: dict[str, Any]) -> None:
    """Wherever in the event it stands, the broker is told the id by which a repeat is known."""
    body = orjson.dumps(event)

    assert result_of(Unreported("acme", 1, "applied", None, body), 1000).id == "r1"


@asynccontextmanager
async def channel(broker: "Choosy") -> AsyncIterator[tuple[Channel, list[int], list[str]]]:
    """Run a channel; give what it tells the journal, and what it says."""
    told: list[int] = []
    said: list[str] = []

    async def hear(results: Sequence[Unreported]) -> None:
        told.extend(each.position for each in results)

    queue = Channel(broker, result_of, hear, said.append)
    running = asyncio.create_task(queue.run())
    yield queue, told, said
    running.cancel()
    await asyncio.wait([running])


class Choosy(Silence):
    """Takes all but what a test refuses, or nothing while it is away."""

    is_away = False

    def __init__(self, refused: set[str]) -> None:
        self.refused = refused
        self.asked: Counter[str] = Counter()

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Refuse some."""
        if self.is_away:
            raise BrokerError("nobody is there")
        self.asked.update(each.id for each in publications)
        if failed := {at: "no" for at, each in enumerate(publications) if each.id in self.refused}:
            raise PublishError(failed, len(publications))


def unreported(number: int) -> Unreported:
    return Unreported("acme", number, "applied", None, orjson.dumps({"id": f"r{number}"}))


def test_a_letter_that_the_broker_would_not_take_loses_what_it_came_with() -> None:
    """Its original goes first, headers and all; the case file has the whole."""
    original = {
        "mode": "binary",
        "headers": {"ce-own": '"' * 5000},
        "body": "x",
        "size": 1,
        "sha256": "ab",
        "cut": False,
    }
    event = {"id": "1", "data": {"detail": "no", "original": original, "last_call": None, "tries": []}}
    found = letter_of(Unreported("acme", 1, "dead_lettered", "rejected", orjson.dumps(event)), 2000)

    told = orjson.loads(found.body)["data"]
    assert len(found.body) < 2000
    assert (told["original"]["headers"], told["original"]["cut"], told["detail"]) == ({}, True, "no")
