"""Discards letters, and brings them back for a day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from worker.dead_letters.choosing import Chooser, some
from worker.dead_letters.errors import DeadLetterError, StateError, UnknownError
from worker.journal.burying import Closing
from worker.journal.errors import UnderWayError
from worker.journal.journal import Journal
from worker.journal.letters import Chosen, Filter
from worker.journal.pruning import UNDO


@dataclass(frozen=True, slots=True)
class Closer:
    """Closes and opens the letters of one journal."""

    journal: Journal
    chooser: Chooser
    now: Callable[[], datetime]

    async def discard(self, wanted: Filter, by: str, why: str, *, everything: bool) -> int:
        """Discard open letters for a reason; return how many. For a day they can be brought back."""
        if not why.strip():
            raise DeadLetterError("discarding asks for a reason")
        found = await self.chooser.found(wanted, everything=everything)
        at = self.now()
        try:
            done = await self.journal.letters.discard([Closing(each.id, at, by, why) for each in found])
        except UnderWayError as error:
            raise StateError(
                f"{some(error.letters)}: is being replayed now; cancel the plan first, and if it stays so at a "
                "connection that is paused, resume that or stop its worker"
            ) from None
        await self.note(by, "dead.discard", found, why)
        return done

    async def undo(self, wanted: Filter, by: str) -> int:
        """Bring discarded letters back; raises UnknownError for ids that were not discarded within a day."""
        found = await self.journal.letters.chosen(replace(wanted, state="discarded"))
        missing = sorted(set(wanted.ids) - {each.id for each in found})
        if missing or not found:
            raise UnknownError(f"{some(missing) or 'no letter'}: was not discarded, or longer than a day ago")
        for each in found:
            await self.check_young(each)
        done = await self.journal.letters.undiscard([each.id for each in found])
        await self.note(by, "dead.undo", found, "")
        return done

    async def check_young(self, each: Chosen) -> None:
        """Raise when the day is over: its body may be gone at any moment."""
        buried = await self.journal.letters.one(each.id)
        if buried is None or buried.closed_at is None or buried.closed_at < self.now() - UNDO:
            raise StateError(f"{each.id}: was discarded longer than a day ago")

    async def note(self, by: str, action: str, found: Sequence[Chosen], why: str) -> None:
        """Write down who did this, and why."""
        detail = {"letters": len(found), "ids": [each.id for each in found[:20]], "why": why}
        await self.journal.audit.append(by, action, detail, self.now())
