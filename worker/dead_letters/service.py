"""All that people do with dead letters; the faces add only words and widgets."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime

from worker.dead_letters.carrying import Carrier, Imported
from worker.dead_letters.choosing import Choice, Chooser
from worker.dead_letters.closing import Closer
from worker.dead_letters.document import Terms
from worker.dead_letters.patching import Patcher
from worker.dead_letters.plans import Plans, PlanView, Progress
from worker.dead_letters.reading import CaseFile, Cause, Reading
from worker.dead_letters.rehearsal import Place, Rehearsal, Rehearser
from worker.intake.decode import Decoder
from worker.journal.audit import END, Entry
from worker.journal.journal import Journal
from worker.journal.letters import Buried, Filter
from worker.targets.options import ConnectionSettings
from worker.targets.registry import TARGETS

EVERY_LETTER = Filter()
LETTERS_MOST = 2**31 - 1


def _utcnow() -> datetime:
    return datetime.now(UTC)


class DeadLetters:
    """One service over one journal, beside a worker or without one; nothing here calls a target.

    Whatever cannot be done raises DeadLetterError, and then nothing is changed.
    """

    def __init__(
        self,
        journal: Journal,
        connections: Mapping[str, ConnectionSettings],
        decoder: Decoder,
        max_event_bytes: int,
        now: Callable[[], datetime] = _utcnow,
    ) -> None:
        self.journal = journal
        self._reading = Reading(journal)
        self._chooser = Chooser(journal, Patcher(decoder, max_event_bytes))
        places = {name: Place(each, TARGETS[each.target].target(each)) for name, each in connections.items()}
        self._rehearser = Rehearser(journal, self._chooser, places, now)
        self._plans = Plans(journal, now)
        self._closer = Closer(journal, self._chooser, now)
        self._carrier = Carrier(journal, now)

    # Looking

    async def groups(self, wanted: Filter = EVERY_LETTER) -> list[Cause]:
        """Return causes, the most frequent first."""
        return await self._reading.groups(wanted)

    async def page(self, wanted: Filter, most: int, after: str | None = None) -> list[Buried]:
        """Return letters without their cases, those buried last first, from behind the id `after` on."""
        return await self.journal.letters.page(wanted, most, after)

    async def count(self, wanted: Filter) -> int:
        """Return how many letters a filter chooses."""
        return await self.journal.letters.count(wanted)

    async def show(self, letter: str) -> CaseFile:
        """Return all that is known of one letter, with its replays; raises UnknownError."""
        return await self._reading.show(letter)

    # Replaying

    async def plan(self, wanted: Filter, terms: Terms, by: str, *, everything: bool = False) -> PlanView:
        """Write a plan over the letters that a filter chooses now, and those that wait for them.

        It does nothing until it is applied. `everything` must be said where the filter chooses by nothing.
        """
        choice = await self._chooser.choose(wanted, terms, everything=everything)
        return await self._plans.add(choice, wanted, terms, by)

    async def rehearse(self, wanted: Filter, terms: Terms, *, everything: bool = False, most: int = 20) -> Rehearsal:
        """Return what such a plan would do, `most` letters of it in detail; nothing is written or called."""
        choice = await self._chooser.choose(wanted, terms, everything=everything)
        return await self._rehearser.rehearse(choice, terms, most)

    async def rehearse_plan(self, plan: str, most: int = 20) -> Rehearsal:
        """Return what a plan would do with the letters that it has still to replay."""
        view = await self._plans.one(plan)
        planned = await self.journal.replays.letters(plan, "planned", 0, LETTERS_MOST)
        letters = await self._chooser.named([each.letter for each in planned])
        return await self._rehearser.rehearse(Choice(letters, view.document.along), view.document.terms, most)

    async def apply(self, plan: str, by: str) -> PlanView:
        """Let a plan begin: its canary first, the rest when that has passed."""
        return await self._plans.apply(plan, by)

    async def pause(self, plan: str, by: str, why: str = "") -> PlanView:
        """Offer no further letter of a running plan; what is under way ends."""
        return await self._plans.pause(plan, by, why)

    async def resume(self, plan: str, by: str) -> PlanView:
        """Go on with a paused plan."""
        return await self._plans.resume(plan, by)

    async def cancel(self, plan: str, by: str, why: str = "") -> PlanView:
        """End a plan for good; letters that are not under way stay as they are."""
        return await self._plans.cancel(plan, by, why)

    async def plans(self, most: int = 100) -> list[PlanView]:
        """Return plans, the newest first."""
        return await self._plans.newest(most)

    async def progress(self, plan: str) -> Progress:
        """Return how far a plan has come; raises UnknownError."""
        return await self._plans.progress(plan)

    # Closing

    async def discard(self, wanted: Filter, by: str, why: str, *, everything: bool = False) -> int:
        """Discard open letters for a reason; return how many. It can be undone for a day."""
        return await self._closer.discard(wanted, by, why, everything=everything)

    async def undo(self, wanted: Filter, by: str) -> int:
        """Bring back letters that were discarded within the last day; return how many."""
        return await self._closer.undo(wanted, by)

    # Carrying

    def export(self, wanted: Filter = EVERY_LETTER) -> AsyncIterator[bytes]:
        """Yield letters as JSON lines, complete."""
        return self._carrier.export(wanted)

    async def take_in(self, raw: bytes, by: str) -> Imported:
        """Take in what was exported, all or none; raises DamagedError with the lines that are damaged."""
        return await self._carrier.read(raw, by)

    async def audit(self, most: int = 100, before: int = END) -> list[Entry]:
        """Return who did what, newest first."""
        return await self.journal.audit.newest(most, before)
