"""The machine below the worker fails: its disk, its clock, its processor."""

import asyncio
import os
import re
import resource
import signal
import time
from pathlib import Path

from tests.faults.clock import OFFSET
from tests.faults.events import mixed, stories
from tests.faults.house import House
from tests.faults.row import Outcome
from tests.journal.servers import PostgreSQL

FAILED = re.compile("cannot write|cannot be read or written")  # as the journal says it
HOUR = 3600.0
WORDS = 50_000  # bytes that a worker may say while it cannot write elsewhere
LEASE = 3.0


async def journal_fails(runs: int) -> Outcome:
    """Let the journal's file grow no more, as on a full disk; then let it again."""
    async with House("journal cannot write", {"coalesce": False}) as house:
        await house.vendors.slow(0.05)
        await house.start()
        for run in range(runs):
            await house.publish(mixed(stories(16, first=16 * run), seed=run))
            await asyncio.sleep(0.3)
            grow(house, may=False)
            await fill(house, 3_000 + 100 * run)
            await asyncio.sleep(1.5)
            if run % 2:
                await house.worker.kill()
                await house.start()
            effects, since = await house.vendors.count(), time.monotonic()
            grow(house, may=True)
            await house.publish(mixed(stories(4, first=6_000 + 4 * run), seed=run))
            await house.recovered(since, effects)
        return await ended(house, runs)


async def fill(house: House, first: int) -> None:
    """Publish until a write has failed; a worker says so the first time, what comes again soon is the same to it."""
    for more in range(12):
        await house.publish(mixed(stories(8, first=first + 8 * more), seed=more))
        await asyncio.sleep(0.5)
        if any(FAILED.search(log.read_text(errors="replace")) for log in house.folder.glob("worker-*.log")):
            return
    house.problems.append("no write failed")


def grow(house: House, *, may: bool) -> None:
    """Let the kernel refuse the worker's writes behind the present end of the journal's log, or not.

    A log that was begun anew ends further on than it is written to: then it is refused soon. What the worker says
    goes to a file as well, and must find room.
    """
    size = min(Path(f"{house.folder / 'journal.db'}-wal").stat().st_size, house.worker.log.stat().st_size + WORDS)
    unlimited = resource.RLIM_INFINITY
    resource.prlimit(house.worker.pid, resource.RLIMIT_FSIZE, (unlimited if may else size, unlimited))


async def clock_jumps(runs: int) -> Outcome:
    """Move the wall clock by an hour for a while; every other time kill the worker meanwhile."""
    async with House("wall clock jumps by an hour", {"coalesce": False}) as house:
        clock = house.folder / "clock"
        os.environ[OFFSET] = str(clock)
        clock.write_text("0")
        await house.start(module="tests.faults.clock")
        for run in range(runs):
            await house.publish(mixed(stories(16, first=16 * run), seed=run))
            await asyncio.sleep(0.3)
            clock.write_text(str(HOUR if run % 2 else -HOUR))
            await house.publish(mixed(stories(8, first=3_000 + 8 * run), seed=run))
            await asyncio.sleep(1.5)
            if run % 4 > 1:
                await house.worker.kill()
                await house.start(module="tests.faults.clock")
            effects, since = await house.vendors.count(), time.monotonic()
            clock.write_text("0")
            await house.publish(mixed(stories(4, first=6_000 + 4 * run), seed=run))
            await house.recovered(since, effects)
        return await ended(house, runs)


async def owner_freezes(runs: int) -> Outcome:
    """Of two workers on one journal one is frozen longer than its leases, and wakes up in the middle of a call."""
    return await two_workers("one of two workers frozen", runs, signal.SIGSTOP)


async def owner_dies(runs: int) -> Outcome:
    """Of two workers on one journal one dies; the other goes on with what it had."""
    return await two_workers("one of two workers killed", runs, signal.SIGKILL)


async def two_workers(scenario: str, runs: int, word: signal.Signals) -> Outcome:
    """Lose one of two workers, again and again."""
    server = PostgreSQL()
    try:
        house = House(scenario, {"coalesce": False})
        house.journal_url = server.schema().replace(":@", "@")
        async with house:
            await house.vendors.slow(0.1, 0.1)
            workers = [await house.start(), await house.start()]
            for run in range(runs):
                await house.publish(mixed(stories(24, first=24 * run), seed=run))
                await asyncio.sleep(1.0)
                one = workers.pop(0)
                one.signal(word)
                effects, since = await house.vendors.count(), time.monotonic()
                await house.publish(mixed(stories(8, first=3_000 + 8 * run), seed=run))
                await house.recovered(since, effects)
                await asyncio.sleep(max(0.0, since + LEASE * 1.7 - time.monotonic()))
                one.signal(signal.SIGCONT)
                workers.append(one if one.code is None and word is signal.SIGSTOP else await house.start())
            return await ended(house, runs)
    finally:
        server.stop()


async def ended(house: House, runs: int) -> Outcome:
    house.row.runs = runs
    await house.settled()
    return await house.verdict()
