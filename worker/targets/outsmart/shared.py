"""Fills the fields of a record that several fields of ours share.

Each has an own value, and another one that stands in for it. A patch that names only the latter must not
overwrite the former: it needs a look at what the record holds. `held` is what was read of it, as far as it was;
None: the record is new or the event says all of it, so that nothing is lost.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from schemas.relation import Party
from worker.targets.outsmart.field import Record
from worker.targets.outsmart.record import plain
from worker.targets.outsmart.settings import OutSmartSettings
from worker.targets.party import Named, contact_places, leave_contact

CODE, CALLED = "address.country_code", "address.country_name"
HOUSE = ("address.house_number", "address.house_number_suffix")
NAMES = ("given_name", "family_name")
SPOKEN = ("honorific_prefix", *NAMES)


def stands_in(held: Record | None, wire: str, is_made: Callable[[str], Any]) -> bool:
    """Say whether a field may be filled in another one's stead: it is empty, or was filled so (`is_made`)."""
    if held is None:
        return True
    text = plain(held.get(wire))
    return wire in held and bool(not text or is_made(text))


def debtor_type(found: Named, settings: OutSmartSettings, held: Record | None) -> Record:
    """Return the first role as the house's own word, if the event gives no such word."""
    if "category" in found or "roles" not in found:
        return {}
    ours = settings.debtor_types
    types = [ours[role] for role in found["roles"] if role in ours]
    if not types or not stands_in(held, "debtor_type", lambda text: text in ours.values()):
        return {}
    del found["roles"]
    return {"debtor_type": types[0]}


def words(found: Named, data: Party, held: Record | None) -> Record:
    """Return the name and whom to speak to."""
    person = data.party_type == "person" and any(name in found for name in NAMES)
    is_alike = person and _is_itself(found, held)
    is_spoken = is_alike or (person and "contacts" in found)
    contact = _contact(found, data, person=is_spoken)
    name = found.pop("name", ...)
    stands = (person and name is None) or (is_alike and name is ...)
    if stands:
        name = joined(map(found.get, NAMES))
    if stands or (is_spoken and name is not ...):
        for part in NAMES:
            found.pop(part, None)
    return {**({} if name is ... else {"name": name}), **contact}


def _is_itself(found: Named, held: Record | None) -> bool:
    """Say whether a person's names stand in for the formatted name and for a contact: the record says both alike."""
    if held is None:
        return True
    name, contact = plain(held.get("name")), plain(held.get("contact"))
    # A single word may well be the end of another's name.
    ends = " " in name and contact.endswith(f" {name}")
    return bool(name) and (ends or contact in (name, joined([found.get("honorific_prefix"), name])))


def _contact(found: Named, data: Party, *, person: bool) -> Record:
    """Return the first contact by name, else the person itself; the other contacts have no place."""
    cleared = "contacts" in found
    found.pop("contacts", None)
    if data.contacts and (places := contact_places(found)):
        for place in places[1:]:
            leave_contact(found, place)
        return {"contact": joined([found.pop(f"contacts[0].{part}", None) for part in SPOKEN])}
    if person:
        return {"contact": joined([found.pop("honorific_prefix", None), *map(found.get, NAMES)])}
    return {"contact": None} if cleared else {}


def house_number(found: Named, settings: OutSmartSettings) -> Record:
    """Return the house number, which is two fields of ours."""
    if found.keys().isdisjoint(HOUSE):
        return {}
    return {"house_number": joined([found.pop(path, None) for path in HOUSE], settings.house_number_separator)}


def country(found: Named, settings: OutSmartSettings, held: Record | None) -> Record:
    """Return the country: its code, or what it is called."""
    if settings.country_format == "code":
        return {"country": found.pop(CODE)} if CODE in found else {}
    code, name = found.get(CODE), found.get(CALLED)
    called = name or settings.country_names.get(code or "") or code
    given = [path for path in (CODE, CALLED) if path in found]
    if not given or (called is None and not _may_clear(given, settings, held)):
        return {}
    for path in given:
        del found[path]
    return {"country": called}


def _may_clear(given: list[str], settings: OutSmartSettings, held: Record | None) -> bool:
    """Say whether nothing is left of a country when the fields that are `given` are cleared."""
    if held is None or given != [CODE]:
        return held is None or CODE in given
    names = settings.country_names.values()
    return stands_in(held, "country", lambda text: text in names or re.fullmatch("[A-Z]{2}", text))


def joined(parts: Iterable[str | None], separator: str = " ") -> str | None:
    """Return the parts that have a value in one text, None when none has."""
    return separator.join(part for part in parts if part) or None
