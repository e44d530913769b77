"""Finds a relation at Silvasoft; each look costs quota."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from worker.errors import RejectedError
from worker.targets.base import Owners, Step
from worker.targets.silvasoft import calls
from worker.targets.silvasoft.field import CONTINUE, NUMBER, ON_NUMBER, Body
from worker.targets.silvasoft.record import Relation, differences, email_of, name_of, words
from worker.targets.silvasoft.settings import Search, SilvasoftSettings

Ask = Step | Owners


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing to find a relation by; an e-mail address counts only together with the name."""

    by: Search
    value: str
    name: str = field(default="", repr=False)

    @property
    def step(self) -> Step:
        return calls.by_number(self.value) if self.by == "number" else calls.by_email(self.value)

    def fits(self, seen: Relation) -> bool:
        if self.by == "number":
            return seen.has_number(self.value)
        return words(seen.name) == words(self.name)


def clues(body: Body, settings: SilvasoftSettings) -> tuple[Clue, ...]:
    """Return what a relation with these fields can be found by; never the name alone."""
    name = name_of(body)
    known: dict[Search, Any] = {"number": body.get(NUMBER), "email": name and email_of(body)}
    return tuple(Clue(by, str(known[by]), name) for by in settings.find_by if known[by])


def made_before(body: Body, by: tuple[Clue, ...]) -> Generator[Ask, Any, Relation | None]:
    """Find what an earlier create may have made; what belongs to other relations is not it."""
    for clue in by:
        hits = yield from _hits(clue)
        if clue.by == "number" and body.get(ON_NUMBER) == CONTINUE:
            # Whoever has the number already, ours would have got another one.
            hits = [hit for hit in hits if not differences(hit, body)]
        owned = yield from _owned(hits)
        if free := [hit for hit in hits if hit.guid not in owned]:
            return _only(free, clue)
    return None


def existing(by: tuple[Clue, ...]) -> Generator[Ask, Any, Relation | None]:
    """Find the relation that an event is about; one of another relation is returned only when it is the only one."""
    for clue in by:
        hits = yield from _hits(clue)
        owned = yield from _owned(hits)
        free = [hit for hit in hits if hit.guid not in owned]
        if hits:
            return _only(free or hits, clue)
    return None


def _hits(clue: Clue) -> Generator[Ask, Any, list[Relation]]:
    rows: list[Relation] = yield clue.step
    return list({row.guid: row for row in rows if clue.fits(row)}.values())


def _owned(hits: list[Relation]) -> Generator[Ask, Any, frozenset[str]]:
    if not hits:
        return frozenset()
    owned: frozenset[str] = yield Owners(tuple(hit.guid for hit in hits))
    return owned


def _only(found: list[Relation], clue: Clue) -> Relation:
    if len(found) > 1:
        raise RejectedError(f"Silvasoft has {len(found)} relations with this {clue.by}.", reason="ambiguous")
    return found[0]
