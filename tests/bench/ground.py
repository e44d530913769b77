"""What all contestants share: one lean vendor, one nats-server, one folder that goes away."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from tests.bench.broker import Broker
from tests.bench.processes import Process, module
from tests.brokers.servers import TestServer


@dataclass(slots=True)
class Ground:
    """Where contestants meet."""

    folder: Path
    vendor: str
    server: str
    broker: Broker
    vendors: Process
    _places: "count[int]" = field(default_factory=count)

    def place(self, name: str) -> Path:
        """Return a new folder."""
        path = self.folder / f"{name}-{next(self._places)}"
        path.mkdir()
        return path

    async def moments(self, word: str) -> list[float]:
        """Return when the vendor was called at paths that begin with a word."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.vendor}/moments/{word}") as answer:
            moments: list[float] = await answer.json()
            return moments

    async def comments(self, word: str) -> dict[str, float]:
        """Return when a call with each comment came first at paths that begin with a word."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.vendor}/comments/{word}") as answer:
            told: list[tuple[float, str]] = await answer.json()
        return {comment: moment for moment, comment in reversed(told)}

    async def tell(self, wish: str, word: str) -> None:
        """Have the vendor `refuse`, or `accept` again, all calls at paths that begin with a word."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.vendor}/{wish}/{word}") as answer:
            answer.raise_for_status()

    async def arrived(self, word: str, count: int, patience: float, process: Process) -> list[float]:
        """Wait until so many calls have come at paths that begin with a word; return when they came."""
        deadline = time.monotonic() + patience
        while len(moments := await self.moments(word)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(moments)} of {count} calls came. {process.said()[-300:]}")
            await asyncio.sleep(0.2)
        return moments


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """Start vendor and nats-server, and end them."""
    with TemporaryDirectory(prefix="relation-worker-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        compiled_elsewhere(folder / "compiled")
        with (
            TestServer(folder / "nats") as server,
            Process(module("tests.bench.vendor"), folder / "vendor.log") as made,
        ):
            vendor = f"http://127.0.0.1:{made.wait_for(r'([0-9]+)')[1]}"
            broker = await Broker.connect(server.url)
            try:
                yield Ground(folder, vendor, server.url, broker, made)
            finally:
                await broker.close()


def compiled_elsewhere(folder: Path) -> None:
    """Let children keep compiled modules, as an installed worker does, without touching the installation."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
