"""What a backlog costs: CPU of an event at a thousand and at a million, and memory."""

import asyncio
import hashlib
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson

from tests.bench.contestant import Account, started
from tests.bench.events import event, fresh
from tests.bench.ground import Ground
from tests.bench.rows import Row, row
from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Received

DELIVERED = 8000  # events over which CPU is measured, beyond those that warm it up
WARM = 1000
LAP = 1000  # events; the median of laps leaves out what else the machine did meanwhile
CHUNK = 2000
SETTLED = 6.0


async def measure(ground: Ground, *, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Deliver the first events of longer and longer backlogs."""
    sizes = (1_000, 10_000, 100_000) if quick else (1_000, 10_000, 100_000, 1_000_000)
    costs: dict[int, float] = {}
    resident = 0.0
    for size in sizes:
        costs[size], resident = await drained(ground, size)
        say(f"backlog of {size}: {costs[size] * 1e6:.0f} us an event, {resident:.0f} MB")
    middle = statistics.median(costs.values())
    worst = max(abs(cost - middle) / middle for cost in costs.values()) * 100
    told = ", ".join(f"{size}: {cost * 1e6:.0f} us" for size, cost in costs.items())
    return [
        row("memory_backlog", [resident], note=f"backlog of {sizes[-1]}, while it is delivered"),
        row("backlog_flat", [worst], note=told),
    ]


async def drained(ground: Ground, size: int) -> tuple[float, float]:
    """Return seconds of CPU an event, and megabytes, with at least so many events waiting."""
    await ground.broker.clear()
    folder = ground.place("backlog")
    await built(folder, size + WARM + DELIVERED)
    seen: list[tuple[int, float]] = []
    with started(folder, ground.vendor, ground.server, [Account("acme", "link", in_flight=16)]) as process:
        await ground.broker.wait(WARM + DELIVERED, 300.0, lambda count: seen.append((count, process.cpu())))
        resident = process.resident()
    return statistics.median(laps(seen)), resident


def laps(seen: list[tuple[int, float]]) -> list[float]:
    """Return seconds of CPU an event, lap by lap, from how many results and how much CPU there were at each look."""
    costs: list[float] = []
    begun = next(each for each in seen if each[0] >= WARM)
    for count, cpu in seen:
        if count >= begun[0] + LAP:
            costs.append((cpu - begun[1]) / (count - begun[0]))
            begun = (count, cpu)
    return costs


async def built(folder: Path, size: int) -> None:
    """Write a backlog as intake would have."""
    journal = await Journal.open(f"sqlite:///{folder}/journal.db")
    try:
        mark = fresh()
        for start in range(0, size, CHUNK):
            await journal.take([delivery(mark, number) for number in range(start, min(size, start + CHUNK))])
            await asyncio.sleep(0)
    finally:
        await journal.close()


def delivery(mark: str, number: int) -> Delivery:
    """Return one waiting row."""
    key = f"{mark}-{number}"
    body = orjson.dumps(event("link", "acme", key, number))
    return Delivery(
        connection="acme",
        position=number + 1,
        source="/bench/crm",
        subject=key,
        event_id=f"acme-{key}",
        digest=hashlib.sha256(body).digest(),
        operation="create",
        received=Received("RELATIONS", number + 1, "relation.created", datetime.now(UTC), (), body),
    )
