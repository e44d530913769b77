"""Silvasoft's relations, and when a new one is an old one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from worker.sandbox.effects import EffectLog, changes
from worker.sandbox.exchange import Asked

Page = Literal["seed", "current"]
Relation = dict[str, Any]

ADDRESS = tuple(f"Address_{part}" for part in ("Street", "Unit", "UnitAppendix", "PostalCode", "City", "CountryCode"))
BUSINESS_TEXTS = ("TaxIdentificationNumber", "RegistrationNumber", "Name")
TEXTS = (*ADDRESS, "Email", "Phone")
FLAGS = ("IsCustomer", "IsSupplier", "IsOther")
NUMBERS = ("CustomerNumber", "SupplierNumber")
CONTACT = ("FirstName", "LastName", "Email", "Phone", "Sex", "ContactNotes")
# The older page says Man and Vrouw, a public client sends Woman (read November 2026).
SEXES = frozenset({"Man", "Vrouw", "Woman", ""})
FIRST_GUID = 120_001
FIRST_NUMBER = 10_001


class RuleError(Exception):
    """The request breaks a rule: HTTP 400 with this code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Source:
    """Which call writes, and when."""

    call: int
    created_on: str
    effects: EffectLog = field(repr=False)


def stamped(asked: Asked, effects: EffectLog) -> Source:
    return Source(asked.number, date_time(int(asked.at)), effects)


@lru_cache(maxsize=2)
def date_time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")


class Relations:
    """All relations by GUID, found by number, name and e-mail."""

    def __init__(self, page: Page, *, blanks: bool) -> None:
        self._page = page
        self._blanks = blanks
        self._relations: dict[int, Relation] = {}
        self._numbers: dict[int, int] = {}
        self._names: dict[str, list[int]] = {}
        self._emails: dict[str, list[int]] = {}
        self._generated = FIRST_NUMBER - 1
        self.groups: set[str] = set()

    def __iter__(self) -> Iterator[Relation]:
        return iter(self._relations.values())

    def state(self) -> dict[str, dict[str, Any]]:
        return {str(guid): dict(relation) for guid, relation in self._relations.items()}

    def by_guid(self, guid: int) -> Relation | None:
        return self._relations.get(guid)

    def by_number(self, number: int) -> Relation | None:
        guid = self._numbers.get(number)
        return None if guid is None else self._relations[guid]

    def by_supplier_number(self, number: str) -> list[Relation]:
        return [each for each in self if each["SupplierNumber"] and str(each["SupplierNumber"]) == number]

    def by_name(self, name: str) -> Relation | None:
        guids = self._names.get(folded(name), [])
        return self._relations[guids[0]] if guids else None

    def by_email(self, email: str) -> Relation | None:
        guids = self._emails.get(folded(email), []) if email else []
        return self._relations[guids[0]] if guids else None

    def add_private(self, given: Mapping[str, Any], source: Source) -> Relation:
        contacts = contacts_of(given.get("Relation_Contact"))
        if not contacts:
            raise RuleError("VALIDATION_ERROR", "Relation_Contact is required")
        name = f"{contacts[0]['FirstName']} {contacts[0]['LastName']}"
        fields = {**fields_of(given), "Relation_Contact": contacts, "Name": name, "Type": "Private"}
        return self._add(given, fields, contacts[0]["Email"], source)

    def add_business(self, given: Mapping[str, Any], source: Source) -> Relation:
        name = text_of(given, "Name")
        if not name:
            raise RuleError("VALIDATION_ERROR", "Name is required")
        fields = {
            **fields_of(given),
            "Relation_Contact": contacts_of(given.get("Relation_Contact")),
            "Type": "Business",
        }
        fields |= {each: text_of(given, each) for each in BUSINESS_TEXTS}
        return self._add(given, fields, fields["Email"], source)

    def _add(self, given: Mapping[str, Any], fields: Relation, email: str, source: Source) -> Relation:
        existing = self._existing(given, fields, email)
        if existing is not None:
            return existing
        number = fields["CustomerNumber"]
        if number is None or number in self._numbers:
            number = self._next_number()
        guid = FIRST_GUID + len(self._relations)
        group = text_of(given, "GroupName")
        relation = {
            "RelationGUID": guid,
            **dict.fromkeys(BUSINESS_TEXTS, ""),
            **fields,
            "CustomerNumber": number,
            "GroupName": group,
            "createdOn": source.created_on,
        }
        if group:
            self.groups.add(group)
        self._relations[guid] = relation
        self._enter(relation)
        source.effects.record(source.call, "create", str(guid), relation)
        return relation

    def _existing(self, given: Mapping[str, Any], fields: Relation, email: str) -> Relation | None:
        """Find what aborts the creation: the number first, then name or e-mail."""
        number = fields["CustomerNumber"]
        if number is not None and policy(given, "OnExistingRelationNumber") == "ABORT":
            found = self.by_number(number)
            if found is not None:
                return found
        asks_name = self._page == "seed" or "OnExistingRelationName" in given
        if asks_name and policy(given, "OnExistingRelationName") == "ABORT":
            found = self.by_name(fields["Name"])
            if found is not None:
                return found
        asks_email = self._page == "current" or "OnExistingRelationEmail" in given
        if asks_email and policy(given, "OnExistingRelationEmail") == "ABORT":
            return self.by_email(email)
        return None

    def update(self, given: Mapping[str, Any], source: Source) -> Relation | None:
        """Change what is sent and only that; None when there is no such relation."""
        guid = number_of(given, "RelationGUID")
        if guid is None:
            raise RuleError("VALIDATION_ERROR", "RelationGUID is required")
        before = self._relations.get(guid)
        if before is None:
            return None
        fields = self._update_of(given, before)
        changed = changes(before, fields)
        self._leave(before)
        after = {**before, **fields}
        self._relations[guid] = after
        self._enter(after)
        source.effects.record(source.call, "update", str(guid), fields, changed=changed)
        return after

    def _update_of(self, given: Mapping[str, Any], before: Relation) -> Relation:
        texts = TEXTS if before["Type"] == "Private" else (*TEXTS, *BUSINESS_TEXTS)
        sent = {name: text_of(given, name) for name in texts if name in given}
        fields: Relation = {name: text for name, text in sent.items() if text or (self._blanks and name != "Name")}
        fields |= {name: flag_of(given, name) for name in FLAGS if given.get(name) not in (None, "")}
        numbers = {name: number_of(given, name) for name in NUMBERS}
        fields |= {name: number for name, number in numbers.items() if number is not None}
        taken = self._numbers.get(fields.get("CustomerNumber", -1), before["RelationGUID"])
        if taken != before["RelationGUID"]:
            raise RuleError("VALIDATION_ERROR", "CustomerNumber must be unique")
        return fields | main_contact_of(given.get("Relation_Contact"), before)

    def _next_number(self) -> int:
        self._generated += 1
        while self._generated in self._numbers:
            self._generated += 1
        return self._generated

    def _enter(self, relation: Relation) -> None:
        guid = relation["RelationGUID"]
        self._numbers[relation["CustomerNumber"]] = guid
        self._names.setdefault(folded(relation["Name"]), []).append(guid)
        for email in emails_of(relation):
            self._emails.setdefault(email, []).append(guid)

    def _leave(self, relation: Relation) -> None:
        guid = relation["RelationGUID"]
        del self._numbers[relation["CustomerNumber"]]
        self._names[folded(relation["Name"])].remove(guid)
        for email in emails_of(relation):
            self._emails[email].remove(guid)


def emails_of(relation: Relation) -> set[str]:
    given = [relation["Email"], *(contact["Email"] for contact in relation["Relation_Contact"][:1])]
    return {folded(email) for email in given if email}


def folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def policy(given: Mapping[str, Any], name: str) -> str:
    chosen = str(given.get(name) or "ABORT")
    if chosen not in {"ABORT", "CONTINUE"}:
        raise RuleError("VALIDATION_ERROR", f"{name} is neither ABORT nor CONTINUE")
    return chosen


def fields_of(given: Mapping[str, Any]) -> Relation:
    return {
        **{name: text_of(given, name) for name in TEXTS},
        **{name: flag_of(given, name) for name in FLAGS},
        **{name: number_of(given, name) for name in NUMBERS},
    }


def text_of(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RuleError("VALIDATION_ERROR", f"{name} is no text")
    text = str(value)
    if name == "Address_CountryCode" and text and not re.fullmatch(r"[A-Za-z]{2}", text):
        raise RuleError("VALIDATION_ERROR", f"{name} is no ISO 3166 alpha-2 code")
    return text


def flag_of(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name)
    if value in (None, ""):
        return False
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise RuleError("VALIDATION_ERROR", f"{name} is neither true nor false")
    return value


def number_of(given: Mapping[str, Any], name: str) -> int | None:
    """Read a number, also as digits in a string; 0 and the empty string count as absent."""
    value = given.get(name)
    if isinstance(value, str) and (not value or value.isdecimal()):
        value = int(value or 0)
    if value is None or (value == 0 and not isinstance(value, bool)):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise RuleError("VALIDATION_ERROR", f"{name} is no number")
    return value


def contacts_of(given: Any) -> list[dict[str, str]]:
    if given in (None, "", []):
        return []
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise RuleError("VALIDATION_ERROR", "Relation_Contact is no array of contacts")
    return [contact_of(each) for each in given]


def main_contact_of(given: Any, before: Relation) -> Relation:
    """Change what is sent of the main contact; a private relation is named after it."""
    if given in (None, "", []):
        return {}
    if not isinstance(given, list) or len(given) > 1 or not isinstance(given[0], dict):
        raise RuleError("VALIDATION_ERROR", "Only one contact can be updated")
    first, others = before["Relation_Contact"][:1], before["Relation_Contact"][1:]
    contact = contact_of({**(first[0] if first else {}), **given[0]})
    fields: Relation = {"Relation_Contact": [contact, *others]}
    if before["Type"] == "Private":
        fields["Name"] = f"{contact['FirstName']} {contact['LastName']}"
    return fields


def contact_of(given: Mapping[str, Any]) -> dict[str, str]:
    contact = {name: text_of(given, name) for name in CONTACT}
    if not contact["FirstName"] or not contact["LastName"]:
        raise RuleError("VALIDATION_ERROR", "A contact needs FirstName and LastName")
    if contact["Sex"] not in SEXES:
        raise RuleError("VALIDATION_ERROR", "Sex is neither Man nor Vrouw")
    return contact
