"""Quota use in the journal, for the next owner of a connection."""

from dataclasses import dataclass
from datetime import datetime

from worker.delivery.keep import Keeper
from worker.journal.rows import Used
from worker.sending.budget import kept_for
from worker.sending.quota import Quota


@dataclass(frozen=True, slots=True)
class Ledger:
    """Writes the use of one connection; `longest` is the longest that a call of it takes."""

    connection: str
    keeper: Keeper
    longest: float

    async def used(self, quota: str, moments: list[datetime]) -> None:
        """Return when these moments are on disk, however long that takes."""
        await self.keeper.kept(Used(self.connection, quota, tuple(moments), kept_for(Quota.parse(quota), self.longest)))
