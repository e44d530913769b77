"""What healthy connections lose to a slow, a refusing and a limited neighbour in the same worker."""

import time
from collections.abc import Callable
from dataclasses import replace

from tests.bench.contestant import Account, started
from tests.bench.events import Load, fresh
from tests.bench.ground import Ground
from tests.bench.rows import Row, row

HEALTHY = (Account("well-1", "link", in_flight=16), Account("well-2", "link", in_flight=16))
NEIGHBOURS = (
    Account("slow", "link", path="slow", in_flight=4),
    Account("refusing", "link", path="refusing", in_flight=4),
    Account("limited", "link", path="limited", quotas=["5/s"], in_flight=4),
)


async def measure(ground: Ground, *, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Deliver the same events in pairs: beside neighbours that are switched off, and that are at work."""
    count, rounds = (500, 2) if quick else (2000, 5)
    rates, shares = [], []
    for number in range(rounds):
        alone = await rate(ground, count, enabled=False)
        beside = await rate(ground, count, enabled=True)
        say(f"pair {number + 1} of {rounds}: {alone:.0f}/s alone, {beside:.0f}/s beside three bad neighbours")
        rates.append(beside)
        shares.append(beside / alone)
    return [row("fairness", rates, shares)]


async def rate(ground: Ground, count: int, *, enabled: bool) -> float:
    """Return the events a second of the healthy ones; events for all are taken either way."""
    await ground.broker.clear()
    accounts = [*HEALTHY, *(replace(each, enabled=enabled) for each in NEIGHBOURS)]
    word = fresh()
    accounts = [replace(each, path=word) if each.path == "healthy" else each for each in accounts]
    with started(ground.place("fairness"), ground.vendor, ground.server, accounts) as process:
        names = tuple(each.name for each in accounts)
        bodies = Load("link", names, count, fresh()).bodies()
        began = time.monotonic()
        await ground.broker.feed(bodies)
        moments = await ground.arrived(word, count * len(HEALTHY), 300.0, process)
    return len(moments) / (max(moments) - began)
