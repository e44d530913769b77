"""The worker dies: at any moment, and at every step."""

import asyncio
import random
import signal
import time

from tests.faults.events import mixed, stories
from tests.faults.house import House
from tests.faults.row import Outcome
from worker.brokers.streams import RELATIONS

STEPS = ("take", "mark", "settled", "reported", "attempted")
POINTS = (
    *(f"{when}-commit-{step}" for step in STEPS[:4] for when in ("before", "after")),
    *(f"{when}-{what}" for what in ("ack", "call", "publish") for when in ("before", "after")),
    "during-call",
)
PARTS, STORIES = 3, 3  # of what is published to a worker that is to die


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
            await house.prepared(point).launch()
            await busy(house, run)
            await met(house, point)
        return await ended(house, len(points))


async def busy(house: House, run: int) -> None:
    """Publish in parts, each when the one before is taken: what comes at once is taken and acked but once."""
    for part in range(PARTS):
        await house.publish(mixed(stories(STORIES, first=STORIES * (PARTS * run + part)), seed=run))
        await house.until(lambda: taken_or_dead(house), "the intake of what was published")


async def taken_or_dead(house: House) -> bool:
    return house.worker.code is not None or not await house.messages(RELATIONS)


async def met(house: House, point: str) -> None:
    """Wait until the worker was killed where it should be, and by nothing else."""
    try:
        code = await house.worker.ended(20.0)
    except TimeoutError:
        house.problems.append(f"{point} was never met")
        await house.worker.kill()
    else:
        if code != -signal.SIGKILL:
            house.problems.append(f"{point}: the worker ended with {code}: {house.worker.said()[-500:]}")


async def ended(house: House, runs: int) -> Outcome:
    """Start a last time, and let everything come to its end."""
    house.row.runs = runs
    effects, since = await house.vendors.count(), time.monotonic()
    await house.publish(mixed(stories(4, first=3_000)))
    await house.start()
    await house.recovered(since, effects)
    await house.settled()
    return await house.verdict()
