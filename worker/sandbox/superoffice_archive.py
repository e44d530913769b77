"""The archive "Relation": OData over rows that show each link from both ends."""

import re
from collections.abc import Callable, Iterable
from operator import eq, ge, gt, le, lt, ne
from typing import Any
from urllib.parse import urlencode

from multidict import MultiMapping

from worker.sandbox.superoffice_relations import EntityError, Relations, Stored

Row = dict[str, Any]
Condition = tuple[str, str, Any]

# https://docs.superoffice.com/en/api/archive-providers/reference/relation.html, read November 2026
FILTERED = {
    "relationid": "relationId",
    "relationdefinitionid": "relationDefinitionId",
    "direction": "direction",
    "source/contactid": "source/contactId",
    "target/contactid": "target/contactId",
    "source/restrictioncontactid": "source/contactId",
    "target/restrictioncontactid": "target/contactId",
    "relationcomment": "relationComment",
}
SHOWN = {**FILTERED, "source/personid": "source/personId", "target/personid": "target/personId"}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": eq,
    "ne": ne,
    "gt": gt,
    "ge": ge,
    "lt": lt,
    "le": le,
}
CONDITION = r"([\w/]+)\s+(eq|ne|gt|ge|lt|le)\s+(-?\d+|'(?:[^']|'')*')"
WHOLE_FILTER = re.compile(rf"\s*{CONDITION}(?:\s+and\s+{CONDITION})*\s*", re.IGNORECASE)
ONE_CONDITION = re.compile(CONDITION, re.IGNORECASE)
PAGE = 100


def archive(relations: Relations, query: MultiMapping[str], url: str) -> Row:
    """Answer one page of rows; raise for a filter that the provider does not know."""
    wanted = conditions(query.get("$filter", ""))
    found = [row for stored in candidates(relations, wanted) for row in rows(stored) if holds(row, wanted)]
    arrange(found, query.get("$orderby", "relationId"))
    skip, top = whole(query, "$skip", 0), whole(query, "$top", PAGE)
    columns = query.get("$select", "")
    page = [selected(row, columns) for row in found[skip : skip + top]]
    more = url + "?" + urlencode({**dict(query), "$skip": skip + top}) if len(found) > skip + top else None
    return {"odata.metadata": f"{url}/$metadata", "odata.nextLink": more, "value": page}


def conditions(text: str) -> list[Condition]:
    if not text.strip():
        return []
    if WHOLE_FILTER.fullmatch(text) is None:
        raise EntityError(400, "ODataException", "The filter is not understood")
    return [condition(*found.groups()) for found in ONE_CONDITION.finditer(text)]


def condition(column: str, comparison: str, value: str) -> Condition:
    name = FILTERED.get(column.lower())
    if name is None:
        raise EntityError(400, "ODataException", f"Column {column} can not be filtered")
    if value.startswith("'") is not (name == "relationComment"):
        raise EntityError(400, "ODataException", f"The value is not of the type of {column}")
    if value.startswith("'"):
        return name, comparison.lower(), value[1:-1].replace("''", "'")
    return name, comparison.lower(), int(value)


def candidates(relations: Relations, wanted: list[Condition]) -> Iterable[Stored]:
    """Take the short way where a company is named."""
    for name, comparison, value in wanted:
        if name.endswith("/contactId") and comparison == "eq":
            return relations.of_contact(value)
    return relations


def rows(stored: Stored) -> tuple[Row, Row]:
    """Show a link from both ends; which number a direction has is a guess."""
    fields = stored.fields
    shared = {
        "PrimaryKey": stored.id,
        "EntityName": "relation",
        "relationId": stored.id,
        "relationDefinitionId": fields["RelationDefinitionId"],
        "relationComment": fields["Comment"],
    }
    here = (fields["SourceContactId"], fields["SourcePersonId"])
    there = (fields["DestinationContactId"], fields["DestinationPersonId"])
    return (
        {**shared, "direction": 1, **side("source", *here), **side("target", *there)},
        {**shared, "direction": 2, **side("source", *there), **side("target", *here)},
    )


def side(name: str, contact: int, person: int) -> Row:
    return {f"{name}/contactId": contact, f"{name}/personId": person}


def holds(row: Row, wanted: list[Condition]) -> bool:
    return all(COMPARISONS[comparison](row[name], value) for name, comparison, value in wanted)


def arrange(found: list[Row], order: str) -> None:
    column, _, direction = order.strip().partition(" ")
    name = FILTERED.get(column.lower())
    if name is None:
        raise EntityError(400, "ODataException", f"Column {column} can not be sorted by")
    found.sort(key=lambda row: row[name], reverse=direction.strip().lower() == "desc")


def selected(row: Row, columns: str) -> Row:
    if not columns:
        return row
    names = [SHOWN.get(column.strip().lower(), column.strip()) for column in columns.split(",")]
    fixed = {"PrimaryKey": row["PrimaryKey"], "EntityName": row["EntityName"]}
    return {**fixed, **{name: row.get(name) for name in names}}


def whole(query: MultiMapping[str], name: str, default: int) -> int:
    text = query.get(name, "")
    if text and not text.isdecimal():
        raise EntityError(400, "ODataException", f"{name} is no number")
    return int(text or default)
