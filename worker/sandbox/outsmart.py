"""OutSmart: upsert by debtor number, tokens in the query, always HTTP 200."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from worker.sandbox.effects import EffectLog
from worker.sandbox.exchange import Answer, Asked, json_answer
from worker.sandbox.outsmart_filters import FilterError, filters, matches
from worker.sandbox.outsmart_records import Omitted, RecordError, Records

PREFIX = re.compile(r"^(?:/openapi(?:/\d+)?)?(?=/|$)", re.IGNORECASE)
# https://knowledge.out-smart.com/openapi/advanced-filters/, read November 2026
DELETE_KEYS = frozenset({"db_row", "name", "debtor_number"})
OPERATIONS = {
    ("GET", "relations"): "find",
    ("POST", "relations"): "upsert",
    ("GET", "deleteentity"): "delete",
}


@dataclass(frozen=True, slots=True)
class OutSmartOptions:
    """What nobody documents, to be chosen.

    `omitted`: an update keeps or blanks the optional fields that it leaves out. `store_good`: of a refused
    array the records before the bad one are stored all the same. `missing_delete`: the code for no hit, 200
    with 0 rows or 1600. `require_https`: answer plain http with 1006, as the vendor does.
    """

    omitted: Omitted = "keep"
    store_good: bool = False
    missing_delete: int = 200
    require_https: bool = False
    free_fields: frozenset[str] = frozenset(f"val_value_{number}" for number in range(1, 51))


class OutSmart:
    """One account and one integration partner, whose tokens are drawn at the start."""

    name = "outsmart"

    def __init__(self, options: OutSmartOptions | None = None) -> None:
        self.options = options or OutSmartOptions()
        self.token = secrets.token_urlsafe(24)
        self.software_token = secrets.token_urlsafe(24)
        self.reset()

    def settings(self, root: str) -> dict[str, str]:
        return {
            "target": self.name,
            "base_url": f"{root}/openapi/8/",
            "token": self.token,
            "software_token": self.software_token,
        }

    def state(self) -> dict[str, dict[str, Any]]:
        return self._records.state()

    def reset(self) -> None:
        self._records = Records(self.options.omitted, self.options.free_fields)

    def control(self, command: Mapping[str, Any]) -> dict[str, Any]:
        raise ValueError(f"OutSmart has no command {sorted(command)}")

    def too_fast(self) -> Answer:
        # No limit is documented; an ordinary web server's 429 is the guess.
        return json_answer({"code": 429, "messages": ["Too many requests"], "response": None}, 429)

    def operations(self, asked: Asked) -> tuple[str, ...]:
        operation = OPERATIONS.get((asked.method, endpoint(asked.path)))
        return (operation,) if operation else ()

    def answer(self, asked: Asked, effects: EffectLog) -> Answer:
        try:
            return json_answer({"code": 200, "messages": [], "response": self._done(asked, effects)})
        except RecordError as error:
            return json_answer({"code": error.code, "messages": [error.message], "response": None})

    def _done(self, asked: Asked, effects: EffectLog) -> Any:
        self._check_tokens(asked)
        match OPERATIONS.get((asked.method, endpoint(asked.path))):
            case "find":
                return self._find(asked)
            case "upsert":
                return self._upsert(asked, effects)
            case "delete":
                return self._delete(asked, effects)
        if not endpoint(asked.path):
            raise RecordError(1000, "No endpoint given")
        raise RecordError(1001, "Unknown endpoint")

    def _check_tokens(self, asked: Asked) -> None:
        if self.options.require_https and not asked.secure:
            raise RecordError(1006, "Please use https")
        token, software_token = asked.query.get("token"), asked.query.get("software_token")
        if not token:
            raise RecordError(1002, "Token is missing")
        if not software_token:
            raise RecordError(1003, "Software token is missing")
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            raise RecordError(1004, "Token not authorised")
        if not secrets.compare_digest(software_token.encode(), self.software_token.encode()):
            raise RecordError(1005, "Software token not authorised")

    def _find(self, asked: Asked) -> list[dict[str, Any]]:
        try:
            wanted = filters(asked.query)
        except FilterError as error:
            # No code for a bad filter is documented: the general one is the guess.
            raise RecordError(1300, str(error)) from error
        free = asked.query.get("includeFreefields", "").lower() in {"true", "1"}
        if len(wanted) == 1 and wanted[0].field == "debtor_number" and wanted[0].operator == "eq":
            record = self._records.get(wanted[0].value)
            found = [record] if record is not None else []
        else:
            found = [record for record in self._records if matches(record, wanted)]
        return [self._records.shown(record, free=free) for record in found]

    def _upsert(self, asked: Asked, effects: EffectLog) -> int:
        checked: list[dict[str, Any]] = []
        try:
            for record in records_of(asked.body):
                refuse_on_demand(asked, record)
                checked.append(self._records.checked(record))
        except RecordError:
            self._store(checked if self.options.store_good else [], asked, effects)
            raise
        self._store(checked, asked, effects)
        return len(checked)

    def _store(self, checked: list[dict[str, Any]], asked: Asked, effects: EffectLog) -> None:
        for record in checked:
            self._records.store(record, asked.number, asked.at, effects)

    def _delete(self, asked: Asked, effects: EffectLog) -> int:
        query = asked.query
        if query.get("entity") != "relation":
            raise RecordError(1600, "Entity not found")
        refuse_on_demand(asked, dict(query))
        # The vendor's page shows sixty rows gone for this; so they are gone here too.
        if query.get("delete_all", "").lower() in {"true", "1"}:
            return self._records.delete([record["debtor_number"] for record in self._records], asked.number, effects)
        key, value = query.get("key", ""), query.get("value", "")
        if key not in DELETE_KEYS or not value:
            raise RecordError(1600, "Key not allowed")
        numbers = self._records.numbers_with(key, value)
        if not numbers and self.options.missing_delete != 200:  # noqa: PLR2004 -- the code of success
            raise RecordError(self.options.missing_delete, "Delete failed")
        return self._records.delete(numbers, asked.number, effects)


def endpoint(path: str) -> str:
    return PREFIX.sub("", path, count=1).strip("/").lower()


def refuse_on_demand(asked: Asked, content: Mapping[str, Any]) -> None:
    if asked.refusal is not None and asked.refusal.concerns(content):
        raise RecordError(asked.refusal.code, asked.refusal.message)


def records_of(body: bytes) -> list[Any]:
    if not body.strip():
        raise RecordError(1008, "No body given")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RecordError(1009, "Body could not be parsed") from None
    if isinstance(document, dict):
        return [document]
    if not isinstance(document, list) or not document:
        raise RecordError(1009, "Body is neither an array nor an object")
    return document
