"""SuperOffice's relations: entities, patches, and no unique index."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from worker.sandbox.effects import EffectLog, changes

WHOLE = (
    "SourceContactId",
    "SourcePersonId",
    "DestinationContactId",
    "DestinationPersonId",
    "RelationDefinitionId",
    "Reversed",
)
WRITABLE = (*WHOLE, "Comment")
# That these are ignored when sent is a guess.
READ_ONLY = (
    "RelationId",
    "UpdatedDate",
    "CreatedDate",
    "CreatedBy",
    "UpdatedBy",
    "SourceContactName",
    "SourcePersonName",
    "DestinationContactName",
    "DestinationPersonName",
    "ActiveText",
    "PassiveText",
)
SPELLED = {name.lower(): name for name in (*WRITABLE, *READ_ONLY)}
OPERATIONS = frozenset({"add", "replace", "remove", "test"})
LARGEST = 2**31 - 1
# https://docs.superoffice.com/en/database/tables/relations.html, read November 2026
LONGEST_COMMENT = 254


class EntityError(Exception):
    """The call is refused with this status, type and message."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message


@dataclass(frozen=True, slots=True)
class Tenant:
    """What the tenant knows; `persons` maps a person to the company, one that is not in it fits any.

    Without `strict_definitions` a definition that is not listed is taken too. `invalid` is the status of a
    content that breaks a rule (a guess: the vendor documents none).
    """

    contacts: Container[int] = range(1, 900_000)
    persons: Mapping[int, int] = field(default_factory=dict)
    definitions: Mapping[int, tuple[str, str]] = field(
        default_factory=lambda: {5: ("owns", "is owned by"), 7: ("is a partner of", "is a partner of")}
    )
    strict_definitions: bool = False
    invalid: int = 500


@dataclass(frozen=True, slots=True)
class Stored:
    """One relation as it lies in the table; `fields` are the writable ones."""

    id: int
    fields: Mapping[str, Any]
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class Source:
    """Which call writes, and when (seconds since 1970)."""

    call: int
    at: float
    effects: EffectLog = field(repr=False)


class Relations:
    """All relations by id, found by either company."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._stored: dict[int, Stored] = {}
        self._of_contact: dict[int, dict[int, None]] = {}
        self._last_id = 76

    def __iter__(self) -> Iterator[Stored]:
        return iter(self._stored.values())

    def get(self, number: int) -> Stored:
        try:
            return self._stored[number]
        except KeyError:
            raise EntityError(404, "SoNotFoundException", f"Relation {number} was not found") from None

    def of_contact(self, contact: int) -> list[Stored]:
        return [self._stored[number] for number in self._of_contact.get(contact, ())]

    def state(self) -> dict[str, dict[str, Any]]:
        return {str(number): {"RelationId": number, **stored.fields} for number, stored in self._stored.items()}

    def create(self, body: Any, source: Source) -> Stored:
        fields = self._checked({**blank(), **writable_of(body)})
        self._last_id += 1
        stored = Stored(self._last_id, fields, source.at, source.at)
        self._enter(stored)
        source.effects.record(source.call, "create", str(stored.id), fields)
        return stored

    def replace(self, number: int, body: Any, source: Source) -> Stored:
        return self._change(self.get(number), {**blank(), **writable_of(body)}, source)

    def patch(self, number: int, body: Any, source: Source) -> Stored:
        stored = self.get(number)
        steps = steps_of(body)
        return self._change(stored, patched(self.entity(stored), steps), source)

    def delete(self, number: int, source: Source) -> None:
        stored = self.get(number)
        self._leave(stored)
        source.effects.record(source.call, "delete", str(number), dict(stored.fields))

    def _change(self, stored: Stored, fields: Mapping[str, Any], source: Source) -> Stored:
        checked = self._checked(fields)
        changed = changes(stored.fields, checked)
        after = Stored(stored.id, checked, stored.created, source.at if changed else stored.updated)
        self._leave(stored)
        self._enter(after)
        source.effects.record(source.call, "update", str(stored.id), checked, changed=changed)
        return after

    def _enter(self, stored: Stored) -> None:
        self._stored[stored.id] = stored
        for contact in ends(stored):
            self._of_contact.setdefault(contact, {})[stored.id] = None

    def _leave(self, stored: Stored) -> None:
        del self._stored[stored.id]
        for contact in ends(stored):
            del self._of_contact[contact][stored.id]

    def _checked(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        for side in ("Source", "Destination"):
            contact, person = fields[f"{side}ContactId"], fields[f"{side}PersonId"]
            if contact not in self._tenant.contacts:
                raise self._invalid(f"{side}ContactId {contact} is missing or no company")
            if person and self._tenant.persons.get(person, contact) != contact:
                raise self._invalid(f"{side}PersonId {person} does not belong to company {contact}")
        definition = fields["RelationDefinitionId"]
        if self._tenant.strict_definitions and definition not in self._tenant.definitions:
            raise self._invalid(f"RelationDefinitionId {definition} does not exist")
        if len(fields["Comment"]) > LONGEST_COMMENT:
            raise self._invalid("Comment is too long")
        return {name: fields[name] for name in WRITABLE}

    def _invalid(self, message: str) -> EntityError:
        return EntityError(self._tenant.invalid, "SoValidationException", message)

    def entity(self, stored: Stored) -> dict[str, Any]:
        """Return a relation as the vendor shows it."""
        fields = stored.fields
        definition = fields["RelationDefinitionId"]
        active, passive = self._tenant.definitions.get(definition, (f"relation {definition}",) * 2)
        return {
            **fields,
            "RelationId": stored.id,
            "UpdatedDate": seven_digits(stored.updated),
            "CreatedDate": seven_digits(stored.created),
            "CreatedBy": None,
            "UpdatedBy": None,
            "SourceContactName": f"Company {fields['SourceContactId']}",
            "SourcePersonName": person_name(fields["SourcePersonId"]),
            "DestinationContactName": f"Company {fields['DestinationContactId']}",
            "DestinationPersonName": person_name(fields["DestinationPersonId"]),
            "ActiveText": active,
            "PassiveText": passive,
            "TableRight": None,
            "FieldProperties": {},
        }

    def template(self) -> dict[str, Any]:
        now = datetime.now(UTC).timestamp()
        return self.entity(Stored(0, blank(), now, now))


def blank() -> dict[str, Any]:
    return {**dict.fromkeys(WHOLE, 0), "Comment": ""}


def ends(stored: Stored) -> set[int]:
    return {stored.fields["SourceContactId"], stored.fields["DestinationContactId"]}


def person_name(person: int) -> str:
    return f"Person {person}" if person else ""


def seven_digits(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def writable_of(body: Any) -> dict[str, Any]:
    """Read an entity: property names without case, what is not known or read-only ignored."""
    if not isinstance(body, dict) or not body:
        raise EntityError(400, "SoException", "No entity in the body")
    spelled = {SPELLED.get(name.lower(), ""): value for name, value in body.items()}
    return {name: typed(name, value) for name, value in spelled.items() if name in WRITABLE}


def typed(name: str, value: Any) -> Any:
    """Check a value by its property's type; null is the type's default."""
    if value is None:
        return blank()[name]
    if name == "Comment":
        if not isinstance(value, str):
            raise EntityError(400, "SoException", "Comment is no string")
        return value
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise EntityError(400, "SoException", f"{name} is no 32-bit integer")
    return value


def steps_of(body: Any) -> list[tuple[str, str, Any]]:
    """Read a JSON Patch, or a merge patch, as (operation, property, value)."""
    if isinstance(body, dict) and body:
        return [("remove" if value is None else "replace", spelled(name), value) for name, value in body.items()]
    if not isinstance(body, list) or not body:
        raise EntityError(400, "SoException", "Neither a JSON Patch nor a merge patch")
    return [step_of(each) for each in body]


def step_of(given: Any) -> tuple[str, str, Any]:
    if not isinstance(given, dict) or not isinstance(given.get("path"), str):
        raise EntityError(400, "SoException", "A step of the patch has no path")
    if str(given.get("op")) not in OPERATIONS:
        raise EntityError(400, "SoException", f"Operation {given.get('op')} is not supported")
    return given["op"], spelled(given["path"]), given.get("value")


def spelled(path: str) -> str:
    """Return the property that a path means: without case, the leading slash optional."""
    name = SPELLED.get(path.removeprefix("/").lower())
    if name is None:
        raise EntityError(400, "SoException", f"There is no property {path}")
    return name


def patched(entity: Mapping[str, Any], steps: list[tuple[str, str, Any]]) -> dict[str, Any]:
    """Apply all steps or none."""
    after = dict(entity)
    for operation, name, value in steps:
        if operation == "test":
            if after[name] != value:
                raise EntityError(409, "SoConflictException", f"Test failed: {name}")
        elif name in WRITABLE:
            after[name] = typed(name, None if operation == "remove" else value)
    return after
