"""Silvasoft's listrelations: its filters, its pages."""

from collections.abc import Callable, Iterable
from typing import Any

from multidict import MultiMapping

from worker.sandbox.silvasoft_relations import Relations, RuleError, folded

# https://developers.silvasoft.nl/documentation/listrelations/, read November 2026
MOST = 200
Relation = dict[str, Any]


def has_number(relation: Relation, wanted: str) -> bool:
    return wanted in {str(relation["CustomerNumber"]), str(relation["SupplierNumber"])}


def has_name(relation: Relation, wanted: str) -> bool:
    return folded(wanted) in folded(relation["Name"])


def has_email(relation: Relation, wanted: str) -> bool:
    contacts = (folded(contact["Email"]) for contact in relation["Relation_Contact"])
    return folded(wanted) in {folded(relation["Email"]), *contacts}


def has_vat(relation: Relation, wanted: str) -> bool:
    return bool(wanted) and relation["TaxIdentificationNumber"] == wanted


def has_guid(relation: Relation, wanted: str) -> bool:
    return str(relation["RelationGUID"]) == wanted


CONDITIONS: dict[str, Callable[[Relation, str], bool]] = {
    "RelationNumber": has_number,
    "RelationName": has_name,
    "RelationEmail": has_email,
    "RelationVAT": has_vat,
    "RelationGUID": has_guid,
}
SORTINGS = {"createdDate": "createdOn", "RelationGUID": "RelationGUID", "GUID": "RelationGUID"}


def find(relations: Relations, query: MultiMapping[str]) -> list[Relation]:
    """Answer one page; names are case-sensitive, what is not known is ignored."""
    conditions = [(CONDITIONS[name], query[name]) for name in CONDITIONS if query.get(name)]
    candidates = narrowed(relations, query)
    junction = any if query.get("SearchOperand") == "OR" else all
    found = [
        each
        for each in candidates
        if is_of_type(each, query.get("RelationType", "All"))
        and (not conditions or junction(holds(each, wanted) for holds, wanted in conditions))
    ]
    order = SORTINGS.get(query.get("Sorting", ""), "RelationGUID")
    found.sort(key=lambda each: each[order], reverse=query.get("SortDir", "").upper().startswith("DE"))
    offset, limit = whole(query, "Offset", 0), min(whole(query, "Limit", MOST), MOST)
    return found[offset : offset + limit]


def narrowed(relations: Relations, query: MultiMapping[str]) -> Iterable[Relation]:
    """Take the short way for the two look-ups that name at most one relation."""
    if query.get("SearchOperand") == "OR":
        return relations
    for name, look_up in (("RelationNumber", relations.by_number), ("RelationGUID", relations.by_guid)):
        wanted = query.get(name, "")
        if wanted.isdecimal():
            hit = look_up(int(wanted))
            suppliers = relations.by_supplier_number(wanted) if name == "RelationNumber" else []
            return [*suppliers, *([hit] if hit is not None and hit not in suppliers else [])]
    return relations


def is_of_type(relation: Relation, wanted: str) -> bool:
    return wanted not in {"Supplier", "Customer"} or bool(relation[f"Is{wanted}"])


def whole(query: MultiMapping[str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdecimal():
        raise RuleError("VALIDATION_ERROR", f"{name} is no number")
    return int(text)
