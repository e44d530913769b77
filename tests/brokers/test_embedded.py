import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import nats
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brokers.taking import Taker, Told, event, numbered, taking
from worker.brokers import server as server_room
from worker.brokers.base import BrokerSetupError
from worker.brokers.embedded import EmbeddedBroker, find
from worker.brokers.process import program
from worker.brokers.store import STORE_LOCK, Store, quoted


def orjson_or_nothing(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # what no JSON can hold
        return b""


# A worker that starts its broker, says the server's process, and waits to be killed.
WORKER = """
import asyncio, sys, threading
from pathlib import Path
from worker.brokers.embedded import EmbeddedBroker

async def main():
    broker = EmbeddedBroker(Path(sys.argv[1]))
    await broker.start()
    print(broker._server.store.running().pid, flush=True)
    await asyncio.Event().wait()

if sys.argv[2] == "main":
    asyncio.run(main())
else:
    threading.Thread(target=asyncio.run, args=(main(),)).start()
"""


def killed_worker(folder: Path, thread: str) -> int:
    """Start a worker in a process of its own, kill it, and return the process id of its server."""
    command = [sys.executable, "-c", WORKER, str(folder), thread]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
        assert worker.stdout
        pid = int(worker.stdout.readline())
        worker.kill()
    return pid


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Name a folder that does not exist yet, with a name that is hard to quote."""
    return tmp_path / 'it\'s "the" broker'


@pytest.fixture
def strays() -> Iterator[list[int]]:
    """Collect processes that a test may leave, and end them."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


async def test_life(folder: Path) -> None:
    """It starts, takes from any client, stops without a trace, and holds everything at the next start."""
    broker = EmbeddedBroker(folder)
    await broker.start()
    url = broker.url
    assert find(folder) == url
    client = await nats.connect(url)
    assert client.max_payload == broker.max_payload == 16 * 1024 * 1024
    await client.jetstream().publish("relation.created", b"1")
    await client.close()
    await broker.stop()
    with pytest.raises(BrokerSetupError, match="start `relation-worker run` first"):
        find(folder)
    assert not Store(folder).held()

    again = EmbeddedBroker(folder)
    await again.start()
    taker = Taker()
    async with taking(again, taker):
        await taker.until_taken(1)
    await again.stop()

    assert taker.bodies == [b"1"]
    assert again.url == url


async def test_second_start_is_refused(folder: Path) -> None:
    """A second worker on the same folder is refused, and the first goes on undisturbed."""
    first = EmbeddedBroker(folder)
    await first.start()
    with pytest.raises(BrokerSetupError, match="another worker runs its broker"):
        await EmbeddedBroker(folder).start()
    await first.publish([event(1)])
    await first.stop()


async def test_comes_back(folder: Path) -> None:
    """A server that dies is started again at the same port, with all that it held."""
    told = Told()
    broker = EmbeddedBroker(folder, tell=told)
    await broker.start()
    url = broker.url
    await broker.publish([event(number) for number in range(10)])
    running = Store(folder).running()
    assert running
    os.kill(running.pid, signal.SIGKILL)
    await told.until("starting it again")
    await told.until("connected to NATS")
    taker = Taker()
    async with taking(broker, taker):
        await broker.publish([event(10)])
        await taker.until_taken(11)
    await broker.stop()

    assert taker.bodies == numbered(range(11))
    assert broker.url == url


async def test_port_taken_by_another(folder: Path) -> None:
    """When its port is taken at the next start it listens elsewhere, and says where."""
    broker = EmbeddedBroker(folder)
    await broker.start()
    await broker.stop()
    port = Store(folder).last_port()
    other = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", port)
    await broker.start()
    await broker.publish([event(1)])
    assert find(folder) == broker.url
    assert not broker.url.endswith(f":{port}")
    await broker.stop()
    other.close()
    await other.wait_closed()


async def test_write_dead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says it can write no more is restarted when there is room."""
    monkeypatch.setattr(server_room, "LOOK_SECONDS", 0.02)
    told = Told()
    broker = EmbeddedBroker(folder, tell=told)
    await broker.start()
    with Store(folder).log.open("a") as log:
        log.write("[1] [ERR] JetStream stream '$G > RELATIONS' critical write error: no space left on device\n")
    await told.until("waits for room")
    await told.until("connected to NATS")
    await broker.publish([event(1)])
    await broker.stop()

    assert sum("waits for room" in words for words in told.words) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is ended at the next start")
def test_dies_with_its_worker(folder: Path, strays: list[int]) -> None:
    """When the worker is killed its server ends at once."""
    pid = killed_worker(folder, "main")
    strays.append(pid)
    while Store(folder).held():
        os.sched_yield()

    assert not Store(folder).owns(pid)


async def test_orphan_is_ended(folder: Path, strays: list[int]) -> None:
    """A server that a killed worker left behind is found, ended, and what it held is there."""
    orphan = killed_worker(folder, "thread")
    strays.append(orphan)
    client = await nats.connect(find(folder))
    await client.jetstream().publish("relation.updated", b"1")
    await client.close()
    told = Told()
    broker = EmbeddedBroker(folder, tell=told)
    await broker.start()
    taker = Taker()
    async with taking(broker, taker):
        await taker.until_taken(1)
    await broker.stop()

    assert f"ending the broker that a killed worker left behind (process {orphan})" in told.words
    assert not Store(folder).owns(orphan)
    assert taker.bodies == [b"1"]


async def test_foreign_holder_is_refused(folder: Path) -> None:
    """Where something else holds the store, the start is refused and nothing is ended."""
    store = Store(folder)
    store.make()
    store.lock(STORE_LOCK)
    (folder / f"nats-server_{os.getpid()}.ports").write_text('{"nats": ["nats://127.0.0.1:1"]}')
    with pytest.raises(BrokerSetupError, match="a process that is not ours holds"):
        await EmbeddedBroker(folder).start()


async def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A folder that cannot be made is refused with the setting to change."""
    (tmp_path / "file").touch()
    with pytest.raises(BrokerSetupError, match=r"name another as broker\.folder"):
        await EmbeddedBroker(tmp_path / "file" / "broker").start()


async def test_program_that_is_none(folder: Path) -> None:
    """A program that is not there is refused with what to install."""
    with pytest.raises(BrokerSetupError, match=r"is not a program: install relation-worker\[embedded\]"):
        await EmbeddedBroker(folder, program="/no/such/nats-server").start()


async def test_program_that_ends_at_once(folder: Path) -> None:
    """A program that is no nats-server is refused with what it said."""
    with pytest.raises(BrokerSetupError, match=r"ended at once \(\d+\)"):
        await EmbeddedBroker(folder, program=sys.executable).start()
    assert not Store(folder).held()


async def test_program_named(folder: Path) -> None:
    """A program named in the settings is used."""
    broker = EmbeddedBroker(folder, program=program())
    await broker.start()
    assert broker.connected
    await broker.stop()


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=9) | st.just("nats://127.0.0.1:1"),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["nats", "x"]), inner),
    ).map(orjson_or_nothing)
)
def test_any_ports_file(content: bytes) -> None:
    """A ports file that cannot be read tells of no server, and harms nobody."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        (store.folder / "nats-server_17.ports").write_bytes(content)
        (store.folder / "port").write_bytes(content)
        running = store.running()

        assert -1 <= store.last_port() < 65_536
        assert running is None or (running.pid == 17 and 0 < running.port < 65_536)


def test_quoting() -> None:
    """A path stands in the configuration as it is, whatever it holds."""
    assert quoted('a\\b"c') == '"a\\\\b\\"c"'
