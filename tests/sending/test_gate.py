"""The gate as a whole: what it costs at rest, what it forecasts, and use that it is given back."""

import asyncio
from datetime import timedelta

import pytest

from tests.sending.gates import call, opened, virtual, waited, wall
from worker.simulation.loop import VirtualLoop


@virtual
async def test_many_gates_set_one_timer_each_and_idle_ones_none() -> None:
    """Two hundred idle gates cost nothing; a closed one that somebody waits at costs one timer."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    gates = [opened("2/s", "50/min") for _ in range(200)]
    for gate in gates:
        for _ in range(3):
            await call(gate, seconds=0.0) if gate.use[0].used < 2 else None
    await asyncio.sleep(10)
    idle_timers = loop.timers()
    tasks = len(asyncio.all_tasks())
    waiting = [asyncio.ensure_future(gates[0].slot()) for _ in range(100)]
    gates[0].pause(10.0, "slow down", "vendor")
    await asyncio.sleep(1)
    timers = loop.timers()
    for each in waiting:
        each.cancel()

    assert idle_timers == 0
    assert tasks == 1
    assert timers == 1


@virtual
async def test_forecasts_from_quotas_latency_and_pauses() -> None:
    """What waits drains when the tightest of them allows."""
    gate = opened("2/s", "50/min", in_flight=2)
    assert gate.forecast(0) == 0.0
    assert gate.forecast(2) == 0.0
    assert gate.forecast(500) == pytest.approx(540, rel=0.02)
    await call(gate, seconds=3.0)
    assert gate.forecast(10) == pytest.approx(18.0, rel=0.2)
    gate.pause(1000.0, "slow down", "vendor")
    assert gate.forecast(1) == pytest.approx(1003.0, rel=0.01)
    gate.pause(None, "holiday", "anna")
    assert gate.forecast(1) == float("inf")


@virtual
async def test_moments_of_the_future_count_as_now() -> None:
    """A clock that was put back never gives quota away."""
    gate = opened("2/min")
    gate.restore({"2/min": [wall() + timedelta(hours=5), wall() - timedelta(seconds=30)]})
    assert gate.use[0].used == 2
    first, second = await waited(call(gate, seconds=0.0)), await waited(call(gate, seconds=0.0))

    assert first == pytest.approx(30.0, abs=0.1)
    assert second == pytest.approx(30.0, abs=0.1)
