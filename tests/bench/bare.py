"""The limit: aiohttp calls in a loop, 64 in flight, and nothing else.

Waits for a line on its input, makes so many calls, and prints what they took; an empty line ends it.
"""

import asyncio
import resource
import sys
import time

import aiohttp
import orjson
import uvloop

from tests.bench.events import link

IN_FLIGHT = 64


async def calls(session: aiohttp.ClientSession, url: str, count: int) -> None:
    """Make so many calls, each with a body of its own, and read each answer."""
    numbers = iter(range(count))

    async def one_after_the_other() -> None:
        for number in numbers:
            async with session.post(url, data=orjson.dumps(link(number))) as answer:
                orjson.loads(await answer.read())

    await asyncio.gather(*(one_after_the_other() for _ in range(IN_FLIGHT)))


async def main(url: str) -> None:
    """Make calls whenever somebody says how many."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        while count := (await asyncio.to_thread(sys.stdin.readline)).strip():
            began, cpu = time.monotonic(), used()
            await calls(session, url, int(count))
            told = {"seconds": time.monotonic() - began, "cpu": used() - cpu}
            print(orjson.dumps(told).decode(), flush=True)  # noqa: T201 -- whoever asked reads it


def used() -> float:
    """Return the seconds of CPU of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
