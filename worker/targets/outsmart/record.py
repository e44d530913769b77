"""Records of OutSmart: read, merged, posted, compared."""

from decimal import Decimal, InvalidOperation

from worker.targets.outsmart.field import (
    FIELDS,
    FIGURES,
    FREE,
    FREE_NUMBERS,
    KEY,
    NO_DEGREES,
    NO_TEXT,
    VENDORS_OWN,
    Record,
    free_key,
    made_key,
)
from worker.targets.outsmart.settings import OutSmartSettings

DEGREES = frozenset({"latitude", "longitude"})


def merged(found: Record, fields: Record, settings: OutSmartSettings) -> Record:
    """Return a record as it was read, with these fields changed (None: to be cleared)."""
    kept = {wire: value for wire, value in found.items() if wire in FIELDS and is_kept(wire, value)}
    free = {name: value for name, value in free_fields(found, settings).items() if is_said(value)}
    free |= fields.get(FREE, {})
    return {**kept, **fields, **({FREE: free} if free else {})}


def is_kept(wire: str, value: object) -> bool:
    """Say whether a field that was read is posted again."""
    return wire not in {KEY, FREE} and wire not in VENDORS_OWN and is_said(value)


def is_said(value: object) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and value != "")


def free_fields(found: Record, settings: OutSmartSettings) -> Record:
    """Return the free fields of a record that was read, by the keys under which they are posted."""
    # Where they stand is a guess; https://github.com/CloudEcosystemDev/outsmart-component
    # (lib/schemas/Getrelations.out.json), read November 2026, shows them beside the other fields.
    numbers = {made_key(number, settings): number for number in FREE_NUMBERS}
    numbers |= {name: number for number, name in settings.free_fields.items()}
    beside = {name: value for name, value in found.items() if name in numbers and name not in FIELDS}
    inner = found.get(FREE)
    free = {**beside, **inner} if isinstance(inner, dict) else beside
    return {free_key(numbers[name], settings) if name in numbers else name: free[name] for name in free}


def on_wire(number: str, fields: Record) -> Record:
    """Return the record as it is posted, in the vendor's order."""
    said = {**fields, KEY: number}
    return {wire: cleared(wire) if said[wire] is None else said[wire] for wire in FIELDS if wire in said}


def cleared(wire: str) -> str | None:
    return NO_DEGREES if wire in DEGREES else NO_TEXT


def shows(found: Record, record: Record, settings: OutSmartSettings) -> bool:
    """Say whether a record that was read shows what was posted; what cannot be seen counts as equal."""
    free = free_fields(found, settings)
    told = (wire for wire in record if wire in found and wire not in {KEY, FREE, *VENDORS_OWN})
    said = record.get(FREE, {})
    return all(is_alike(found[wire], record[wire], is_figure=wire in FIGURES) for wire in told) and all(
        is_alike(free[name], said[name], is_figure=not isinstance(said[name], str)) for name in said if name in free
    )


def is_alike(seen: object, meant: object, *, is_figure: bool) -> bool:
    """Compare as text, figures as numbers too: the vendor's answers do not always keep the type."""
    texts = [plain(seen), plain(meant)]
    try:
        return texts[0] == texts[1] or (is_figure and Decimal(texts[0]) == Decimal(texts[1]))
    except InvalidOperation:
        return False


def plain(value: object) -> str:
    """Return a value as text; an array or an object, which no field holds, is none."""
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else ""
