"""The fields of a record at OutSmart: kinds, limits, what is needed."""

from collections.abc import Mapping
from typing import Any

from worker.targets.mapping import unmappable
from worker.targets.outsmart.settings import OutSmartSettings
from worker.targets.party import FIGURE, OBJECT, TEXT, WHOLE, Kind

Record = dict[str, Any]

KEY = "debtor_number"
FREE = "FreeFields"
NUMBER = Kind("a number", lambda value: type(value) in (int, float))
FLAG = Kind("0 or 1", lambda value: type(value) is int and value in (0, 1), clearable=False)

# https://documenter.getpostman.com/view/3100119/UVRDG5v7 (relations), read November 2026; in its order.
# The page gives few types: those of the lead's figures, the switches and the employees are a guess.
FIELDS: Mapping[str, Kind] = {
    KEY: TEXT,
    **dict.fromkeys(("name", "contact", "phone_number", "email", "email_workorder", "street"), TEXT),
    **dict.fromkeys(("house_number", "postal_code", "city", "country", "remark"), TEXT),
    **dict.fromkeys(("latitude", "longitude"), NUMBER),
    **dict.fromkeys(("external_id", "debtor_number_invoice", "kvk_number", "vat_number"), TEXT),
    **dict.fromkeys(("debtor_type", "language", "accountmanager", "mobile", "status"), TEXT),
    "active": FLAG,
    **dict.fromkeys(("pgp_code", "source", "lead_phase"), TEXT),
    **dict.fromkeys(("lead_score", "lead_value"), FIGURE),
    "loss_reason": TEXT,
    "lead_value_recurring": FIGURE,
    "marketing_opt_out": FLAG,
    "discount_sales": WHOLE,
    **dict.fromkeys(("created_at", "modified_at"), TEXT),
    **dict.fromkeys(("created_by", "modified_by"), FIGURE),
    FREE: OBJECT,
}
NATIVE = {name: kind for name, kind in FIELDS.items() if name != KEY}
FIGURES = frozenset(name for name, kind in FIELDS.items() if kind not in (TEXT, OBJECT))
SWITCHES = frozenset(name for name, kind in FIELDS.items() if kind is FLAG)

# Same page: needed on every POST, also on an update. Wire name -> what the event calls it.
REQUIRED = {
    KEY: "customer_number",
    "name": "name",
    "street": "address.street",
    "postal_code": "address.postal_code",
    "city": "address.city",
}
# The vendor keeps these itself; what was read of them is not said back to it.
VENDORS_OWN = frozenset({"created_at", "modified_at", "created_by", "modified_by"})

# https://github.com/CloudEcosystemDev/outsmart-component (README), read November 2026.
LONGEST = 255
REMARK_BYTES = 65_535
WHOLE_BITS = 63  # what JSON readers take for a whole number

# A guess: no page says how a field is cleared.
NO_TEXT = ""
NO_DEGREES = None

FREE_NUMBERS = range(1, 51)


def is_blank(value: object) -> bool:
    return not value.strip() if isinstance(value, str) else value is None


def lacking(record: Record) -> list[str]:
    """Return what a record still needs, in the words of events."""
    return [name for wire, name in REQUIRED.items() if is_blank(record.get(wire))]


def check_required(record: Record) -> None:
    """Refuse a record that lacks what OutSmart needs on every POST."""
    if lacks := lacking(record):
        raise unmappable(f"OutSmart needs a value for {', '.join(lacks)}.")


def check_cleared(fields: Record) -> None:
    """Refuse to clear what OutSmart needs on every POST."""
    if lost := [name for wire, name in REQUIRED.items() if wire in fields and is_blank(fields[wire])]:
        raise unmappable(f"OutSmart cannot clear {', '.join(lost)}: it needs a value on every call.")


def check_sizes(fields: Record) -> None:
    """Refuse what does not fit; nothing is ever cut."""
    for wire, value in fields.items():
        if isinstance(value, str) and len(value) <= LONGEST:
            continue
        if wire == FREE:
            for member, inner in value.items():
                _check_size(f"{FREE}.{member[:64]}", inner)
        else:
            _check_size(wire, value)


def _check_size(wire: str, value: Any) -> None:
    if isinstance(value, str):
        if wire == "remark":
            _check_fits(wire, len(value.encode()), "bytes", REMARK_BYTES)
        elif len(value) > LONGEST:
            _check_fits(wire, len(value), "characters", LONGEST)
    elif isinstance(value, int):
        _check_fits(wire, value.bit_length(), "bits", WHOLE_BITS)


def _check_fits(wire: str, size: int, unit: str, most: int) -> None:
    if size > most:
        raise unmappable(f"OutSmart: {wire} is {size} {unit} long, at most {most} fit.")


def made_key(number: int, settings: OutSmartSettings) -> str:
    return settings.free_field_key.replace("{number}", str(number))


def free_key(number: int, settings: OutSmartSettings) -> str:
    """Return the key of a free field: its declared name, else the one after the template."""
    return settings.free_fields.get(number) or made_key(number, settings)
