"""Starts of the real program while what it needs is away."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.brokers.servers import TestServer
from tests.faults.house import toml
from tests.faults.working import WorkerProcess
from tests.multi.brokers import free_ports
from tests.multi.database import Mortal
from worker.cli.exits import Exit
from worker.telemetry.absence import FIRST

pytestmark = pytest.mark.process


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    """Give a PostgreSQL to be stopped and started."""
    server = Mortal()
    yield server
    server.stop()


class Start:
    """One worker that is starting, and what its probes are told."""

    def __init__(self, folder: Path, broker: str, journal: str) -> None:
        self.port = free_ports(1)[0]
        config = folder / "worker.toml"
        tables = {
            "broker": {"url": broker},
            "journal": {"url": journal},
            "console": {"port": self.port},
            "log": {"format": "json"},
        }
        config.write_text(toml(tables))
        self.worker = WorkerProcess(config, folder / "worker.log")

    async def probe(self, name: str) -> tuple[int, Any]:
        """Return what a probe is told; 0 while nobody listens."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port}/{name}") as answer,
            ):
                return answer.status, await answer.json()
        except aiohttp.ClientError:
            return 0, None

    async def until(self, name: str, status: int, why: list[str]) -> None:
        """Wait until a probe is told so."""
        async with asyncio.timeout(30):
            while (found := await self.probe(name)) != (
                status,
                {"status": found[1] and found[1]["status"], "why": why},
            ):
                assert self.worker.code is None, self.worker.said()
                await asyncio.sleep(0.05)

    async def until_said(self, words: str) -> None:
        """Wait until it says so."""
        async with asyncio.timeout(30):
            while words not in self.worker.said():
                assert self.worker.code is None, self.worker.said()
                await asyncio.sleep(0.05)


class Span:
    """How long something is away."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def sayings(self) -> int:
        """Return how often it may have been said by now."""
        return 1 + int((time.monotonic() - self._began) / FIRST)


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Any]:
    """Start workers, and let none live on."""
    starts: list[Start] = []

    async def started(broker: str, journal: str) -> Start:
        starts.append(Start(tmp_path, broker, journal))
        await starts[-1].worker.launch()
        return starts[-1]

    yield started
    for each in starts:
        await each.worker.kill()


async def test_postgresql_is_away(start: Any, mortal: Mortal, nats_url: str) -> None:
    """The start waits for PostgreSQL, says so seldom, is alive and not ready; when it comes the worker works."""
    url = mortal.schema().replace(":@", "@")
    mortal.go()
    span = Span()
    one = await start(nats_url, url)
    await one.until("readyz", 503, ["journal"])
    assert (await one.probe("healthz"))[0] == 200
    await one.until_said("the start waits for it")

    mortal.come()
    await one.until("readyz", 200, [])
    said = one.worker.said()
    assert said.count("the start waits for it") <= span.sayings()
    assert "The journal answers, after" in said
    assert await one.worker.stop() == 0
    assert "Traceback" not in one.worker.said()


async def test_broker_is_away(start: Any, tmp_path: Path, own_nats_server: TestServer) -> None:
    """The start waits for the broker as well, and goes on when it comes."""
    own_nats_server.kill()
    span = Span()
    one = await start(own_nats_server.url, f"sqlite:///{tmp_path / 'journal.db'}")
    await one.until("readyz", 503, ["broker"])
    await one.until_said("nobody listens there")

    own_nats_server.start()
    await one.until("readyz", 200, [])
    assert one.worker.said().count("does not answer (nobody listens there); trying again") <= span.sayings()
    assert await one.worker.stop() == 0


@pytest.mark.parametrize("lacks", ["journal", "broker"])
@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_stop_while_it_waits(start: Any, tmp_path: Path, lacks: str, word: signal.Signals) -> None:
    """Who is told to stop while it waits ends in good order, and soon."""
    sqlite, away = f"sqlite:///{tmp_path / 'journal.db'}", "postgresql://worker@127.0.0.1:1/relations"
    one = await start("nats://127.0.0.1:1", away if lacks == "journal" else sqlite)
    await one.until("readyz", 503, [lacks])

    one.worker.signal(word)
    assert await one.worker.ended(8.0) == 0
    assert "stopped" in one.worker.said()


async def test_wrong_database(start: Any, mortal: Mortal) -> None:
    """What no waiting mends ends the start with what is wrong."""
    one = await start("nats://127.0.0.1:1", mortal.schema().replace(":@", "@").replace("/postgres?", "/nowhere?"))

    assert await one.worker.ended(20.0) == Exit.UNREACHABLE
    assert "there is no such database; create it" in one.worker.said()
