"""What probes and scrapers are told."""

import asyncio
from pathlib import Path

import aiohttp

from tests.brokers.servers import TestServer
from tests.console.house import TOKEN, House, event, inhabited


async def test_ready_until_draining(house: House) -> None:
    """The worker is ready once broker and journal answer, and no more from the moment that it is told to stop."""
    await house.publish(event("1"))
    async with house.session.get(f"{house.url}/readyz") as got:
        assert (got.status, await got.json()) == (200, {"status": "ready", "why": []})
    house.worker.stop()
    async with house.session.get(f"{house.url}/readyz") as got:
        assert (got.status, await got.json()) == (503, {"status": "not ready", "why": ["draining"]})


async def test_stopping_does_not_wait_for_those_who_watch(house: House) -> None:
    """Streams end at once when the worker stops, so that nobody who watches keeps it."""
    await house.enter()
    async with house.session.get(f"{house.url}/live") as stream:
        await stream.content.readuntil(b"\n\n")
        async with asyncio.timeout(10):
            house.worker.stop()
            try:
                while await stream.content.readany():
                    pass
            except aiohttp.ClientPayloadError:
                return


async def test_figures(house: House) -> None:
    """The figures tell each connection's backlog, quotas and outcomes."""
    await house.publish(event("1"))
    page = await house.page("/metrics")
    assert 'relation_worker_backlog_deliveries{connection="acme",target="outsmart"} 0.0' in page
    assert 'relation_worker_quota_used_ratio{connection="acme",quota="500/s",target="outsmart"}' in page
    assert "relation_worker_broker_connected 1.0" in page


async def test_without_a_broker(tmp_path: Path, own_nats_server: TestServer) -> None:
    """Without a broker the worker is not ready, and an event is refused for the producer to repeat."""
    async with inhabited(tmp_path, own_nats_server.url) as house:
        await house.publish(event("1"))
        own_nats_server.kill()
        problem = await house.tell("/api/events", event("2"), status=503)
        assert problem["detail"] == "The broker did not take the event."
        async with house.session.get(f"{house.url}/readyz") as got:
            assert (await got.json())["why"] == ["broker"]
        assert "The broker does not answer" in await house.page(f"/?token={TOKEN}")
        own_nats_server.start()
