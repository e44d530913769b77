import asyncio
from collections.abc import Sequence
from pathlib import Path

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

EVENTS = 120


def created(number: int) -> bytes:
    ends = {"parents": [{"record_id": 100 + number}], "children": [{"record_id": 5000 + number}]}
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"e-{number:05}",
            "source": "/crm",
            "type": "relation.created",
            "subject": f"link-{number}",
            "time": "2026-03-02T09:00:00Z",
            "data": {"kind": "link", "relation_type": "5", **ends},
        }
    )


@pytest.mark.process
async def test_a_vendor_that_counts_refuses_nothing(tmp_path: Path) -> None:
    """Through a real broker and real sockets, a vendor that enforces exactly our quota never has to refuse."""
    vendor = Sandbox(VENDORS["superoffice"](), Limits.of("20/s"), latency=0.03, jitter=0.03)
    done: list[str] = []
    ended = asyncio.Event()

    def heard(_name: str, settled: Sequence[Settled]) -> None:
        done.extend(each.outcome for each in settled)
        if len(done) == EVENTS:
            ended.set()

    async with sandboxes(vendor) as running:
        connection = {**running["superoffice"].settings, "quotas": ["20/s"], "in_flight": 16}
        settings = build(
            {
                "broker": {"folder": str(tmp_path / "broker")},
                "journal": {"url": f"sqlite:///{tmp_path / 'journal.db'}"},
                "console": {"enabled": False},
                "connections": {"acme": connection},
            }
        )
        worker = Worker(settings, tell=lambda _: None, heard=heard)
        async with working(worker):
            async with Publisher(worker.broker.url) as publisher:
                await publisher.publish([Publication("relation.created", "", created(n)) for n in range(EVENTS)])
            async with asyncio.timeout(60):
                await ended.wait()

    assert done == ["applied"] * EVENTS
    assert vendor.calls.refused == 0
    assert vendor.calls.worst_window(20, 1.0) <= 1.0
