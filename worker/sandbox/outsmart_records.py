"""OutSmart's customers, kept by debtor number."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from worker.sandbox.effects import EffectLog, changes

# https://documenter.getpostman.com/view/3100119/UVRDG5v7, read November 2026
REQUIRED = ("debtor_number", "name", "street", "postal_code", "city")
TEXTS = (
    *REQUIRED,
    "contact",
    "phone_number",
    "email",
    "email_workorder",
    "house_number",
    "country",
    "external_id",
    "debtor_number_invoice",
    "kvk_number",
    "vat_number",
    "debtor_type",
    "language",
    "accountmanager",
    "mobile",
    "status",
    "pgp_code",
    "source",
    "lead_phase",
    "lead_score",
    "lead_value",
    "loss_reason",
    "lead_value_recurring",
    "marketing_opt_out",
    "created_by",
    "modified_by",
)
BLANK: dict[str, Any] = {
    **dict.fromkeys(TEXTS, ""),
    "remark": "",
    "latitude": None,
    "longitude": None,
    "active": 1,
    "discount_sales": 0,
}
COORDINATES = frozenset({"latitude", "longitude"})
NUMBERS = frozenset({"active", "discount_sales"})
STAMPS = ("created_at", "modified_at")
LONGEST = 255
LONGEST_REMARK = 65_535
Omitted = Literal["keep", "blank"]


class RecordError(Exception):
    """The answer carries this code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Records:
    """The customers of one account: only what differs from a blank record is kept."""

    def __init__(self, omitted: Omitted, free_fields: frozenset[str]) -> None:
        self._omitted = omitted
        self._free_fields = free_fields
        self._records: dict[str, dict[str, Any]] = {}
        self._rows: dict[str, int] = {}
        self._last_row = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(whole_record, self._records.values())

    def get(self, number: str) -> dict[str, Any] | None:
        record = self._records.get(number)
        return None if record is None else whole_record(record)

    def state(self) -> dict[str, dict[str, Any]]:
        return {number: whole_record(record) for number, record in self._records.items()}

    def shown(self, record: Mapping[str, Any], *, free: bool) -> dict[str, Any]:
        """Return a record as the vendor shows it; only declared free fields are ever kept."""
        return {name: value for name, value in record.items() if free or name != "FreeFields"}

    def numbers_with(self, key: str, value: str) -> list[str]:
        """Find what a delete means; a name may well hit several."""
        if key == "debtor_number":
            return [value] if value in self._records else []
        if key == "name":
            return [number for number, record in self._records.items() if record["name"] == value]
        return [number for number, row in self._rows.items() if str(row) == value]

    def checked(self, given: Any) -> dict[str, Any]:
        """Return the fields of a record that would be stored; raise for one that the vendor refuses."""
        if not isinstance(given, dict):
            raise RecordError(1009, "Record is no object")
        for name in REQUIRED:
            if given.get(name) in (None, ""):
                raise RecordError(1301, f"Required field missing: {name}")
        known = {name: value for name, value in given.items() if name in BLANK or name in STAMPS}
        return {**{name: clean(name, value) for name, value in known.items()}, **self._free(given)}

    def _free(self, given: Mapping[str, Any]) -> dict[str, Any]:
        fields = given.get("FreeFields")
        if not fields:
            return {}
        if not isinstance(fields, dict):
            raise RecordError(1300, "FreeFields is no object")
        return {"FreeFields": {name: value for name, value in fields.items() if name in self._free_fields}}

    def store(self, fields: dict[str, Any], call: int, at: float, effects: EffectLog) -> None:
        """Insert or update one record that was checked."""
        number = fields["debtor_number"]
        before = self._records.get(number)
        after = self._merged(before, fields, stamp(int(at)))
        self._records[number] = after
        if before is None:
            self._last_row += 1
            self._rows[number] = self._last_row
            effects.record(call, "create", number, fields)
        else:
            found = changes(whole_record(before), whole_record(after))
            changed = [name for name in found if name not in STAMPS]
            effects.record(call, "update", number, fields, changed=changed)

    def _merged(self, before: Mapping[str, Any] | None, fields: Mapping[str, Any], now: str) -> dict[str, Any]:
        if before is None:
            return {"created_at": now, "modified_at": now, **fields}
        kept = before
        if self._omitted == "blank":
            kept = {name: before[name] for name in ("active", "created_at") if name in before}
        free = {**kept.get("FreeFields", {}), **fields.get("FreeFields", {})}
        return {**kept, "modified_at": now, **fields, "FreeFields": free}

    def delete(self, numbers: Iterable[str], call: int, effects: EffectLog) -> int:
        """Delete all of these; return how many rows that were."""
        gone = list(numbers)
        for number in gone:
            del self._records[number]
            del self._rows[number]
            effects.record(call, "delete", number, {})
        return len(gone)


def whole_record(record: Mapping[str, Any]) -> dict[str, Any]:
    return {**BLANK, "FreeFields": {}, **record}


def clean(name: str, value: Any) -> Any:
    """Check one value by its column; what a database would refuse is 1300 (a guess: sizes are documented)."""
    if name in COORDINATES:
        return number_or_none(name, value)
    if name in NUMBERS:
        return whole(name, value)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RecordError(1300, f"Insert failed: {name}")
    text = str(value)
    if len(text) > (LONGEST_REMARK if name == "remark" else LONGEST):
        raise RecordError(1300, f"Insert failed: {name} is too long")
    return text


def number_or_none(name: str, value: Any) -> float | None:
    if value in (None, ""):
        return None
    try:
        return round(float(value), 6)
    except (TypeError, ValueError):
        raise RecordError(1300, f"Insert failed: {name}") from None


def whole(name: str, value: Any) -> int:
    try:
        number = int(BLANK[name] if value in (None, "") else value)
    except (TypeError, ValueError, OverflowError):
        raise RecordError(1300, f"Insert failed: {name}") from None
    if name == "active" and number not in (0, 1):
        raise RecordError(1300, "Insert failed: active")
    return number


@lru_cache(maxsize=2)
def stamp(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")
