"""What comes in is broken, doubled or out of order."""

from tests.faults.events import VENDORS, mixed, poison, shuffled, stories
from tests.faults.house import House
from tests.faults.row import Outcome

EVENTS = 20_000


async def duplicates(runs: int) -> Outcome:
    """Every event three times, versions shuffled."""
    async with House("duplicates x3, versions shuffled") as house:
        await house.vendors.slow(0.01)
        await house.start()
        for run in range(runs):
            await house.publish(shuffled(stories(40, first=40 * run), seed=run))
        house.row.runs = runs
        await house.settled()
        return await house.verdict()


async def poisoned(runs: int) -> Outcome:
    """One message in a hundred is poison; the lanes go on beside it. `runs` of 20: the share of 20,000 events."""
    count = EVENTS * runs // 20
    async with House(f"1 % poison of {count:,}", {"quotas": ["2000/s"], "in_flight": 16, "batch": 50}) as house:
        await house.start()
        good = mixed(stories(count * 10 // 42, VENDORS[:3], updates=3))[: count - count // 100]
        for place in range(0, len(good), 99):
            await house.publish([*good[place : place + 99], poison(place // 99)])
        await house.settled(240.0)
        if {result["data"]["reason"] for result in await house.results() if "reason" in result["data"]} - INTAKE:
            house.problems.append("a letter has a reason that only a delivery can have")
        return await house.verdict()


INTAKE = {"malformed", "unknown_type", "invalid_data", "unroutable", "crashed", "waits_for"}
