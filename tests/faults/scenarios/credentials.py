"""Sessions end while many calls are under way."""

import asyncio
import time

from tests.faults.events import mixed, stories
from tests.faults.house import House
from tests.faults.row import Outcome

WIDE = {"coalesce": False, "in_flight": 50, "quotas": ["1000/s"]}
ENOUGH = 40  # calls in flight


async def expired(runs: int) -> Outcome:
    """SuperOffice ends all sessions under some 50 parallel calls: one log-in each time, no letter.

    Each time of a fresh worker: one that has learned how slow the vendor became makes fewer calls side by side.
    """
    async with House("session ends under 50 parallel calls", WIDE) as house:
        await house.vendors.slow(0.05)
        for run in range(runs):
            await house.start()
            await house.publish(mixed(stories(100, ["superoffice"], updates=0, first=100 * run)))
            await house.settled()
            await house.vendors.tell("superoffice", "limits", latency=1.0)
            await house.publish(mixed(stories(200, ["superoffice"], updates=0, first=1_000 + 200 * run)))
            await house.until(lambda: busy(house), "50 calls in flight", 10.0)
            before = (await house.vendors.tell("superoffice", "control", expire=True))["logins"]
            effects, since = await house.vendors.count(), time.monotonic()
            await house.vendors.tell("superoffice", "limits", latency=0.05)
            await house.recovered(since, effects)
            await house.settled()
            logins = (await house.vendors.tell("superoffice", "control"))["logins"] - before
            if logins != 1:
                house.problems.append(f"{logins} log-ins after one expiry")
            await house.worker.stop()
        house.row.runs = runs
        outcome = await house.verdict()
        if outcome.reasons:
            outcome.problems.append("letters were buried")
        return outcome


async def busy(house: House) -> bool:
    await asyncio.sleep(0)
    return int((await house.vendors.ask("superoffice"))["in_flight"]) >= ENOUGH
