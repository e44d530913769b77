"""The worker is told to stop in the middle of everything."""

import asyncio
import signal
import time

from tests.faults.events import mixed, stories
from tests.faults.house import House
from tests.faults.row import Outcome


async def stopped(runs: int) -> Outcome:
    """SIGTERM under load: what is in flight is finished and told, the rest waits, the exit code is 0."""
    async with House("SIGTERM under load", {"coalesce": False}) as house:
        await house.vendors.slow(0.2, 0.2)
        for run in range(runs):
            await house.start()
            await house.publish(mixed(stories(24, first=24 * run), seed=run))
            await asyncio.sleep(1.5 + 0.2 * run)
            since = time.monotonic()
            code = await house.worker.stop()
            seconds = time.monotonic() - since
            if code or seconds > 8.0:
                house.problems.append(f"the worker ended with {code} after {seconds:.1f} s")
            await nothing_is_open(house)
        effects, since = await house.vendors.count(), time.monotonic()
        await house.start()
        await house.recovered(since, effects)
        house.row.runs = runs
        await house.settled()
        return await house.verdict()


async def nothing_is_open(house: House) -> None:
    """See that every call was answered and its outcome told."""
    for vendor in house.vendors.settings:
        calls = await house.vendors.calls(vendor)
        for call in calls:
            if call["answered"] is None:
                house.problems.append(f"{vendor}: a call was cut off: {call}")
    counts = await house.counts()
    if sent := sum(count for (_, state), count in counts.items() if state == "sent"):
        house.problems.append(f"{sent} deliveries are marked as sent after a stop in good order")


async def twice(runs: int) -> Outcome:
    """Send a second signal, which ends the worker at once, whatever hangs."""
    async with House("a second SIGTERM", {"coalesce": False}) as house:
        for run in range(runs):
            await house.start()
            await house.vendors.spoil("superoffice", "delay", wait=2.5)
            await house.publish(mixed(stories(8, first=8 * run), seed=run))
            await asyncio.sleep(1.5)
            house.worker.signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            since = time.monotonic()
            await house.worker.stop()
            if time.monotonic() - since > 1.0:
                house.problems.append("the second signal was not immediate")
            await house.vendors.mend("superoffice")
        effects, since = await house.vendors.count(), time.monotonic()
        await house.publish(mixed(stories(4, first=5_000)))
        await house.start()
        await house.recovered(since, effects)
        house.row.runs = runs
        await house.settled()
        return await house.verdict()
