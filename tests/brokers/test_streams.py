from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from tests.brokers.servers import TestServer
from tests.brokers.taking import Told, event
from worker.brokers.base import BrokerSetupError, PublishError
from worker.brokers.nats import NatsBroker
from worker.brokers.streams import GIB, SUBJECTS, StreamLimits

NAMES = ["RELATIONS", "RELATION_DEAD_LETTERS", "RELATION_RESULTS"]


@pytest.fixture
def nats_url(own_nats_server: TestServer) -> str:
    """Give each test a server of its own: one that just deleted a stream may fail to make it again."""
    return own_nats_server.url


@pytest.fixture
async def js(nats_url: str) -> AsyncIterator[JetStreamContext]:
    """Connect to the server without the worker."""
    client = await nats.connect(nats_url)
    yield client.jetstream()
    await client.close()


async def start(url: str, limits: StreamLimits | None = None, *, owned: bool = False) -> list[str]:
    """Start and stop a broker; return what it told."""
    told = Told()
    broker = NatsBroker(url, limits=limits, owned=owned, tell=told)
    await broker.start()
    await broker.stop()
    return told.words


async def configs(js: JetStreamContext) -> dict[str, StreamConfig]:
    """Read the streams that there are."""
    return {info.config.name or "": info.config for info in await js.streams_info()}


async def test_streams_are_made(nats_url: str, js: JetStreamContext) -> None:
    """The first start makes a queue that refuses when full, and two logs that forget."""
    assert await start(nats_url) == []

    made = await configs(js)
    queue, results, letters = made["RELATIONS"], made["RELATION_RESULTS"], made["RELATION_DEAD_LETTERS"]
    assert (queue.retention, queue.discard) == (RetentionPolicy.WORK_QUEUE, DiscardPolicy.NEW)
    assert sorted(queue.subjects or []) == sorted(SUBJECTS)
    assert queue.max_bytes == 2 * GIB
    assert not queue.max_age
    assert results.subjects == ["relation-results.>"]
    assert letters.subjects == ["relation-dead-letters.>"]
    assert {results.discard, letters.discard} == {DiscardPolicy.OLD}
    assert {results.max_age, letters.max_age} == {30 * 86_400}


async def test_starting_again_changes_nothing(nats_url: str, js: JetStreamContext) -> None:
    """A second start finds everything in place, and keeps what is stored."""
    await start(nats_url)
    await js.publish("relation.created", b"")
    before = await configs(js)

    assert await start(nats_url) == []
    assert await configs(js) == before
    assert (await js.stream_info("RELATIONS")).state.messages == 1


@pytest.mark.parametrize(
    ("name", "config", "wrong"),
    [
        ("RELATIONS", StreamConfig(subjects=list(SUBJECTS), discard=DiscardPolicy.NEW), "retention is limits"),
        ("RELATIONS", StreamConfig(subjects=["relation.>"], retention=RetentionPolicy.WORK_QUEUE), "subjects are"),
        (
            "RELATIONS",
            StreamConfig(subjects=list(SUBJECTS), retention=RetentionPolicy.WORK_QUEUE),
            "discard is old, must be new",
        ),
        (
            "RELATIONS",
            StreamConfig(
                subjects=list(SUBJECTS),
                retention=RetentionPolicy.WORK_QUEUE,
                discard=DiscardPolicy.NEW,
                max_age=600,
                max_msgs_per_subject=3,
            ),
            "max_age is 600 s",
        ),
        ("RELATION_RESULTS", StreamConfig(subjects=["relation-results.>"], storage=StorageType.MEMORY), "storage"),
        ("RELATION_RESULTS", StreamConfig(subjects=["relation-results.>"], no_ack=True), "no_ack"),
    ],
)
async def test_other_settings_are_refused(
    nats_url: str, js: JetStreamContext, name: str, config: StreamConfig, wrong: str
) -> None:
    """A stream that would lose events is refused with what is wrong and how to mend it; nothing is touched."""
    await js.add_stream(config, name=name)
    before = await configs(js)

    with pytest.raises(BrokerSetupError, match=wrong) as raised:
        await start(nats_url)

    assert f"nats stream edit {name}" in str(raised.value)
    assert await configs(js) == before


async def test_subjects_in_another_stream(nats_url: str, js: JetStreamContext) -> None:
    """When another stream has our subjects, the broker's own reason is passed on."""
    await js.add_stream(name="OTHER", subjects=["relation.created.>"])

    with pytest.raises(BrokerSetupError, match="subjects overlap"):
        await start(nats_url)


async def test_limits_are_the_operators(nats_url: str, js: JetStreamContext) -> None:
    """On a server that is not ours existing limits stay as they are, and that is told."""
    await start(nats_url)
    told = await start(nats_url, StreamLimits(results=GIB // 2))

    assert told == [f"stream RELATION_RESULTS keeps its own limits: max_bytes {GIB} instead of {GIB // 2}"]
    assert (await configs(js))["RELATION_RESULTS"].max_bytes == GIB


async def test_limits_of_our_own_server(nats_url: str, js: JetStreamContext) -> None:
    """On our own server the limits follow the settings."""
    await start(nats_url)

    assert await start(nats_url, StreamLimits(results=GIB // 2, max_age=86_400), owned=True) == []
    changed = (await configs(js))["RELATION_RESULTS"]
    assert (changed.max_bytes, changed.max_age) == (GIB // 2, 86_400)


async def test_streams_grow_to_a_chosen_size(nats_url: str, js: JetStreamContext) -> None:
    """A size that the settings name makes streams grow on any server, and never shrink on one that is not ours."""
    chosen = StreamLimits(is_chosen=True)
    await start(nats_url, chosen.of(400_000))
    await js.publish("relation.created", bytes(1000))

    assert await start(nats_url, chosen.of(40_000_000)) == []
    grown = await configs(js)
    assert [grown[name].max_bytes for name in NAMES] == [20_000_000, 10_000_000, 10_000_000]
    assert (await js.stream_info("RELATIONS")).state.messages == 1

    told = await start(nats_url, replace(chosen.of(400_000), max_age=86_400))
    assert len(told) == 3
    assert "RELATIONS keeps its own limits: max_bytes 20000000 instead of 200000" in told[0]
    assert (await configs(js))["RELATIONS"].max_bytes == 20_000_000


async def test_growth_that_the_server_refuses(tmp_path: Path) -> None:
    """Where there is no room to grow, the stream stays as it is, the reason is told, and the worker works."""
    chosen = StreamLimits(is_chosen=True)
    with TestServer(tmp_path, config="jetstream { max_file_store: 10MB }") as server:
        await start(server.url, chosen.of(4_000_000))
        told = await start(server.url, chosen.of(400_000_000))

    assert len(told) == 3
    assert all("keeps its limits: insufficient storage" in each for each in told), told


async def test_more_than_there_is(tmp_path: Path) -> None:
    """Where the server has less room than we ask for, the start says which setting to lower."""
    with (
        TestServer(tmp_path, config="jetstream { max_file_store: 1GB }") as server,
        pytest.raises(BrokerSetupError, match=r"insufficient storage.*choose a smaller broker\.max_bytes"),
    ):
        await start(server.url)


async def test_a_full_queue_refuses(nats_url: str) -> None:
    """A full stream refuses the producer, and says so; what it holds stays."""
    broker = NatsBroker(nats_url, limits=StreamLimits(relations=20_000))
    await broker.start()
    with pytest.raises(PublishError, match="maximum bytes exceeded") as raised:
        await broker.publish([event(number, bytes(1000)) for number in range(40)])
    await broker.stop()

    assert 0 not in raised.value.failed
    assert 39 in raised.value.failed


def test_limits_within_less() -> None:
    """Where there is less room than the limits ask for, each stream gets its share of it."""
    limits = StreamLimits().within(GIB)

    assert limits.relations == GIB // 2
    assert limits.total <= GIB
    assert StreamLimits().within(5 * GIB) == StreamLimits()
    assert StreamLimits().of(8 * GIB).relations == 4 * GIB
