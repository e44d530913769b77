"""Which connections this worker works, and intake: by lease, shared fairly."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, inf
from typing import Literal

from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.rows import PRESENCE, Lease
from worker.telemetry.absence import Absence

FRESH = 1 / 3  # of a lease: no call is made later than that after the last renewal
# Three tries before a lease is too old to call under; flushes renew as well.
RENEWALS_A_LEASE = 9
TURNS_A_LEASE = 6
SHORTEST = 0.01  # seconds between looks at what runs out


Before = Literal["never owned", "handed over", "abandoned"]


@dataclass(slots=True)
class Ownership:
    """Takes leases that are free, up to a fair share; gives back what is above it; notices what is lost.

    `gained` and `given_back` are awaited, the latter says whether all was finished; `lost` must stop at once and
    write nothing more. While `closing`, nothing changes hands by itself, but all is renewed until it is given back.
    """

    journal: Journal
    owner: str
    names: Collection[str]
    seconds: float
    gained: Callable[[str, Before], Awaitable[None]]
    given_back: Callable[[str], Awaitable[bool]]
    lost: Callable[[str], None]
    tell: Callable[[str], None]
    away: Absence
    held: set[str] = field(default_factory=set)
    closing: bool = False

    @property
    def presence(self) -> str:
        """The lease that says that we live."""
        return PRESENCE + self.owner

    @property
    def is_answered(self) -> bool:
        """Whether the journal answered lately."""
        return self.is_sure(self.presence)

    def is_sure(self, name: str) -> bool:
        """Say whether a lease was renewed so lately that nobody else can have it: calls may be made."""
        return self.journal.lease_age(name) < self.seconds * FRESH

    async def run(self) -> None:
        """Keep what is ours and take what is free, until cancelled.

        Side by side: handing over takes its time, and a journal that hangs must not keep us from letting go.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self._answered, self.seconds / RENEWALS_A_LEASE))
            tasks.create_task(self._repeat(self.turn, self.seconds / TURNS_A_LEASE))
            tasks.create_task(self._watch())

    async def renew(self) -> None:
        """Renew all that is ours; what is another's by now is lost."""
        await self.journal.renew()
        for name in [name for name in self.held if self.journal.lease_age(name) == inf]:
            self.lose(name)

    async def turn(self) -> None:
        """Count who lives, give back or take."""
        if self.closing:
            return
        if self.journal.lease_age(self.presence) == inf:
            await self.journal.acquire(self.presence, self.owner, self.seconds)
        leases = {lease.name: lease for lease in await self.journal.leases()}
        now = await self.journal.clock()
        share = self.share(leases.values(), now)
        await asyncio.gather(*(self.release(name) for name in sorted(self.held)[share:]))
        for name in self.names:
            if len(self.held) >= share or self.closing:
                break
            if name not in self.held and self.is_free(leases.get(name), now):
                await self.take(name, leases.get(name))

    def share(self, leases: Iterable[Lease], now: datetime) -> int:
        """Return how many names are ours when all that live have as many."""
        alive = {lease.owner for lease in leases if lease.name.startswith(PRESENCE) and lease.until > now}
        return ceil(len(self.names) / len(alive | {self.owner}))

    def is_free(self, lease: Lease | None, now: datetime) -> bool:
        """Say whether nobody else works it; what we let go because the journal was away may still run as ours."""
        return lease is None or lease.until <= now or lease.owner == self.owner

    async def take(self, name: str, last: Lease | None) -> None:
        """Take one lease, if nobody was quicker; `last`: as it was when we looked."""
        lease = await self.journal.acquire(name, self.owner, self.seconds)
        if lease is None:
            return
        self.held.add(name)
        try:
            await self.gained(name, before(last, lease.epoch))
        except JournalError:
            self.lose(name)
            raise
        if name not in self.held:  # it went while it was being started
            self.lost(name)

    async def release(self, name: str) -> None:
        """Hand one over: finish what is under way, then let go; what was cut off is left as if we had died."""
        is_clean = await self.given_back(name)
        if name not in self.held:
            return
        self.held.discard(name)
        if is_clean:
            await self.journal.release(name)
        else:
            self.journal.let_lapse(name)

    async def release_all(self) -> None:
        """Give everything back, so that the next owner need not wait."""
        ended = await asyncio.gather(*(self.release(name) for name in sorted(self.held)), return_exceptions=True)
        for error in ended:
            if isinstance(error, JournalError):
                self.tell(f"A lease could not be given back, it runs out by itself: {error}")
            elif error is not None:
                raise error
        with suppress(JournalError):
            await self.journal.release(self.presence)

    def lose(self, name: str) -> None:
        """Stop working it: it is, or may be, somebody else's by now."""
        if name in self.held:
            self.held.discard(name)
            self.journal.drop(name)
            self.lost(name)

    def drop_stale(self) -> None:
        """Let go of what could not be renewed for a whole lease."""
        for name in [name for name in self.held if self.journal.lease_age(name) >= self.seconds]:
            self.lose(name)

    async def _watch(self) -> None:
        """Ask no journal: it may be the one that hangs."""
        while True:
            self.drop_stale()
            left = min((self.seconds - self.journal.lease_age(name) for name in self.held), default=self.seconds)
            await asyncio.sleep(max(SHORTEST, left))

    async def _answered(self) -> None:
        await self.renew()
        self.away.over("The journal answers again")

    async def _repeat(self, work: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            try:
                await work()
            except JournalError as error:
                self.away(f"The journal does not answer, leases may run out: {error}")
            await asyncio.sleep(seconds)


def before(last: Lease | None, epoch: int) -> Before:
    """Return how an earlier owner left a name that is ours from this epoch on.

    One that let go put the end of its lease to the beginning of time. Of one that came and went between our look and
    our lease nobody knows.
    """
    if epoch != (last.epoch if last else 0) + 1:
        return "abandoned"
    if last is None:
        return "never owned"
    return "handed over" if last.until.timestamp() == 0 else "abandoned"
