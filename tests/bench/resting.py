"""What a worker costs that has nothing to do: CPU with few and many connections, and memory."""

import asyncio
import time
from collections.abc import Callable

from tests.bench.contestant import Account, started
from tests.bench.ground import Ground
from tests.bench.rows import Row, row

SETTLED = 3.0  # seconds until everything has been started


async def measure(ground: Ground, *, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Watch an idle worker with 10 and with 200 connections."""
    rows = []
    for connections in (10, 200):
        share, resident = await idle(ground, connections, 5.0 if quick else 20.0)
        say(f"{connections} connections: {share:.2f} % of a core, {resident:.0f} MB")
        rows.append(row(f"idle_cpu_{connections}", [share]))
        if connections == 10:
            rows.append(row("memory_idle", [resident], note="10 connections"))
    return rows


async def idle(ground: Ground, connections: int, seconds: float) -> tuple[float, float]:
    """Return per cent of a core, and megabytes."""
    await ground.broker.clear()
    accounts = [Account(f"acme-{number}", "link", in_flight=4) for number in range(connections)]
    with started(ground.place("idle"), ground.vendor, ground.server, accounts) as process:
        await asyncio.sleep(SETTLED)
        cpu, began = process.cpu(), time.monotonic()
        await asyncio.sleep(seconds)
        return (process.cpu() - cpu) / (time.monotonic() - began) * 100, process.resident()
