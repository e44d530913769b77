"""OutSmart's filters: three spellings, names of their own, always AND."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from multidict import MultiMapping

# https://documenter.getpostman.com/view/3100119/UVRDG5v7, read November 2026;
# some differ from the record's names.
FIELDS = {
    "name": "name",
    "debtor_number": "debtor_number",
    "contact": "contact",
    "phone": "phone_number",
    "mobile": "mobile",
    "email": "email",
    "werkbonmailto": "email_workorder",
    "street": "street",
    "streetno": "house_number",
    "zip": "postal_code",
    "city": "city",
    "latitude": "latitude",
    "longitude": "longitude",
    "external_id": "external_id",
    "modified_at": "modified_at",
    "created_at": "created_at",
    "debtor_type": "debtor_type",
    "active": "active",
}
NUMBERS = frozenset({"latitude", "longitude", "active"})
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": eq,
    "ne": ne,
    "gt": gt,
    "ge": ge,
    "lt": lt,
    "le": le,
}
INDEXED = re.compile(r"key\[(\d+)\]")


class FilterError(ValueError):
    """A filter that is not understood."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition, `field` under the record's own name."""

    field: str
    value: str
    operator: str


def filters(query: MultiMapping[str]) -> list[Filter]:
    """Read `key[]=`, `key[0]=` and `key=`, each with its value and operator."""
    found = list(zip_longest_of(query, "[]"))
    for name in query:
        place = INDEXED.fullmatch(name)
        if place:
            found += zip_longest_of(query, f"[{place[1]}]")
    found += zip_longest_of(query, "")
    return [condition(*each) for each in found]


def zip_longest_of(query: MultiMapping[str], suffix: str) -> list[tuple[str, str, str]]:
    keys = query.getall(f"key{suffix}", [])
    values = query.getall(f"value{suffix}", [])
    operators = query.getall(f"operator{suffix}", [])
    if len(values) < len(keys):
        raise FilterError("A filter has no value")
    operators = [*operators, *["eq"] * (len(keys) - len(operators))]
    return list(zip(keys, values, operators, strict=False))


def condition(key: str, value: str, operator: str) -> Filter:
    if key not in FIELDS:
        raise FilterError(f"Unknown filter {key}")
    if operator != "li" and operator not in COMPARISONS:
        raise FilterError(f"Unknown operator {operator}")
    return Filter(FIELDS[key], value, operator)


def matches(record: Mapping[str, Any], wanted: list[Filter]) -> bool:
    return all(holds(record.get(each.field), each) for each in wanted)


def holds(value: Any, wanted: Filter) -> bool:
    if wanted.operator == "li":
        return like(wanted.value).fullmatch(str(value or "")) is not None
    if wanted.field in NUMBERS:
        try:
            return COMPARISONS[wanted.operator](float(value or 0), float(wanted.value))
        except ValueError:
            return False
    return COMPARISONS[wanted.operator](str(value or "").casefold(), wanted.value.casefold())


def like(text: str) -> re.Pattern[str]:
    """Turn SQL's LIKE into a pattern; without a wildcard it means "contains" (a guess)."""
    if "%" not in text and "_" not in text:
        text = f"%{text}%"
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(sign, re.escape(sign)) for sign in text), re.IGNORECASE | re.DOTALL)
