"""The worker dies, and with it goes the broker that it started: now, or when the next worker starts."""

import asyncio
import time
from pathlib import Path

from tests.faults.events import mixed, stories
from tests.faults.house import House
from tests.faults.row import Outcome
from worker.brokers.store import Store

SOON = 3.0  # seconds in which a broker ends whose worker was killed
UNTIED = "tests.faults.untied"


async def orphaned(runs: int) -> Outcome:
    """SIGKILL a worker with an embedded broker; every other time where the system does not end the two together."""
    async with House("worker with embedded broker killed", {"coalesce": False}) as house:
        store = embedded(house)
        await house.vendors.slow(0.02)
        await started(house, store)
        for run in range(runs):
            outlives = run % 2 == 1
            await house.publish(mixed(stories(12, first=12 * run), seed=run))
            await asyncio.sleep(0.15 * run % 0.8)
            await house.worker.kill()
            if outlives:
                await house.publish(mixed(stories(4, first=3_000 + 4 * run), seed=run))
            else:
                await house.until(lambda: gone(store), "the end of the killed worker's broker", SOON)
            effects, since = await house.vendors.count(), time.monotonic()
            await started(house, store, outlives=run % 2 == 0)
            await house.publish(mixed(stories(4, first=6_000 + 4 * run), seed=run))
            await house.recovered(since, effects)
        house.row.runs = runs
        await house.settled()
        await ended(house, store)
        return await house.verdict()


def embedded(house: House) -> Store:
    """Let the house's worker run the broker, on the store that was the server's."""
    house.server.stop()
    store = Store(house.server.folder / "store")
    house.broker = {"url": "embedded", "folder": str(store.folder)}
    return store


async def started(house: House, store: Store, *, outlives: bool = False) -> None:
    """Start a worker, and see that one broker works on the store."""
    await house.start(module=UNTIED if outlives else "worker")
    running = store.running()
    assert running is not None, house.worker.said()
    house.server.port = running.port
    if (servers := serving(store)) != [running.pid]:
        house.problems.append(f"the servers {servers} work on one store")


async def ended(house: House, store: Store) -> None:
    """Stop in good order, see that nothing is left behind, and open the store to be looked into."""
    if code := await house.worker.stop():
        house.problems.append(f"the worker ended with {code}")
    if servers := serving(store):
        house.problems.append(f"a stop in good order left {servers} behind")
    house.server.start()


async def gone(store: Store) -> bool:
    return not serving(store)


def serving(store: Store) -> list[int]:
    """Return the processes that are servers on this store."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [pid for pid in pids if store.owns(pid)]
