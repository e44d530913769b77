"""The gate's timer on the loop that the worker runs on."""

import asyncio
import time

import uvloop

from worker.sending.gate import Gate
from worker.sending.quota import Quota


async def paused_around_the_tick() -> None:
    gate = Gate([Quota.parse("1000/s")], 8, fresh=True)
    for _ in range(200):
        while time.monotonic() % 0.001 < 0.00098:
            pass
        gate.pause(0.0001, "too fast", "vendor")
        gate.pause(0.0002, "too fast", "vendor")
        async with asyncio.timeout(5.0):
            (await gate.slot()).release()
    gate.close()


def test_pauses_of_less_than_a_millisecond_end_on_uvloop() -> None:
    """What is due within half a millisecond opens the gate like any other, though uvloop gives no timer for it."""
    uvloop.run(paused_around_the_tick())
