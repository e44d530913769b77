"""Which connections this worker works, and intake: by lease, spread fairly over all workers."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, inf
from typing import Literal

from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.rows import Lease

PRESENCE = "worker:"  # a lease that says only that its owner lives, so that others count it
TURNS_A_LEASE = 3


Before = Literal["never owned", "handed over", "abandoned"]


@dataclass(slots=True)
class Ownership:
    """Takes leases that are free, up to a fair share; gives back what is above it; notices what is lost.

    `gained` and `given_back` are awaited, one name at a time; `lost` must stop at once and write nothing more.
    """

    journal: Journal
    owner: str
    names: Collection[str]
    seconds: float
    gained: Callable[[str, Before], Awaitable[None]]
    given_back: Callable[[str], Awaitable[None]]
    lost: Callable[[str], None]
    tell: Callable[[str], None]
    now: Callable[[], datetime]
    held: set[str] = field(default_factory=set)

    @property
    def presence(self) -> str:
        """The lease that says that we live."""
        return PRESENCE + self.owner

    async def run(self) -> None:
        """Keep what is ours and take what is free, until cancelled."""
        while True:
            try:
                await self.turn()
            except JournalError as error:
                self.tell(f"The journal does not answer, leases may run out: {error}")
            self.drop_stale()
            await asyncio.sleep(self.seconds / TURNS_A_LEASE)

    async def turn(self) -> None:
        """Renew, count who lives, take or give back."""
        kept = await self.journal.renew()
        for name in self.held - kept:
            self.lose(name)
        if self.journal.lease_age(self.presence) == inf:
            await self.journal.acquire(self.presence, self.owner, self.seconds)
        leases = {lease.name: lease for lease in await self.journal.leases()}
        now = self.now()
        share = self.share(leases.values(), now)
        for name in sorted(self.held)[share:]:
            await self.release(name)
        for name in self.names:
            if len(self.held) >= share:
                break
            if name not in self.held and is_free(leases.get(name), now):
                await self.take(name, before(leases.get(name)))

    def share(self, leases: Iterable[Lease], now: datetime) -> int:
        """Return how many names are ours when all that live have as many."""
        alive = {lease.owner for lease in leases if lease.name.startswith(PRESENCE) and lease.until > now}
        return ceil(len(self.names) / max(1, len(alive | {self.owner})))

    async def take(self, name: str, left: "Before") -> None:
        """Take one lease, if nobody was quicker."""
        lease = await self.journal.acquire(name, self.owner, self.seconds)
        if lease is not None:
            self.held.add(name)
            await self.gained(name, left)

    async def release(self, name: str) -> None:
        """Hand one over: finish what is under way, then let go."""
        await self.given_back(name)
        self.held.discard(name)
        await self.journal.release(name)

    async def release_all(self) -> None:
        """Give everything back, so that the next owner need not wait."""
        for name in sorted(self.held):
            await self.release(name)
        await self.journal.release(self.presence)

    def lose(self, name: str) -> None:
        """Note that somebody else works it by now."""
        if name in self.held:
            self.held.discard(name)
            self.lost(name)

    def drop_stale(self) -> None:
        """Let go of what could not be renewed for a whole lease: it may be somebody else's."""
        for name in [name for name in self.held if self.journal.lease_age(name) >= self.seconds]:
            self.lose(name)


def before(lease: Lease | None) -> Before:
    """Return how an earlier owner left a name; one that let go put the end of its lease to the beginning of time."""
    if lease is None:
        return "never owned"
    return "handed over" if lease.until.timestamp() == 0 else "abandoned"


def is_free(lease: Lease | None, now: datetime) -> bool:
    """Say whether nobody works it now."""
    return lease is None or lease.until <= now
