"""Lays out what a party event names; what no target takes is left."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from schemas.relation import Contact, Party
from worker.errors import UnsupportedError
from worker.targets import mapping
from worker.targets.base import Task

# What an event names, by path ("address.street", "contacts[0].email"); None: it is to be cleared.
Named = dict[str, Any]

NESTED = ("address", "lead")
NOT_MAPPED = frozenset({"kind", "party_type", "complete", "native"})
CONTACT = re.compile(r"contacts\[(\d+)\]\.(.+)")
INT32 = 2_147_483_647
DIGITS = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Mapped:
    """Wire fields of one record, in wire values, and the paths that have no place in it."""

    fields: dict[str, Any]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of native value: in words, and how one is told."""

    words: str
    fits: Callable[[Any], bool]
    clearable: bool = True


TEXT = Kind("a string", lambda value: isinstance(value, str))
WHOLE = Kind("an integer", lambda value: type(value) is int)
FIGURE = Kind("a number or a string", lambda value: type(value) in (int, float, str))
SWITCH = Kind("true or false", lambda value: isinstance(value, bool), clearable=False)
OBJECT = Kind("an object", lambda value: isinstance(value, dict), clearable=False)


def party(task: Task) -> Party:
    """Return the party that the event is about; a link has no place at such a target."""
    if not isinstance(task.data, Party):
        raise UnsupportedError("It takes parties, no links.", reason="unsupported")
    return task.data


def live_id(task: Task) -> str | None:
    """Return the remote id by which the journal knows the relation, if it has one that is alive."""
    return None if task.known.deleted else task.known.remote_id


def named(data: Party, *, create: bool) -> Named:
    """Return what the event names; in a new record null is the same as absent."""
    found: Named = {}
    for name, value in _said(data):
        if name == "contacts":
            found |= _contacts(value)
        elif name in NESTED and value is not None:
            found |= {f"{name}.{member}": inner for member, inner in _said(value)}
        elif name not in NOT_MAPPED:
            found[name] = value
    return {path: value for path, value in found.items() if value is not None} if create else found


def _said(model: BaseModel) -> list[tuple[str, Any]]:
    """Return the fields that are given, null or not, in the order of the contract."""
    fields, given = model.__dict__, model.model_fields_set
    return [(name, fields[name]) for name in fields if name in given]


def _contacts(contacts: Iterable[Contact] | None) -> Named:
    # Arrays replace (RFC 7396): inside one, null says no more than absent.
    found = {
        f"contacts[{place}].{name}": value
        for place, contact in enumerate(contacts or ())
        for name, value in _said(contact)
        if value is not None
    }
    return found or {"contacts": None}


def spread(found: Named, name: str, members: Iterable[str]) -> None:
    """Turn a nested object that is to be cleared into its members."""
    if name in found and found.pop(name) is None:
        found.update(dict.fromkeys(f"{name}.{member}" for member in members))


def contact_places(found: Named) -> list[int]:
    """Return the places of the contacts that are named, in order."""
    return sorted({int(path[1]) for path in map(CONTACT.fullmatch, found) if path})


def take_contact(found: Named, place: int) -> Named:
    """Take one contact out of what is named, by the names of its fields."""
    prefix = f"contacts[{place}]."
    paths = [path for path in found if path.startswith(prefix)]
    return {path.removeprefix(prefix): found.pop(path) for path in paths}


def leave_contact(found: Named, place: int) -> None:
    """Leave one contact as a whole."""
    take_contact(found, place)
    found[f"contacts[{place}]"] = None


def native(data: Party, target: str, allowed: Mapping[str, Kind], *, create: bool) -> dict[str, Any]:
    """Return the event's wire fields for this target; in a new record null is the same as absent."""
    fields = mapping.native(data, target, allowed)
    for name, value in fields.items():
        kind = allowed[name]
        if not (kind.clearable if value is None else kind.fits(value)):
            raise mapping.unmappable(f"native.{target}.{name} must be {kind.words}")
    return {name: value for name, value in fields.items() if value is not None or not create}


def integer(value: Any) -> int | None:
    """Read a whole number out of an answer, also one that stands in a string."""
    if isinstance(value, str) and DIGITS.fullmatch(value):
        return int(value)
    return value if type(value) is int else None
