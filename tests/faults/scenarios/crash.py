"""The worker dies: at any moment, and at every step."""

import asyncio
import random
import time

from tests.faults.events import mixed, stories
from tests.faults.house import House
from tests.faults.row import Outcome

STEPS = ("take", "mark", "settled", "reported", "attempted")
POINTS = (
    *(f"{when}-commit-{step}" for step in STEPS[:4] for when in ("before", "after")),
    *(f"{when}-{what}" for what in ("ack", "call", "publish") for when in ("before", "after")),
    "during-call",
)


async def kill_at_random(runs: int) -> Outcome:
    """SIGKILL at random points, while events keep coming."""
    async with House("kill-9 at random points", {"coalesce": False}) as house:
        await house.vendors.slow(0.03, 0.03)
        chance = random.Random(7)
        for run in range(runs):
            await house.start()
            await house.publish(mixed(stories(12, first=12 * run), seed=run))
            await asyncio.sleep(chance.uniform(0.0, 1.5))
            await house.worker.kill()
        return await ended(house, runs)


async def kill_at_failpoints(runs: int) -> Outcome:
    """SIGKILL between every two steps: each failpoint at its first and a later hit."""
    points = [f"{point}=kill@{hit}" for hit in (1, 3) for point in POINTS][:runs]
    async with House("kill-9 at each failpoint", {"coalesce": False}) as house:
        await house.vendors.slow(0.05)
        for run, point in enumerate(points):
            await house.publish(mixed(stories(8, first=8 * run), seed=run))
            await house.prepared(point).launch()
            try:
                await house.worker.ended(20.0)
            except TimeoutError:
                house.problems.append(f"{point} was never met")
                await house.worker.kill()
        return await ended(house, len(points))


async def ended(house: House, runs: int) -> Outcome:
    """Start a last time, and let everything come to its end."""
    house.row.runs = runs
    effects, since = await house.vendors.count(), time.monotonic()
    await house.publish(mixed(stories(4, first=3_000)))
    await house.start()
    await house.recovered(since, effects)
    await house.settled()
    return await house.verdict()
