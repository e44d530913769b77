"""How a link is found that SuperOffice has and the journal does not know."""

from collections.abc import Generator, Mapping
from typing import Any

from worker.errors import RejectedError
from worker.targets.base import Owners, Step
from worker.targets.superoffice import calls
from worker.targets.superoffice.calls import FILTERED
from worker.targets.superoffice.mapping import NO_PERSON, Wire

Entity = Mapping[str, Any]
Found = tuple[int, Entity]

PERSONS = ("SourcePersonId", "DestinationPersonId")


def find(sought: Wire) -> Generator[Step | Owners, Any, Found | None]:
    """Return the one link between these ends, of this definition; None: there is none, or too little is said.

    Links of other relations fall out; each candidate is confirmed by its id, because the list may show a link
    from either end. `Reversed` decides when it is known. Several candidates are `ambiguous`, never guessed at.
    """
    if any(name not in sought for name in FILTERED):
        return None
    ids, more = yield calls.find(sought)
    owned: frozenset[str] = (yield Owners(tuple(map(str, ids)))) if ids else frozenset()
    found = []
    for relation in ids:
        if str(relation) not in owned:
            entity = yield from look(relation)
            if entity is not None and _is_same(entity, sought):
                found.append((relation, entity))
    if len(found) > 1 or (more and not found):
        names = ", ".join(str(relation) for relation, _ in found) or "more than one list shows"
        raise RejectedError(f"SuperOffice: several links could be meant: {names}", reason="ambiguous")
    return found[0] if found else None


def look(relation: int) -> Generator[Step | Owners, Any, Entity | None]:
    """Return a link as it is now, None when there is none of this id."""
    try:
        entity: Entity = yield calls.one(relation)
    except RejectedError as error:
        if error.reason != "not_found":
            raise
        return None
    return entity


def differing(entity: Entity, fields: Wire) -> Wire:
    """Return those of the fields that the link does not show yet; null counts as empty."""
    return {name: value for name, value in fields.items() if (entity.get(name) or type(value)()) != value}


def _is_same(entity: Entity, sought: Wire) -> bool:
    wanted = {**dict.fromkeys(PERSONS, NO_PERSON), **sought}
    return not differing(entity, wanted)
