"""What a real worker shows to Prometheus."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.console.house import BEARER, House, event, inhabited


@pytest.fixture
async def house(tmp_path: Path, nats_url: str) -> AsyncIterator[House]:
    """Run a worker with its console."""
    async with inhabited(tmp_path, nats_url) as found:
        yield found


async def figures(house: House) -> dict[str, float]:
    """Scrape a worker; no series comes twice."""
    async with aiohttp.ClientSession() as session, session.get(f"{house.url}/metrics", headers=BEARER) as answer:
        page = await answer.text()
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    series = Counter((sample.name, tuple(sorted(sample.labels.items()))) for sample in samples)
    assert max(series.values()) == 1
    found: dict[str, float] = {}
    for sample in samples:
        name = sample.name.removeprefix("relation_worker_")
        found[name] = found.get(name, 0.0) + sample.value
    return found


async def test_figures_follow_events(house: House) -> None:
    """Events, calls, outcomes, waits and commits are counted; the gauges tell of the connection."""
    await house.publish(event("1"), event("2"), event("3", address=None))

    seen = await figures(house)

    assert seen["events_total"] == 3
    assert seen["deliveries_total"] == seen["delivery_seconds_count"] == 3
    assert seen["calls_total"] == seen["call_duration_seconds_count"] >= 1
    assert seen["journal_flush_seconds_count"] >= 3
    assert seen["journal_changes_total"] >= seen["journal_flush_seconds_count"]
    assert seen["waited_seconds_total"] > 0
    assert (seen["broker_connected"], seen["intake_owned"], seen["connection_paused"]) == (1, 1, 0)
    assert seen["in_flight_limit_calls"] >= 1
    assert seen["backlog_deliveries"] == 0
