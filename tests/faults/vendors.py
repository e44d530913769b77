"""The sandboxes in a process of their own, seen through their admin door."""

import asyncio
import sys
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import orjson

MOST = 10_000_000  # of a log: all of it


class Vendors:
    """The four vendors; `settings` is what a connection to each needs."""

    def __init__(self) -> None:
        self.settings: dict[str, dict[str, Any]] = {}
        self._process: asyncio.subprocess.Process
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        command = ("-m", "worker", "sandbox", "--json")
        self._process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
        self.settings = orjson.loads(await self._said())
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        self._process.kill()
        await self._process.wait()

    async def _said(self) -> bytes:
        assert self._process.stdout is not None
        said = b""
        async for part in self._process.stdout:
            said += part
            if part == b"}\n":
                break
        return said

    def door(self, vendor: str, name: str) -> str:
        parts = urlsplit(self.settings[vendor]["base_url"])
        return f"{parts.scheme}://{parts.netloc}/_sandbox/{name}"

    async def ask(self, vendor: str, name: str = "", **query: Any) -> Any:
        """Read something at a vendor's door."""
        async with self._session.get(self.door(vendor, name), params=query) as answer:
            return orjson.loads(await answer.read())

    async def tell(self, vendor: str, name: str, **said: Any) -> Any:
        """Change something at a vendor."""
        async with self._session.post(self.door(vendor, name), data=orjson.dumps(said)) as answer:
            found = orjson.loads(await answer.read())
        assert answer.status == 200, found
        return found

    async def spoil(self, vendor: str, kind: str, **fault: Any) -> None:
        """Let a vendor misbehave from now on."""
        await self.tell(vendor, "faults", kind=kind, **fault)

    async def mend(self, vendor: str) -> None:
        """Let a vendor behave from now on."""
        async with self._session.delete(self.door(vendor, "faults")) as answer:
            assert answer.status == 200

    async def slow(self, latency: float, jitter: float = 0.0) -> None:
        """Let every vendor take its time."""
        for vendor in self.settings:
            await self.tell(vendor, "limits", latency=latency, jitter=jitter)

    async def effects(self, vendor: str) -> list[dict[str, Any]]:
        """Return all that was changed at a vendor, in order."""
        found: list[dict[str, Any]] = await self.ask(vendor, "effects", limit=MOST)
        return found

    async def calls(self, vendor: str) -> list[dict[str, Any]]:
        """Return all calls that a vendor saw, in order."""
        found: list[dict[str, Any]] = await self.ask(vendor, "calls", limit=MOST)
        return found

    async def count(self, what: str = "effects") -> int:
        """Return how many effects, or calls, all vendors have seen."""
        return sum([(await self.ask(vendor))[what] for vendor in self.settings])
