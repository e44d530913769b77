"""A quota holds over the end of its worker. Real gate and journal, virtual time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.sending.gates import call, now, wall
from worker.delivery.keep import Keeper
from worker.delivery.ledger import Ledger, opened
from worker.journal.journal import Journal
from worker.sending.gate import Gate
from worker.sending.quota import Quota

pytestmark = pytest.mark.looptime

LONGEST = 60.0
HOUR = 3600.0


@dataclass(slots=True)
class House:
    """A worker's share of things that can end and begin again, and when its calls reached the vendor at the latest."""

    journal: Journal
    arrived: list[float] = field(default_factory=list)
    gate: Gate | None = None

    async def start(self, *quotas: str, fresh: bool = False) -> Gate:
        """Return the gate of the next worker."""
        self.close()
        ledger = Ledger("acme", Keeper(self.journal, print, lambda: None, unexpected), LONGEST)
        limits = [Quota.parse(text) for text in quotas]
        gate = self.gate = Gate(limits, 1, strict=True, ledger=ledger, fresh=fresh, longest=LONGEST, wall=wall)
        gate.restore(await opened(self.journal, "acme", limits, LONGEST, wall(), fresh=fresh))
        return gate

    def close(self) -> None:
        """End the worker that is there, without a word."""
        if self.gate is not None:
            self.gate.close()

    async def calls(self, gate: Gate, number: int) -> None:
        """Make so many calls, one after the other."""
        for _ in range(number):
            await self.call(gate)

    async def call(self, gate: Gate, seconds: float = 0.1) -> None:
        """Make one call that is answered after so many seconds."""
        await call(gate, seconds=seconds)
        self.arrived.append(now())

    def worst(self, seconds: float) -> int:
        """Return the most calls in any stretch of so many seconds."""
        return max(sum(last - seconds < moment <= last for moment in self.arrived) for last in self.arrived)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Return a house with a journal of its own."""
    journal = await Journal.open("sqlite://", inline=True, clock=lambda: wall().timestamp(), monotonic=now)
    made = House(journal)
    yield made
    made.close()
    await journal.close()


def unexpected(bug: BaseException) -> None:
    """Fail the test."""
    raise bug


async def test_call_that_arrived_late_in_its_block_counts_after_a_crash(house: House) -> None:
    """Nothing is forgotten while it may be in the window, though what is written lies ahead of its time."""
    gate = await house.start("15/h", fresh=True)
    await house.call(gate, seconds=20.0)
    for _ in range(13):
        await asyncio.sleep(100)
        await house.call(gate)
    await asyncio.sleep(house.arrived[0] + 3581 - now())
    await house.call(gate)
    gate = await house.start("15/h")
    async with asyncio.timeout(HOUR):
        await house.call(gate)

    assert house.worst(HOUR) <= 15


def used(gate: Gate) -> dict[str, int]:
    """Return how much of each quota is used."""
    return {str(each.quota): each.used for each in gate.use}


async def test_quota_of_which_nothing_is_known_counts_as_used_up(house: House) -> None:
    """Who calls for months and is told of another quota then keeps to it from the first call."""
    gate = await house.start("2/s", fresh=True)
    await house.calls(gate, 70)
    gate = await house.start("2/s", "50/min")
    assert used(gate)["50/min"] == 50
    await house.calls(gate, 60)

    assert house.worst(60.0) <= 70  # what was called before the quota was known
    assert house.arrived[70] >= house.arrived[69] + 60.0


async def test_longer_quota_begins_with_what_the_shorter_ones_let_through(house: House) -> None:
    """What is not known counts as if it had been called at the highest rate until now."""
    gate = await house.start("10/min", fresh=True)
    await house.calls(gate, 3)

    gate = await house.start("10/min", "1000/h", "100/d")

    assert used(gate) == {"10/min": 3, "1000/h": 600, "100/d": 100}


async def test_shorter_quota_begins_with_the_calls_of_a_longer_one(house: House) -> None:
    """What was called within its window is known, and stays known over another end."""
    gate = await house.start("60/h", fresh=True)
    await house.calls(gate, 3)
    gate = await house.start("5/min")
    await house.call(gate)
    gate = await house.start("5/min")

    assert used(gate) == {"5/min": 4}


async def test_quota_that_comes_back_begins_with_what_was_called_meanwhile(house: House) -> None:
    """Calls of long ago are not taken for all that is known."""
    gate = await house.start("15/h", fresh=True)
    await house.calls(gate, 3)
    await asyncio.sleep(5 * HOUR)
    gate = await house.start("60/h")
    await house.calls(gate, 14)
    gate = await house.start("15/h")
    await house.calls(gate, 5)

    assert house.worst(HOUR) <= 15


async def test_quota_that_was_left_out_counts_as_used_up(house: House) -> None:
    """While it was not in the settings nobody counted."""
    await house.calls(await house.start("15/h", fresh=True), 3)
    await house.calls(await house.start("2/s"), 30)

    assert used(await house.start("15/h")) == {"15/h": 15}


async def test_start_without_a_call_uses_nothing_up(house: House) -> None:
    """A worker that is started again before its first call may call at once."""
    await house.start("15/h", fresh=True)
    await asyncio.sleep(10)

    assert used(await house.start("15/h")) == {"15/h": 0}


async def test_new_quota_is_free_where_nobody_has_called_for_as_long(house: House) -> None:
    """What is known of the last call says so, and so does that there was none."""
    await house.start("10/min", fresh=True)
    gate = await house.start("10/min", "15/h")
    assert used(gate) == {"10/min": 0, "15/h": 0}
    await house.calls(gate, 3)
    await asyncio.sleep(2 * HOUR)

    assert used(await house.start("15/h", "20/2h")) == {"15/h": 0, "20/2h": 20}
    await asyncio.sleep(HOUR)
    assert used(await house.start("15/h", "20/2h", "30/150min")) == {"15/h": 0, "20/2h": 0, "30/150min": 0}
