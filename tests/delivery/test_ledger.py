"""A quota holds over the end of its worker. Real gate and journal, virtual time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.sending.gates import call, now, wall
from worker.delivery.keep import Keeper
from worker.delivery.ledger import Ledger
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

    async def start(self, *quotas: str, fresh: bool = False) -> Gate:
        """Return the gate of the next worker."""
        ledger = Ledger("acme", Keeper(self.journal, print, lambda: None, unexpected), LONGEST)
        limits = [Quota.parse(text) for text in quotas]
        gate = Gate(limits, 1, strict=True, ledger=ledger, fresh=fresh, longest=LONGEST, wall=wall)
        gate.restore(await self.journal.used("acme"))
        return gate

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
    yield House(journal)
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
    gate.close()
    gate = await house.start("15/h")
    async with asyncio.timeout(HOUR):
        await house.call(gate)

    assert house.worst(HOUR) == 15
