"""A vendor in virtual time, what reaches it when, and what our own end shows of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from worker.errors import UnknownOutcomeError
from worker.sending.quota import Quota
from worker.sending.slot import Slot

Ending = Literal["answer", "lost", "unsent", "unused"]


@dataclass(frozen=True)
class Call:
    """One call of a schedule, in seconds: `out` holds the connection's set-up, `lost` when it is given up."""

    after: float
    out: float
    back: float
    ending: Ending = "answer"
    give_up: float = 1.0
    cancel: float | None = None


@dataclass
class Vendor:
    """Notes each call that is written, and each that arrives."""

    written: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)

    async def serve(self, slot: Slot, call: Call) -> None:
        """Make one call with this slot."""
        now = asyncio.get_running_loop().time
        if call.ending == "unused":
            slot.release()
            return
        slot.charge()
        if call.ending == "unsent":
            await asyncio.sleep(call.out)
            slot.unsent()
            slot.done(UnknownOutcomeError("no connection"))
            return
        self.written.append(now())
        if call.ending == "lost":
            await self._lose(slot, call)
            return
        await asyncio.sleep(call.out)
        self.arrived.append(now())
        await asyncio.sleep(call.back)
        slot.answered()
        slot.done()

    async def _lose(self, slot: Slot, call: Call) -> None:
        if call.out <= call.give_up:
            await asyncio.sleep(call.out)
            self.arrived.append(asyncio.get_running_loop().time())
            await asyncio.sleep(call.give_up - call.out)
        else:
            await asyncio.sleep(call.give_up)
        slot.lost()
        slot.done(UnknownOutcomeError("no answer"))


def worst(moments: Sequence[float], quota: Quota) -> float:
    """Return the fullest window as a share of the quota; windows hold their first moment and not their last."""
    ordered = sorted(moments)
    most = first = 0
    for last, moment in enumerate(ordered):
        while ordered[first] <= moment - quota.seconds:
            first += 1
        most = max(most, last - first + 1)
    return most / quota.calls
