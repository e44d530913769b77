"""Turns a party into the fields of a relation at Silvasoft."""

from collections.abc import Mapping
from typing import Any

from schemas.relation import Party
from worker.targets.mapping import dropped, unmappable
from worker.targets.party import (
    Mapped,
    Named,
    contact_places,
    leave_contact,
    named,
    native,
    spread,
)
from worker.targets.silvasoft.field import (
    ABORT,
    CONTACT,
    CONTINUE,
    NAME,
    NATIVE,
    NO_TEXT,
    NUMBER,
    ON_EMAIL,
    ON_NAME,
    ON_NUMBER,
    POLICIES,
    SUPPLIER,
    Body,
    number,
)
from worker.targets.silvasoft.settings import SilvasoftSettings

VERSION = "silvasoft/1"

# contract.md 3.4: what fills a field of its own. Path -> wire name.
ADDRESS: Mapping[str, str] = {
    "address.street": "Address_Street",
    "address.house_number": "Address_Unit",
    "address.house_number_suffix": "Address_UnitAppendix",
    "address.postal_code": "Address_PostalCode",
    "address.city": "Address_City",
    "address.country_code": "Address_CountryCode",
}
ORGANIZATION: Mapping[str, str] = {
    "name": NAME,
    "email": "Email",
    "telephone": "Phone",
    "registration_number": "RegistrationNumber",
    "vat_number": "TaxIdentificationNumber",
}
PERSON: Mapping[str, str] = {
    "given_name": "FirstName",
    "family_name": "LastName",
    "email": "Email",
    "telephone": "Phone",
    "sex": "Sex",
    "note": "ContactNotes",
}
PREFIX = 2  # letters of the country in a VAT number
ROLES = {"customer": "IsCustomer", "supplier": "IsSupplier", "other": "IsOther"}
NOT_BLANKED = {"name", "given_name", "family_name", "sex"}


def creation(data: Party, settings: SilvasoftSettings) -> Mapped:
    """Return the body that makes the relation anew."""
    found = named(data, create=True)
    found.pop("remote_id", None)
    person = data.party_type == "person"
    _choose_phone(found)
    said = {**_policies(settings), **_numbers(found, settings, person=person)}
    said |= _roles(found, settings, person=person)
    if "group" in found:
        said["GroupName"] = found.pop("group")
    said |= _cells(found, ADDRESS)
    said |= _new_person(found, settings) if person else _new_organization(found, settings)
    left = dropped(settings, found)
    return Mapped(said | native(data, "silvasoft", NATIVE, create=True), left)


def change(data: Party, settings: SilvasoftSettings, *, whole: bool) -> Mapped:
    """Return what an update changes; `whole`: what the event does not name has no value upstream."""
    found = named(data, create=False)
    found.pop("remote_id", None)
    person = data.party_type == "person"
    if whole or "telephone" in found:
        _choose_phone(found)
    spread(found, "address", (path.partition(".")[2] for path in ADDRESS))
    if whole and settings.blank_absent:
        paths = {**ADDRESS, **(PERSON if person else ORGANIZATION)}.keys() - NOT_BLANKED
        found = {**dict.fromkeys(path for path in sorted(paths) if path not in found), **found}
    said = {**_numbers(found, settings), **_cells(found, ADDRESS)}
    if roles := found.pop("roles", ()):
        said |= {wire: role in roles for role, wire in ROLES.items()}
    said |= _same_person(found, settings) if person else _same_organization(found, settings)
    left = dropped(settings, found)
    said |= native(data, "silvasoft", NATIVE, create=False)
    changed = {wire: NO_TEXT if said[wire] is None else said[wire] for wire in said if wire not in POLICIES}
    return Mapped(changed, left)


def deactivation(data: Party) -> Body:
    """Return the roles that a relation is left with for want of a delete."""
    off = {"IsCustomer": False, "IsOther": True}
    return off if data.party_type == "person" else {**off, "IsSupplier": False}


def default_roles(data: Party, settings: SilvasoftSettings, *, deactivated: bool) -> Body:
    """Return the roles that a create gives to a relation which is there, unless the event says them.

    It takes none away but the one that a relation got because it was `deactivated` by us.
    """
    roles = _roles({}, settings, person=data.party_type == "person")
    ours = {wire for wire, on in deactivation(data).items() if on and deactivated}
    return {wire: on for wire, on in roles.items() if on or wire in ours}


def _policies(settings: SilvasoftSettings) -> Body:
    words = {"abort": ABORT, "continue": CONTINUE}
    said = {ON_NUMBER: words[settings.on_existing_number], ON_NAME: words[settings.on_existing_name]}
    if settings.on_existing_email != "omit":
        said[ON_EMAIL] = words[settings.on_existing_email]
    return said


def _numbers(found: Named, settings: SilvasoftSettings, *, person: bool = False) -> Body:
    """Return our numbers; a new person (`person`) can have none as a supplier, and none can be cleared."""
    if person and "supplier_number" in found:
        raise unmappable("supplier_number: Silvasoft has none for a person")
    wires = {"customer_number": NUMBER, "supplier_number": SUPPLIER}
    paths = [path for path in wires if found.get(path) is not None]
    return {wires[path]: number(found.pop(path), path, settings) for path in paths}


def _roles(found: Named, settings: SilvasoftSettings, *, person: bool) -> Body:
    roles = found.pop("roles", None)
    if person and roles and "supplier" in roles:
        raise unmappable("roles: a person cannot become a supplier at Silvasoft")
    chosen = settings.default_roles if roles is None else roles
    wires = {role: wire for role, wire in ROLES.items() if not (person and role == "supplier")}
    return {wire: role in chosen for role, wire in wires.items()}


def _new_person(found: Named, settings: SilvasoftSettings) -> Body:
    first = _person(found, settings)
    others = [_contact(found, place, settings) for place in contact_places(found)]
    return {CONTACT: [first, *others]}


def _new_organization(found: Named, settings: SilvasoftSettings) -> Body:
    contacts = [_contact(found, place, settings) for place in contact_places(found)]
    return {**_organization(found), **({CONTACT: contacts} if contacts else {})}


def _same_person(found: Named, settings: SilvasoftSettings) -> Body:
    for place in contact_places(found):
        leave_contact(found, place)
    _check_kept(found, ("given_name", "family_name"))
    contact = {wire: NO_TEXT if value is None else value for wire, value in _person(found, settings).items()}
    above = ("Email", "Phone") if settings.person_update_email == "both" else ()
    both: Body = {wire: contact[wire] for wire in above if wire in contact}
    return {**both, CONTACT: [contact]} if contact else {}


def _same_organization(found: Named, settings: SilvasoftSettings) -> Body:
    _check_kept(found, ("name",))
    places = contact_places(found)
    contacts = [_contact(found, place, settings) for place in places[:1]]
    for place in places[1:]:
        leave_contact(found, place)
    return {**_organization(found), **({CONTACT: contacts} if contacts else {})}


def _check_kept(found: Named, paths: tuple[str, ...]) -> None:
    if cleared := [path for path in paths if path in found and found[path] is None]:
        raise unmappable(f"{', '.join(cleared)}: Silvasoft needs a value")


def _person(found: Named, settings: SilvasoftSettings) -> Body:
    return {**_cells(found, PERSON), **_sex(found, "sex", settings)}


def _organization(found: Named) -> Body:
    said = _cells(found, ORGANIZATION)
    if vat := said.get("TaxIdentificationNumber"):
        said["TaxIdentificationNumber"] = vat[PREFIX:]
    return said


def _choose_phone(found: Named) -> None:
    """Let the mobile number stand in for a telephone number that is not there."""
    if found.get("telephone") is None and found.get("mobile") is not None:
        found["telephone"] = found.pop("mobile")


def _contact(found: Named, place: int, settings: SilvasoftSettings) -> Body:
    prefix = f"contacts[{place}]."
    if f"{prefix}given_name" not in found:
        raise unmappable(f"{prefix}given_name: Silvasoft needs a value")
    cells = {prefix + path: wire for path, wire in PERSON.items()}
    return {**_cells(found, cells), **_sex(found, f"{prefix}sex", settings)}


def _sex(found: Named, path: str, settings: SilvasoftSettings) -> dict[str, Any]:
    """Put the vendor's word in the place of ours; `other` has none and stays behind, `unknown` says nothing."""
    values = {"male": settings.sex_values.male, "female": settings.sex_values.female}
    sex = found.get(path)
    if sex == "unknown":
        del found[path]
    return {"Sex": values[found.pop(path)]} if sex in values else {}


def _cells(found: Named, cells: Mapping[str, str]) -> Body:
    return {wire: found.pop(path) for path, wire in cells.items() if path in found and wire != "Sex"}
