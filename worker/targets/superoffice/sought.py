"""Which of a link's fields it is searched by, and which it is made with."""

from collections.abc import Mapping
from typing import Any

from worker.targets.superoffice.mapping import NO_PERSON, NO_TEXT, TIED, Wire, Wish

# What an event must hold to make a link of it, or to have one found, and where it goes.
REQUIRED: Mapping[str, str] = {
    "parents": "SourceContactId",
    "children": "DestinationContactId",
    "relation_type": "RelationDefinitionId",
}
SIDES = (("SourceContactId", "SourcePersonId"), ("DestinationContactId", "DestinationPersonId"))
DEFINITION = "RelationDefinitionId"


def fixed(fields: Wire) -> Wire:
    """Return what tells one link from another."""
    return {name: fields[name] for name in TIED if name in fields}


def lacking(fields: Wire) -> str:
    """Return what an event must say as well to mean one link, for people."""
    return ", ".join(name for name, wire in REQUIRED.items() if wire not in fields)


def sought(wanted: Wish) -> Wire:
    """Return what the link to change shows at the moment: `previous`, else the event's own ends and type.

    Which way round it is at the moment, no event says.
    """
    aim: dict[str, Any] = {}
    for contact, person in SIDES:
        source = wanted.before if contact in wanted.before else wanted.fields
        aim |= {name: source[name] for name in (contact, person) if name in source}
    source = wanted.before if DEFINITION in wanted.before else wanted.fields
    return aim | {name: source[name] for name in (DEFINITION,) if name in source}


def anew(fields: Wire) -> Wire:
    """Return the fields of an update as those of a create, which says nothing of what is not there."""
    empty = {"SourcePersonId": NO_PERSON, "DestinationPersonId": NO_PERSON, "Comment": NO_TEXT}
    return {name: value for name, value in fields.items() if empty.get(name, ...) != value} | {
        "Reversed": fields.get("Reversed", 0)
    }
