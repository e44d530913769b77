"""Turns a party into the fields of a record at OutSmart."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from schemas.relation import Party
from worker.targets.mapping import dropped
from worker.targets.outsmart.field import (
    FREE,
    NATIVE,
    NO_TEXT,
    REQUIRED,
    SWITCHES,
    VENDORS_OWN,
    Record,
    check_cleared,
    check_sizes,
    free_key,
)
from worker.targets.outsmart.settings import OutSmartSettings
from worker.targets.outsmart.shared import country, debtor_type, house_number, words
from worker.targets.party import Mapped, Named, named, native, spread

VERSION = "outsmart/1"

ADDRESS = ("street", "house_number", "house_number_suffix", "postal_code", "city")
PLACE = ("country_code", "country_name", "latitude", "longitude")
LEAD = ("source", "phase", "score", "value", "value_recurring", "loss_reason")
DECIMALS = 6  # https://github.com/CloudEcosystemDev/outsmart-component (README), read November 2026
PREFIX = 2  # letters of the country in a VAT number

Convert = Callable[[Any, OutSmartSettings], Any]


def same(value: Any, _: OutSmartSettings) -> Any:
    return value


def flag(value: Any, _: OutSmartSettings) -> int:
    return int(value)


def degrees(value: float, _: OutSmartSettings) -> float:
    return round(value, DECIMALS)


def vat(value: str, settings: OutSmartSettings) -> str:
    return value[PREFIX:] if settings.vat_format == "bare" else value


def language(value: str, settings: OutSmartSettings) -> str:
    return settings.languages.get(value) or value.partition("-")[0].lower()


def moment(value: datetime, settings: OutSmartSettings) -> str:
    return value.astimezone(ZoneInfo(settings.time_zone)).isoformat(" ", "seconds")[:19]


# contract.md 3.3: what fills a field of its own. Path -> wire name, conversion.
CELLS: Mapping[str, tuple[str, Convert]] = {
    "telephone": ("phone_number", same),
    "mobile": ("mobile", same),
    "email": ("email", same),
    "work_order_email": ("email_workorder", same),
    "address.street": ("street", same),
    "address.postal_code": ("postal_code", same),
    "address.city": ("city", same),
    "address.latitude": ("latitude", degrees),
    "address.longitude": ("longitude", degrees),
    "note": ("remark", same),
    "status": ("status", same),
    "category": ("debtor_type", same),
    "external_id": ("external_id", same),
    "account_manager": ("accountmanager", same),
    "invoice_customer_number": ("debtor_number_invoice", same),
    "registration_number": ("kvk_number", same),
    "vat_number": ("vat_number", vat),
    "language": ("language", language),
    "active": ("active", flag),
    "marketing_opt_out": ("marketing_opt_out", flag),
    "lead.source": ("source", same),
    "lead.phase": ("lead_phase", same),
    "lead.score": ("lead_score", same),
    "lead.value": ("lead_value", same),
    "lead.value_recurring": ("lead_value_recurring", same),
    "lead.loss_reason": ("loss_reason", same),
    "discount_percent": ("discount_sales", same),
    "created_at": ("created_at", moment),
    "modified_at": ("modified_at", moment),
    "created_by": ("created_by", same),
    "modified_by": ("modified_by", same),
}
# What `blank_absent` clears; what is needed, the vendor's own times and switches know no blank.
NOT_BLANKED = {*REQUIRED, *VENDORS_OWN, *SWITCHES}
BLANKED = (
    *(path for path, (wire, _) in CELLS.items() if wire not in NOT_BLANKED),
    "contacts",
    "address.house_number",
    "address.country_code",
)


def fields(data: Party, settings: OutSmartSettings, *, create: bool, whole: bool, held: Record | None = None) -> Mapped:
    """Return what the event says of its record, but its key; None: to be cleared.

    `create`: there is nothing to be cleared; `whole`: what the event does not name has no value upstream;
    `held`: what is known of a record that keeps what the event does not name.
    """
    found = named(data, create=create)
    if settings.key_from == "customer_number":
        found.pop("customer_number", None)
    spread(found, "address", (*ADDRESS, *PLACE))
    spread(found, "lead", LEAD)
    kind = debtor_type(found, settings, held)
    if whole and not create and settings.blank_absent:
        found = {**dict.fromkeys(path for path in BLANKED if path not in found), **found}
    said = {**words(found, data, held), **house_number(found, settings), **country(found, settings, held)}
    said |= {**_cells(found, settings), **kind}
    said |= _free(found, settings, create=create)
    left = dropped(settings, found)
    said |= native(data, "outsmart", NATIVE, create=create)
    check_cleared(said)
    check_sizes(said)
    return Mapped(said, left)


def _cells(found: Named, settings: OutSmartSettings) -> dict[str, Any]:
    said = {}
    for path in [path for path in found if path in CELLS]:
        wire, convert = CELLS[path]
        value = found.pop(path)
        said[wire] = value if value is None or convert is same else convert(value, settings)
    return said


def _free(found: Named, settings: OutSmartSettings, *, create: bool) -> dict[str, Any]:
    values = found.pop("free_fields", None) or {}
    free = {
        free_key(int(number), settings): NO_TEXT if value is None else value
        for number, value in values.items()
        if value is not None or not create
    }
    return {FREE: free} if free else {}
