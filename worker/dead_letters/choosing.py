"""Which letters a plan is over, in which order, and which it must refuse."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from worker.dead_letters.document import Patch, Terms, is_boundless, opened
from worker.dead_letters.errors import BoundlessError, PatchError, StateError, UnknownError
from worker.dead_letters.patching import Patched, Patcher, lacking
from worker.intake.content import size
from worker.journal.journal import Journal
from worker.journal.letters import Chosen, Filter
from worker.journal.rows import INTAKE, Delivery

REPLAYS_MOST = 5  # a letter that was replayed so often is a loop, unless somebody insists
TOLD = 3  # letters that an error names
AT_ONCE = 500  # ids in one question to the journal


@dataclass(frozen=True, slots=True)
class Choice:
    """The letters of a plan in their order; `along`: those that come because they wait for others."""

    letters: tuple[Chosen, ...]
    along: frozenset[str]


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses letters of one journal."""

    journal: Journal
    patcher: Patcher

    async def choose(self, wanted: Filter, terms: Terms, *, everything: bool) -> Choice:
        """Return the open letters that are meant, and those that wait for them; raises DeadLetterError."""
        found = await self.found(wanted, everything=everything)
        there = {each.id for each in found}
        followers = [each for each in await self.journal.letters.followers(found) if each.id not in there]
        choice = Choice(tuple(in_turn([*found, *followers])), frozenset(each.id for each in followers))
        await self.check_replays(choice, terms)
        if terms.patch:
            for each in found:
                await self.check_patch(each, terms)
        return choice

    async def found(self, wanted: Filter, *, everything: bool) -> list[Chosen]:
        """Return the open letters that are meant; raises where there is none, or an id is unknown."""
        if is_boundless(wanted) and not everything:
            raise BoundlessError("nothing is chosen by: this would be every dead letter there is")
        found = await self.journal.letters.chosen(opened(wanted))
        missing = sorted(set(wanted.ids) - {each.id for each in found})
        if missing:
            raise UnknownError(f"{some(missing)}: no open dead letter that was chosen has this id")
        if not found:
            raise UnknownError("no open dead letter is chosen by this")
        return found

    async def named(self, ids: Sequence[str]) -> tuple[Chosen, ...]:
        """Return the open letters with these ids, in this order; those that are not open are left out."""
        found: dict[str, Chosen] = {}
        for at in range(0, len(ids), AT_ONCE):
            some_ids = Filter(ids=tuple(ids[at : at + AT_ONCE]))
            found |= {each.id: each for each in await self.journal.letters.chosen(some_ids)}
        return tuple(found[each] for each in ids if each in found)

    async def check_replays(self, choice: Choice, terms: Terms) -> None:
        """Refuse what goes round in circles."""
        standing = await self.journal.letters.standing(choice.letters)
        gone = [each.id for each in choice.letters if (each.connection, each.position) not in standing]
        if gone:
            raise StateError(f"{some(gone)}: the event is not in the journal any more")
        often = [each.id for each in choice.letters if standing[each.connection, each.position].replays >= REPLAYS_MOST]
        if often and not terms.force:
            raise StateError(f"{some(often)}: replayed {REPLAYS_MOST} times already; only force replays it again")

    async def check_patch(self, each: Chosen, terms: Terms) -> None:
        """Raise PatchError where the patch is not for this letter."""
        row = await self.delivery(each)
        try:
            await self.patched(each, row, terms.patch)
        except PatchError as error:
            raise PatchError(f"{each.id}: {error}") from error

    async def patched(self, each: Chosen, row: Delivery, patch: Patch) -> Patched:
        """Return a letter's event as it is to be; raises PatchError."""
        if each.connection == INTAKE and not patch and size(row.received) > self.patcher.max_bytes:
            raise PatchError(f"it is larger than {self.patcher.max_bytes} bytes, so intake still does not take it")
        return self.patcher.patched(row.received, patch, await self.lacking(each, row))

    async def lacking(self, each: Chosen, row: Delivery) -> Sequence[str]:
        """Return what a patch may supply: only intake buries what lacks an attribute."""
        if each.connection != INTAKE:
            return ()
        found = await self.journal.letters.one(each.id)
        return lacking(self.patcher.document(row.received), found.letter.detail if found else "")

    async def delivery(self, each: Chosen) -> Delivery:
        """Return the delivery that a letter is about, with its bytes."""
        row = await self.journal.delivery(each.connection, each.position)
        if row is None:
            raise StateError(f"{each.id}: the event is not in the journal any more")
        return row


def in_turn(letters: Iterable[Chosen]) -> list[Chosen]:
    """Return letters in order of position at each connection; connections take turns, so that a canary sees many."""
    lines: dict[str, list[Chosen]] = defaultdict(list)
    for each in letters:
        lines[each.connection].append(each)
    places = [
        (turn, connection, each)
        for connection, line in lines.items()
        for turn, each in enumerate(sorted(line, key=lambda one: (one.position, one.id)))
    ]
    return [each for _, _, each in sorted(places, key=lambda place: place[:2])]


def some(ids: Sequence[str]) -> str:
    """Return a few ids, and how many more there are."""
    more = f" and {len(ids) - TOLD} more" if len(ids) > TOLD else ""
    return ", ".join(ids[:TOLD]) + more
