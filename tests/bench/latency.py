"""From publish to the call's arrival at the vendor, on a worker that has nothing else to do."""

import asyncio
import time
from collections.abc import Callable

from tests.bench.contestant import Account, started
from tests.bench.events import Load, fresh
from tests.bench.ground import Ground
from tests.bench.rows import Row, row

WARM = 100
PAUSE = 0.03  # seconds between events: the worker is idle again


async def measure(ground: Ground, *, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Publish one event after the other, and compare when each was published with when it came."""
    count = 200 if quick else 1000
    await ground.broker.clear()
    account = Account("acme", "link", path="latency")
    with started(ground.place("latency"), ground.vendor, ground.server, [account]):
        await ground.broker.feed(Load("link", ("acme",), WARM, fresh()).bodies())
        await ground.broker.wait(WARM, 60.0)
        published = []
        for body in Load("link", ("acme",), count, fresh()).bodies():
            published.append(time.monotonic())
            await ground.broker.feed([body])
            await asyncio.sleep(PAUSE)
        await ground.broker.wait(WARM + count, 60.0)
    came = (await ground.moments("latency"))[WARM:]
    took = sorted((there - here) * 1000 for here, there in zip(published, came, strict=True))
    say(f"{count} events: {took[count // 2]:.2f} ms, {took[int(count * 0.99)]:.2f} ms")
    return [row("latency_p50", [took[count // 2]]), row("latency_p99", [took[int(count * 0.99)]])]
