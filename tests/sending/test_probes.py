"""Calls that try whether what closed the gate is over."""

import asyncio

import pytest

from tests.sending.gates import UNAUTHORIZED, call, now, opened, virtual, waited
from worker.errors import AddressError, ClockError, TargetError


async def probed(error: TargetError, by: str, intervals: list[float]) -> None:
    """Let the gate probe at these intervals, and reopen it by a good answer."""
    gate = opened()
    await call(gate, error, status=401)
    waits = []
    for _ in range(3):
        began = now()
        slot = await call(gate, error, status=401, seconds=0.0)
        waits.append(now() - began)
        assert slot.probe == by
    good = await call(gate, seconds=0.0)

    assert waits == pytest.approx(intervals, abs=0.01)
    assert good.probe == by
    assert gate.paused is None
    assert (await gate.slot()).probe is None


@virtual
async def test_bad_credentials_let_out_probes_at_growing_intervals() -> None:
    """One slot at a time tries; a good answer reopens, others wait."""
    await probed(UNAUTHORIZED, "credentials", [60.0, 120.0, 240.0])


@virtual
async def test_a_wrong_clock_is_probed_soon() -> None:
    """Nobody need renew anything where only a clock must be set."""
    await probed(ClockError("the time stamp is too old"), "clock", [2.0, 4.0, 8.0])


@virtual
async def test_only_one_probe_is_out_at_a_time() -> None:
    """While it is under way nobody else gets a slot; one that is not used is handed out again."""
    gate = opened()
    await call(gate, AddressError("not there"), status=404)
    probe = await gate.slot()
    waiting = asyncio.ensure_future(gate.slot())
    await asyncio.sleep(1000)
    assert not waiting.done()

    probe.release()
    assert await waited(waiting) == pytest.approx(1.0, abs=0.01)
    assert waiting.result().probe == "address"


@virtual
async def test_an_answer_that_nobody_judged_proves_nothing() -> None:
    """A probe that is cut off after its first byte does not reopen."""
    gate = opened()
    await call(gate, UNAUTHORIZED, status=401)
    probe = await gate.slot()
    probe.charge()
    probe.answered(200)
    probe.release()

    assert gate.paused is not None
