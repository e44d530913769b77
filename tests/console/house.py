"""A worker with its console, one vendor behind it, and events on the way."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from secrets import token_hex
from typing import Any

import aiohttp
import orjson

from worker.app import Worker
from worker.brokers.base import Publication
from worker.demo.run import working
from worker.journal.rows import INTAKE, Settled
from worker.sandbox.sandbox import Limits, Sandbox
from worker.sandbox.server import VENDORS, sandboxes
from worker.settings import build

TOKEN, READER = "the-operators-token", "the-readers-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
MARK = '<script>window.owned = 1</script><img src=x onerror="window.owned = 1">'
ADDRESS = {"street": "Kade", "house_number": "7", "postal_code": "9711AB", "city": "Groningen", "country_code": "NL"}
MEND = {"op": "add", "path": "/data/address", "value": ADDRESS}
VENDOR_TOKEN = "outsmart-secret"
SECRET = re.compile(r'name="form" value="([0-9a-f]+)"')


def event(number: str, *, subject: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a created event that OutSmart takes."""
    data = {"kind": "party", "party_type": "organization", "customer_number": number, "name": f"N {number}"}
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "/crm",
        "type": "relation.created",
        "subject": subject or f"cust-{number}",
        "time": "2026-03-02T09:15:04Z",
        "data": {**data, "address": ADDRESS, **more},
    }


def unmappable(number: str, *, subject: str | None = None, **more: Any) -> dict[str, Any]:
    """Return an event that lacks what OutSmart needs."""
    found = event(number, subject=subject, **more)
    del found["data"]["address"]
    return found


@dataclass(slots=True)
class Heard:
    """Hears what is settled, so that tests can wait for it."""

    settled: list[Settled] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, _name: str, settled: Sequence[Settled]) -> None:
        self.settled.extend(settled)
        self.changed.set()

    async def count(self, many: int) -> None:
        """Return when so many deliveries have ended."""
        while len(self.settled) < many:
            self.changed.clear()
            await self.changed.wait()


@dataclass(slots=True)
class House:
    """The worker, and how to talk to its console."""

    worker: Worker
    heard: Heard
    told: list[str]
    session: aiohttp.ClientSession
    sent: int = 0

    @property
    def url(self) -> str:
        assert self.worker.console
        return self.worker.console.url.rstrip("/")

    async def publish(self, *events: dict[str, Any]) -> None:
        """Publish events, and return when each has ended."""
        await self.send(*map(orjson.dumps, events))
        self.sent += len(events)
        await self.heard.count(self.sent)

    async def send(self, *bodies: bytes) -> None:
        """Publish messages as they are."""
        await self.worker.broker.publish([Publication("relation.created", token_hex(8), body) for body in bodies])

    async def refused(self, body: bytes) -> str:
        """Publish what intake buries; return the letter's id."""
        await self.send(body)
        return await self.at_intake()

    async def at_intake(self) -> str:
        """Return the id of the letter that intake has buried by the time when the next event has ended."""
        await self.publish(event("next"))
        (letter,) = (await self.ask(f"/api/dead/letters?connection={INTAKE}"))["letters"]
        return str(letter["id"])

    async def enter(self, token: str = TOKEN) -> str:
        """Log in by the printed address; return the secret of this session's forms."""
        async with self.session.get(f"{self.url}/", params={"token": token}) as response:
            return str(SECRET.findall(await response.text())[0])

    async def page(self, path: str, status: int = 200) -> str:
        """Return a page as it is written."""
        async with self.session.get(self.url + path) as response:
            text = await response.text()
            assert response.status == status, words(text)[:600]
            return text

    async def post(self, path: str, status: int = 200, **fields: str) -> str:
        """Send a form and go where it leads."""
        async with self.session.post(self.url + path, data=fields) as response:
            text = await response.text()
            assert response.status == status, words(text)[:600]
            return text

    async def ask(self, path: str, status: int = 200, token: str = TOKEN) -> Any:
        """Ask the API as a program does."""
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession() as plain, plain.get(self.url + path, headers=headers) as response:
            return await judged(response, status)

    async def tell(self, path: str, sent: Any, status: int = 200, token: str = TOKEN) -> Any:
        """Send JSON to the API as a program does."""
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession() as plain,
            plain.post(self.url + path, json=sent, headers=headers) as response,
        ):
            return await judged(response, status)

    async def letters(self) -> dict[str, str]:
        """Return the ids of open dead letters by event."""
        found = await self.ask("/api/dead/letters")
        return {one["event_id"]: one["id"] for one in found["letters"]}


async def judged(response: aiohttp.ClientResponse, status: int) -> Any:
    """Return the JSON of an answer, whose status and kind are as they should be."""
    text = await response.text()
    assert response.status == status, words(text)[:600]
    kind = "application/problem+json" if status >= 400 else "application/json"
    assert response.content_type == kind, text
    return orjson.loads(text)


def words(page: str) -> str:
    """Return what a page says, without its elements."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


@asynccontextmanager
async def inhabited(folder: Path, nats_url: str, **console: Any) -> AsyncIterator[House]:
    """Run a worker with one connection, `acme`, and give the house."""
    sandbox = Sandbox(VENDORS["outsmart"](), Limits.of("500/s"))
    async with sandboxes(sandbox) as running:
        settings = build(
            {
                "broker": {"url": nats_url},
                "journal": {"url": f"sqlite:///{folder / 'journal.db'}"},
                "console": {"port": 0, "token": TOKEN, "read_only_token": READER, **console},
                "connections": {"acme": {**running["outsmart"].settings, "quotas": ["500/s"], "batch": 1}},
            }
        )
        heard, told = Heard(), list[str]()
        worker = Worker(settings, tell=told.append, heard=heard)
        jar = aiohttp.CookieJar(unsafe=True)  # an address has no name that cookies could be kept for otherwise
        async with working(worker), aiohttp.ClientSession(cookie_jar=jar) as session:
            yield House(worker, heard, told, session)
