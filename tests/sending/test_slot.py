"""What a slot costs: one call, or nothing where none was made."""

import asyncio
from datetime import datetime

import pytest

from tests.sending.gates import opened, virtual
from worker.errors import HeldBackError, RetryableError
from worker.sending.reserve import BLOCK_SECONDS, HOLD_SECONDS
from worker.sending.slot import SpentSlotError


@virtual
async def test_a_slot_pays_for_one_call() -> None:
    """A second pass is refused, before and after the answer and when the slot was given back."""
    gate = opened()
    slot = await gate.slot()
    slot.charge()
    with pytest.raises(SpentSlotError):
        slot.charge()
    slot.answered()
    with pytest.raises(SpentSlotError):
        slot.charge()
    slot.done()
    unused = await gate.slot()
    unused.release()
    with pytest.raises(SpentSlotError):
        unused.charge()

    assert gate.in_flight == 0


@virtual
async def test_an_unused_slot_and_an_unsent_call_cost_nothing() -> None:
    """Only what may have arrived is counted."""
    gate = opened("2/min")
    (await gate.slot()).release()
    unsent = await gate.slot()
    unsent.charge()
    unsent.unsent()
    unsent.done(RetryableError("no connection", reason="attempts_exhausted"))
    assert gate.use[0].used == 0

    cut_off = await gate.slot()
    cut_off.charge()
    cut_off.release()
    assert gate.use[0].used == 1


@virtual
async def test_a_slot_that_is_too_old_pays_for_nothing() -> None:
    """What is on disk for it will not count for long enough; it says so, and a new one pays."""

    class Disk:
        async def used(self, quota: str, moments: list[datetime]) -> None:
            assert (quota, len(moments)) == ("15/h", 1)

    gate = opened("15/h", ledger=Disk())
    slot = await gate.slot()
    await asyncio.sleep(BLOCK_SECONDS + HOLD_SECONDS + 1)
    with pytest.raises(HeldBackError, match="the journal took too long"):
        slot.charge()
    slot.release()
    (await gate.slot()).charge()

    assert gate.use[0].used == 1
