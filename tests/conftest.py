"""Parts that are real and shared: one nats-server for the whole session."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import nats
import pytest

from tests.brokers.servers import TestServer


def pytest_configure() -> None:
    """Say that there is no loop: looptime 0.9 asks before each test, and Python 3.11 would make one to be leaked."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """Run one nats-server with JetStream for the session."""
    with TestServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
async def nats_url(nats_server: TestServer) -> AsyncIterator[str]:
    """Give the URL of a server that holds no streams, and clean up what the test made."""
    yield nats_server.url
    client = await nats.connect(nats_server.url)
    manager = client.jsm()
    for stream in await manager.streams_info():
        await manager.delete_stream(stream.config.name or "")
    await client.close()


@pytest.fixture
def own_nats_server(tmp_path: Path) -> Iterator[TestServer]:
    """Run a nats-server for one test, to be stopped and started at will."""
    with TestServer(tmp_path / "own-nats") as server:
        yield server
