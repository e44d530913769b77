"""The whole worker in this process, with a real broker, real sockets and a sandbox."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from worker.app import Worker
from worker.brokers.base import Publication
from worker.brokers.publisher import Publisher
from worker.demo.run import working
from worker.journal.rows import Settled
from worker.sandbox.sandbox import Limits, Sandbox
from worker.sandbox.server import VENDORS, sandboxes
from worker.settings import build
from worker.telemetry import failpoints

EVENTS = 120


class Ended:
    """What came of events, in the order in which it became known."""

    def __init__(self, count: int) -> None:
        self.outcomes: list[str] = []
        self._count = count
        self._all = asyncio.Event()

    def heard(self, _name: str, settled: Sequence[Settled]) -> None:
        """Take in what the worker says."""
        self.outcomes.extend(each.outcome for each in settled)
        if len(self.outcomes) >= self._count:
            self._all.set()

    async def wait(self) -> None:
        """Return when all have ended."""
        async with asyncio.timeout(60):
            await self._all.wait()


def event(number: int, word: str, subject: str, **data: Any) -> Publication:
    """Return an event about a link."""
    body = {
        "specversion": "1.0",
        "id": f"e-{number:05}",
        "source": "/crm",
        "type": f"relation.{word}",
        "subject": subject,
        "time": "2026-03-02T09:00:00Z",
        "data": {"kind": "link", **data},
    }
    return Publication(f"relation.{word}", "", orjson.dumps(body))


def created(number: int) -> Publication:
    """Return a link that comes to be."""
    ends = {"parents": [{"record_id": 100 + number}], "children": [{"record_id": 5000 + number}]}
    return event(number, "created", f"link-{number}", relation_type="5", **ends)


@asynccontextmanager
async def publishing(
    folder: Path, vendor: Sandbox, ended: Ended, name: str = "acme", **options: Any
) -> AsyncIterator[Publisher]:
    """Run a worker against a vendor, and hand out who publishes to it."""
    async with sandboxes(vendor) as running:
        settings = build(
            {
                "broker": {"folder": str(folder / "broker")},
                "journal": {"url": f"sqlite:///{folder / 'journal.db'}"},
                "console": {"enabled": False},
                "connections": {name: {**running["superoffice"].settings, **options}},
            }
        )
        worker = Worker(settings, tell=lambda _: None, heard=ended.heard)
        async with working(worker), Publisher(worker.broker.url) as publisher:
            yield publisher


@pytest.mark.process
async def test_a_vendor_that_counts_refuses_nothing(tmp_path: Path) -> None:
    """Through a real broker and real sockets, a vendor that enforces exactly our quota never has to refuse."""
    vendor = Sandbox(VENDORS["superoffice"](), Limits.of("20/s"), latency=0.03, jitter=0.03)
    ended = Ended(EVENTS)

    async with publishing(tmp_path, vendor, ended, quotas=["20/s"], in_flight=16) as publisher:
        await publisher.publish([created(number) for number in range(EVENTS)])
        await ended.wait()

    assert ended.outcomes == ["applied"] * EVENTS
    assert vendor.calls.refused == 0
    assert vendor.calls.worst_window(20, 1.0) <= 1.0


@pytest.mark.process
async def test_a_take_whose_answer_is_lost_is_brought_all_the_same(tmp_path: Path) -> None:
    """It is on disk and comes again as known: nobody offers it, so everybody looks, before anything newer is taken."""
    ended = Ended(3)

    async with publishing(tmp_path, Sandbox(VENDORS["superoffice"]()), ended) as publisher:
        await publisher.publish([created(1)])
        while not ended.outcomes:  # noqa: ASYNC110 -- who hears of it counts to three
            await asyncio.sleep(0.05)
        failpoints.arm("after-commit-take=raise")
        try:
            await publisher.publish([event(2, "updated", "link-1", comment="one")])
            await publisher.publish([event(3, "updated", "link-1", direction="reversed")])
            await ended.wait()
        finally:
            failpoints.arm(None)

    assert sorted(ended.outcomes) in (["applied"] * 3, ["applied", "applied", "superseded"])


@pytest.mark.process
async def test_a_connection_may_have_any_name(tmp_path: Path) -> None:
    """What we call the taking of events is no name that a connection can have."""
    ended = Ended(1)

    async with publishing(tmp_path, Sandbox(VENDORS["superoffice"]()), ended, name="intake") as publisher:
        await publisher.publish([created(1)])
        await ended.wait()

    assert ended.outcomes == ["applied"]
