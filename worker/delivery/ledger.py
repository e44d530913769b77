"""Quota use in the journal, for the next owner of a connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from worker.delivery.keep import Keeper
from worker.journal.journal import Journal
from worker.journal.rows import Unused, Used
from worker.sending.beginning import Log, beginnings
from worker.sending.budget import kept_for
from worker.sending.quota import Quota

# Stands in the journal for the calls of a quota that has none yet, so that it is known.
NEVER = (datetime(1970, 1, 1, tzinfo=UTC),)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Writes the use of one connection; `longest` is the longest that a call of it takes."""

    connection: str
    keeper: Keeper
    longest: float

    async def used(self, quota: str, moments: list[datetime]) -> None:
        """Return when these moments are on disk, however long that takes."""
        await self.keeper.kept(use(self.connection, quota, moments, self.longest))


async def opened(
    journal: Journal, connection: str, quotas: Sequence[Quota], longest: float, now: datetime, *, fresh: bool
) -> dict[str, Log]:
    """Return what the windows of a new owner begin with.

    From then on the journal knows the quotas of its settings and no others, so that none is taken for complete
    that was not counted all the time.
    """
    used = await journal.used(connection)
    begun = beginnings(quotas, used, now, fresh=fresh)
    gone = [Unused(connection, quota) for quota in used if quota not in begun]
    new = [use(connection, quota, log or NEVER, longest) for quota, log in begun.items() if quota not in used]
    if gone or new:
        await journal.commit(*gone, *new)
    return begun


def use(connection: str, quota: str, moments: Sequence[datetime], longest: float) -> Used:
    return Used(connection, quota, tuple(moments), kept_for(Quota.parse(quota), longest))
