"""Relations as Silvasoft shows them, compared with what was sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.targets.party import integer
from worker.targets.silvasoft.field import CONTACT, GUID, NAME, NUMBER, POLICIES, SUPPLIER, Body, main_contact

# A guess: the zone of createdOn is not documented, and no two zones are further apart.
OLD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation as an answer shows it; names in lower case, as their case differs from page to page."""

    guid: str
    shown: Mapping[str, Any] = field(repr=False)
    contact: Mapping[str, Any] = field(repr=False)
    at: datetime | None = None

    @property
    def number(self) -> int | None:
        return integer(self.shown.get(NUMBER.lower()))

    def has_number(self, asked: str) -> bool:
        """Say whether it is the customer of the number by which was asked; an answer need not show it."""
        if NUMBER.lower() in self.shown:
            return str(self.number) == asked
        # A guess: no page says whether the look by number finds suppliers by theirs.
        return str(integer(self.shown.get(SUPPLIER.lower()))) != asked

    @property
    def email(self) -> str:
        return text(self.shown.get("email") or self.contact.get("email"))

    @property
    def name(self) -> str:
        names = (text(self.contact.get(part)) for part in ("firstname", "lastname"))
        return text(self.shown.get(NAME.lower())) or " ".join(filter(None, names))


def relation(row: Any, at: datetime | None = None) -> Relation | None:
    """Read one row of an answer; None when it has no id."""
    if not isinstance(row, dict):
        return None
    shown = {name.lower(): value for name, value in row.items()}
    guid = integer(shown.get(GUID.lower()))
    if guid is None or guid <= 0:
        return None
    contact = {name.lower(): value for name, value in main_contact(row).items()}
    return Relation(str(guid), shown, contact, at)


def text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def words(name: str) -> list[str]:
    """Return the words of a name in no order: vendors turn given and family name round."""
    return sorted(name.replace(",", " ").casefold().split())


def name_of(body: Body) -> str:
    """Return the name under which a relation that is sent would be shown."""
    contact = main_contact(body)
    names = (text(contact.get(part)) for part in ("FirstName", "LastName"))
    return text(body.get(NAME)) or " ".join(filter(None, names))


def email_of(body: Body) -> str:
    return text(body.get("Email") or main_contact(body).get("Email"))


def differences(seen: Relation, body: Body) -> list[str]:
    """Return the fields in which a relation is not what was sent; what is not shown counts as equal."""
    # An array or an object where a value is due shows nothing either.
    pairs = ((wire, shown, sent) for wire, shown, sent in _pairs(seen, body) if isinstance(shown, str | int | float))
    return [wire for wire, shown, sent in pairs if not is_alike(shown, sent)]


def _pairs(seen: Relation, body: Body) -> Iterator[tuple[str, Any, Any]]:
    for wire, sent in body.items():
        if wire not in {*POLICIES, GUID, CONTACT}:
            yield wire, seen.shown.get(wire.lower()), sent
    for wire, sent in main_contact(body).items():
        yield f"{CONTACT}.{wire}", seen.contact.get(wire.lower()), sent
    if NAME not in body and seen.name:
        yield NAME, " ".join(words(seen.name)), " ".join(words(name_of(body)))


def is_alike(shown: Any, sent: Any) -> bool:
    """Compare as text without blanks, as numbers and postal codes are often set differently."""
    first, second = ("".join(str(value).split()) for value in (shown, sent))
    if isinstance(sent, bool):
        return first.casefold() in ({"true", "1"} if sent else {"false", "0"})
    return first == second


def is_older(seen: Relation, body: Body, *, by_clock: bool) -> bool:
    """Say whether e-mail, postal code or (`by_clock`) creation time show that the relation was there before."""
    sent = email_of(body)
    other_email = seen.email and sent and seen.email.casefold() != sent.casefold()
    shown, sent = text(seen.shown.get("address_postalcode")), text(body.get("Address_PostalCode"))
    other_place = shown and sent and not is_alike(shown.casefold(), sent.casefold())
    made = moment(seen.shown.get("createdon")) if by_clock else None
    return bool(other_email or other_place or (made and seen.at and seen.at - made > OLD))


def likeness(seen: Relation, body: Body) -> str:
    """Say in words by what the vendor probably took a relation for the one that was sent."""
    if words(seen.name) == words(name_of(body)):
        return "same name"
    return "same e-mail" if email_of(body) and seen.email == email_of(body) else "similar"


def moment(value: Any) -> datetime | None:
    """Read a time in one of the usual forms, None when it is in another."""
    try:
        read = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
