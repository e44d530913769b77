"""The fields of a relation at Silvasoft: kinds, limits, what is needed."""

import re
from collections.abc import Mapping
from typing import Any

from worker.targets.mapping import unmappable
from worker.targets.party import SWITCH, TEXT, Kind
from worker.targets.silvasoft.settings import SilvasoftSettings

Body = dict[str, Any]

GUID = "RelationGUID"
NUMBER = "CustomerNumber"
SUPPLIER = "SupplierNumber"
CONTACT = "Relation_Contact"
ON_NUMBER = "OnExistingRelationNumber"
ON_NAME = "OnExistingRelationName"
ON_EMAIL = "OnExistingRelationEmail"
POLICIES = (ON_NUMBER, ON_NAME, ON_EMAIL)
ABORT, CONTINUE = "ABORT", "CONTINUE"

INT32 = 2_147_483_647
INT64 = 2**63 - 1
LONGEST_NUMBER = 64
NO_TEXT = ""  # a guess: no page says how a field is cleared

POLICY = Kind("ABORT or CONTINUE", lambda value: value in (ABORT, CONTINUE), clearable=False)
# 0 would count as absent, and the relation would get a generated number.
INTEGER = Kind(
    f"an integer from 1 to {INT32}", lambda value: type(value) is int and 1 <= value <= INT32, clearable=False
)
ROWS = Kind(
    "an array of objects, not empty",
    lambda value: isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value),
    clearable=False,
)

# https://developers.silvasoft.nl/documentation/addprivaterelation/, /addbusinessrelation/ and
# /updaterelation/, read November 2026.
NATIVE: Mapping[str, Kind] = {
    **dict.fromkeys(POLICIES, POLICY),
    "Name": TEXT,
    **dict.fromkeys((NUMBER, SUPPLIER), INTEGER),
    **dict.fromkeys(("IsCustomer", "IsSupplier", "IsOther"), SWITCH),
    **dict.fromkeys(("GroupName", "Email", "Phone", "RegistrationNumber", "TaxIdentificationNumber"), TEXT),
    **dict.fromkeys(("Address_Street", "Address_Unit", "Address_UnitAppendix"), TEXT),
    **dict.fromkeys(("Address_PostalCode", "Address_City", "Address_CountryCode"), TEXT),
    CONTACT: ROWS,
}
# What a person's or an organization's record cannot be without: wire name -> what the event calls it.
PERSON_NEEDS = {"FirstName": "given_name", "LastName": "family_name"}
NAME = "Name"


def number(text: str, path: str, settings: SilvasoftSettings) -> int:
    """Return a number of ours as the integer that Silvasoft takes."""
    found = re.fullmatch(settings.number_pattern, text)
    digits = (found[1] or "") if found else ""
    if not re.fullmatch(f"[0-9]{{1,{LONGEST_NUMBER}}}", digits):
        raise unmappable(f"{path}: {len(text)} characters that do not match number_pattern, so no number")
    if not 1 <= int(digits) <= INT32:
        raise unmappable(f"{path}: {int(digits)} is no number there, 1 to {INT32} are")
    return int(digits)


def remote_id(text: str) -> str:
    """Return a relation's id at Silvasoft as plain digits."""
    if not re.fullmatch(r"[0-9]{1,19}", text) or not 1 <= int(text) <= INT64:
        raise unmappable(f"remote_id: {len(text)} characters that are no id there, 1 to {INT64} are")
    return str(int(text))


def main_contact(body: Body) -> Body:
    """Return the first contact of a body or of an answer, empty when there is none."""
    contacts = body.get(CONTACT)
    first = contacts[0] if isinstance(contacts, list) and contacts else None
    return first if isinstance(first, dict) else {}


def lacking(body: Body, *, person: bool) -> list[str]:
    """Return what a new relation still needs, in the words of events."""
    if not person:
        return [] if is_filled(body.get(NAME)) else ["name"]
    contact = main_contact(body)
    return [name for wire, name in PERSON_NEEDS.items() if not is_filled(contact.get(wire))]


def is_filled(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def is_repeatable(body: Body) -> bool:
    """Say whether a repeated create returns what the first one made, instead of making another one."""
    return NUMBER in body and all(body.get(policy, ABORT) == ABORT for policy in POLICIES)
