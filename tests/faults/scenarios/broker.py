"""The broker goes away, comes back, and refuses."""

import asyncio
import time

import nats
from nats.js.api import DiscardPolicy

from tests.faults.events import mixed, poison, stories
from tests.faults.house import House
from tests.faults.proxy import Proxy
from tests.faults.row import Outcome
from worker.brokers.streams import DEAD_LETTERS, RESULTS

AWAY = 0.7  # seconds


async def restarted(runs: int) -> Outcome:
    """Kill the server while events come and results go, and start it again."""
    async with House("broker killed and restarted", {"coalesce": False}) as house:
        await house.vendors.slow(0.02)
        await house.start()
        for run in range(runs):
            await house.publish(mixed(stories(24, first=24 * run), seed=run))
            await asyncio.sleep(0.1 * run % 0.8)
            house.server.kill()
            await asyncio.sleep(AWAY)
            house.server.start()
            await back(house, 7_000 + run)
        return await ended(house, runs)


async def cut(runs: int) -> Outcome:
    """Reset the worker's connections to the server, and let nobody answer for a while."""
    async with House("connection to the broker cut", {"coalesce": False}) as house, Proxy(house.server.port) as proxy:
        house.broker["url"] = f"nats://127.0.0.1:{proxy.port}"
        await house.vendors.slow(0.02)
        await house.start()
        for run in range(runs):
            await house.publish(mixed(stories(24, first=24 * run), seed=run))
            await asyncio.sleep(0.1 * run % 0.8)
            proxy.is_open = False
            proxy.cut()
            await asyncio.sleep(AWAY)
            proxy.is_open = True
            await back(house, 7_000 + run)
        return await ended(house, runs)


async def refused(runs: int) -> Outcome:
    """Results and dead letters are refused after the vendors took the calls; then they are taken again."""
    async with House("results and dead letters refused") as house:
        await house.start()
        for run in range(runs):
            await house.publish(mixed(stories(12, first=12 * run), seed=run))
            await take_no_more(house, are_full=True)
            await house.publish([poison(run), *mixed(stories(12, first=1_000 + 12 * run), seed=run)])
            await asyncio.sleep(1.0)
            if run % 2:
                await house.worker.kill()
            told = await house.told()
            await take_no_more(house, are_full=False)
            since = time.monotonic()
            if run % 2:
                await house.start()
            await house.until(lambda told=told: more(house, told), "the next result")  # type: ignore[misc]  # a default that no caller gives
            house.row.recovery_seconds = max(round(time.monotonic() - since, 2), house.row.recovery_seconds or 0.0)
        return await ended(house, runs)


async def back(house: House, number: int) -> None:
    """Measure how soon something new comes through."""
    effects, since = await house.vendors.count(), time.monotonic()
    await house.publish(mixed(stories(1, first=number)))
    await house.recovered(since, effects)


async def ended(house: House, runs: int) -> Outcome:
    house.row.runs = runs
    await house.settled()
    return await house.verdict()


async def more(house: House, told: int) -> bool:
    return await house.told() > told


async def take_no_more(house: House, *, are_full: bool) -> None:
    """Let the streams of results and dead letters be full, or not."""
    client = await nats.connect(house.server.url)
    js = client.jetstream()
    for stream in (RESULTS, DEAD_LETTERS):
        info = await js.stream_info(stream)
        limit = max(1, info.state.messages) if are_full else -1
        policy = DiscardPolicy.NEW if are_full else DiscardPolicy.OLD
        await js.update_stream(info.config.evolve(max_msgs=limit, discard=policy))
    await client.close()
