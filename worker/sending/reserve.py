"""Quota use that outlives the worker, written down before it happens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from worker.sending.quota import Quota

# A block may be drawn on for so long; and a slot from it may be charged so long after that.
BLOCK_SECONDS = 10.0
HOLD_SECONDS = 30.0
LARGEST_BLOCK = 1_000
SHARE_OF_QUOTA = 10
WORTH_PREFETCHING = 8


def lead(longest: float) -> float:
    """Return how far ahead of its writing a block's moment lies: a call of it arrives no later."""
    return BLOCK_SECONDS + HOLD_SECONDS + longest


class Ledger(Protocol):
    """Where quota use is kept for the next owner of the connection."""

    async def used(self, quota: str, moments: list[datetime]) -> None:
        """Return when these moments are on disk."""
        ...


@dataclass(slots=True)
class Block:
    """Calls that are written down and not made yet."""

    until: float
    size: int
    left: int


class Reserve:
    """The advance blocks of one quota.

    The moment that is written is the latest at which a call of the block can still arrive, so that a crash may
    waste the rest of a block but never hides a call. Blocks grow while they are used up in time, and are never
    more than a tenth of the quota.
    """

    __slots__ = ("_block", "_clock", "_ledger", "_longest", "_most", "_next", "_wall", "extending", "quota")

    def __init__(
        self,
        quota: Quota,
        ledger: Ledger,
        longest: float,
        clock: Callable[[], float],
        wall: Callable[[], datetime],
    ) -> None:
        self.quota = quota
        self.extending = False
        self._ledger = ledger
        self._longest = longest
        self._clock = clock
        self._wall = wall
        self._most = min(max(1, quota.calls // SHARE_OF_QUOTA), LARGEST_BLOCK)
        self._block = Block(until=0.0, size=0, left=0)
        self._next: Block | None = None

    def block(self, now: float) -> Block | None:
        """Return the block to draw a call from, None when one must be written first."""
        if self._valid(self._block, now):
            return self._block
        if self._next is not None and self._valid(self._next, now):
            self._block, self._next = self._next, None
            return self._block
        return None

    def runs_low(self) -> bool:
        """Whether the next block is worth writing before it is needed."""
        block = self._block
        return block.size >= WORTH_PREFETCHING and self._next is None and block.left <= block.size // 4

    async def extend(self) -> None:
        """Write the next block; what the ledger raises passes through."""
        size = self._size()
        until = self._clock() + BLOCK_SECONDS
        latest = self._wall() + timedelta(seconds=lead(self._longest))
        await self._ledger.used(str(self.quota), [latest] * size)
        self._next = Block(until=until, size=size, left=size)

    def _size(self) -> int:
        """Return twice the last block when that was used up, else as many as were used of it."""
        last = self._block
        wanted = last.size * 2 if last.left <= last.size // 4 else last.size - last.left
        return min(max(1, wanted), self._most)

    @staticmethod
    def _valid(block: Block, now: float) -> bool:
        return block.left > 0 and now <= block.until
