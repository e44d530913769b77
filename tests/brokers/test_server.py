"""The server that we keep: started again whatever hinders it for a while."""

import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.brokers.taking import Told, event
from worker.brokers import server as server_room
from worker.brokers.embedded import EmbeddedBroker
from worker.brokers.process import program
from worker.brokers.store import Store


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """Copy nats-server to where it can be taken away."""
    return Path(shutil.copy(program(), tmp_path / "nats-server"))


@pytest.fixture
def told() -> Told:
    """Give somebody who hears what the broker tells."""
    return Told()


@pytest.fixture
async def broker(
    tmp_path: Path, named: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[EmbeddedBroker]:
    """Start a broker that looks after its server many times a second."""
    monkeypatch.setattr(server_room, "LOOK_SECONDS", 0.02)
    broker = EmbeddedBroker(tmp_path / "broker", program=str(named), tell=told)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Name the broker's folder."""
    return Store(tmp_path / "broker")


def kill(store: Store) -> None:
    """Kill the server as the system does when memory is short."""
    running = store.running()
    assert running
    os.kill(running.pid, signal.SIGKILL)


async def test_a_program_that_is_away(broker: EmbeddedBroker, store: Store, named: Path, told: Told) -> None:
    """A server that dies while its program is being replaced is started when the program is there again."""
    shutil.move(named, away := named.with_suffix(".away"))
    kill(store)
    await told.until("the embedded broker does not start: [Errno 2]")
    shutil.move(away, named)
    await told.until("the embedded broker runs again")
    await told.until("connected to NATS")
    await broker.publish([event(1)])


@pytest.mark.parametrize("name", ["nats-server.conf", "port", "start.log", "nats-server.log"])
async def test_a_file_that_cannot_be_written(broker: EmbeddedBroker, store: Store, told: Told, name: str) -> None:
    """A server that dies while one of our files cannot be written is started when it can be again."""
    file = store.folder / name
    shutil.move(file, store.folder / "away")
    file.mkdir()
    kill(store)
    await told.until("the embedded broker does not start: ")
    file.rmdir()
    await told.until("connected to NATS")
    await broker.publish([event(1)])

    assert sum("starting it again" in words for words in told.words) == 1


async def test_a_log_that_cannot_be_read(broker: EmbeddedBroker, store: Store, told: Told) -> None:
    """The log is watched on after it could not be read for a while."""
    shutil.move(store.log, store.folder / "away")
    store.log.mkdir()
    kill(store)
    await told.until("the embedded broker does not start: ")
    store.log.rmdir()
    await told.until("connected to NATS")
    await broker.publish([event(1)])
    with store.log.open("a") as log:
        log.write("[1] [ERR] JetStream stream '$G > RELATIONS' critical write error: no space left on device\n")
    await told.until("waits for room")
