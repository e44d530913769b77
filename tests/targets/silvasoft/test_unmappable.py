"""What has no place at Silvasoft, or cannot be said there."""

from typing import Any

import pytest

from tests.targets.silvasoft.vendor import ADDRESS, BOS, organization, patched, person, silvasoft
from tests.targets.walk import answer, failure, task, walked
from worker.errors import UnsupportedError
from worker.targets.base import Applied
from worker.targets.silvasoft.field import NATIVE

NOWHERE: dict[str, Any] = {
    "external_id": "x",
    "work_order_email": "a@b.example",
    "language": "nl",
    "category": "c",
    "status": "s",
    "active": True,
    "account_manager": "1",
    "invoice_customer_number": "1",
    "discount_percent": 1,
    "marketing_opt_out": True,
    "free_fields": {"1": "x"},
    "created_by": "1",
    "modified_by": "1",
    "created_at": "2026-03-02T08:19:59Z",
    "modified_at": "2026-03-02T08:19:59Z",
}
PLACES = {**ADDRESS, "country_name": "Nederland", "latitude": 52.0, "longitude": 6.0}
PLACES_DROPPED = ("address.country_name", "address.latitude", "address.longitude")
ORGANIZATION_ONLY: dict[str, Any] = {"registration_number": "1", "vat_number": "NL12"}


@pytest.mark.parametrize(
    ("given_event", "known", "dropped"),
    [
        (person(**NOWHERE), None, tuple(NOWHERE)),
        (organization(**NOWHERE), None, tuple(NOWHERE)),
        (patched(**NOWHERE, email="a@b.example"), "7", tuple(NOWHERE)),
        (person(lead={"score": 1}, address=PLACES), None, ("lead.score", *PLACES_DROPPED)),
        (patched(lead=None, address=PLACES), "7", ("lead", *PLACES_DROPPED)),
        (
            person(name="J. Visser", honorific_prefix="Mw.", **ORGANIZATION_ONLY),
            None,
            ("name", "honorific_prefix", *ORGANIZATION_ONLY),
        ),
        (person(telephone="1", mobile="2", sex="other"), None, ("mobile", "sex")),
        (
            organization(note="n", contacts=[{**BOS, "honorific_prefix": "Dhr.", "sex": "other"}]),
            None,
            ("note", "contacts[0].honorific_prefix", "contacts[0].sex"),
        ),
        (
            patched(group="G", name="N", email="a@b.example", contacts=[BOS, BOS]),
            "7",
            ("group", "name", "contacts[0]", "contacts[1]"),
        ),
        (patched("organization", note="n", name="N", contacts=[BOS, BOS]), "7", ("note", "contacts[1]")),
        (
            patched("organization", name="N", contacts=None, mobile=None, supplier_number=None),
            "7",
            ("contacts", "mobile", "supplier_number"),
        ),
        (patched(email="a@b.example", remote_id="7"), "7", ()),
    ],
)
def test_what_has_no_place_is_dropped_by_name(
    given_event: dict[str, Any], known: str | None, dropped: tuple[str, ...]
) -> None:
    """Fields without a place are named in the outcome, or refused where the connection wants that."""
    reply = answer([{"RelationGUID": 7, "CustomerNumber": int(given_event["data"].get("customer_number", 1))}])
    end = walked(silvasoft(), task(given_event, known), [reply]).end
    assert isinstance(end, Applied), end
    assert sorted(end.dropped) == sorted(dropped)
    if dropped:
        error = failure(walked(silvasoft(unsupported_fields="refuse"), task(given_event, known)))
        assert error.reason == "unmappable"
        assert all(path in error.detail for path in dropped)


@pytest.mark.parametrize(
    ("given_event", "words"),
    [
        *(
            (person(customer_number=number), ("customer_number", str(len(number))))
            for number in ("C-1", "007", "0", "5012a", "1 ", "99999999999", "١٢")
        ),
        (person(customer_number="9999999999"), ("customer_number", "2147483647")),
        (organization(supplier_number="0"), ("supplier_number",)),
        (person(supplier_number="5"), ("supplier_number",)),
        (person(roles=["customer", "supplier"]), ("roles",)),
        (person(given_name=None), ("given_name",)),
        (person(given_name=" "), ("given_name",)),
        (organization(name=" "), ("name",)),
        (person(contacts=[{"family_name": "Bos"}]), ("contacts[0].given_name",)),
        (organization(contacts=[BOS, {"family_name": "Bos"}]), ("contacts[1].given_name",)),
        (patched(given_name=None, family_name="Bos"), ("given_name",)),
        (patched("organization", name=None), ("name",)),
        (patched(remote_id="abc", email="a@b.example"), ("remote_id",)),
        (patched(remote_id="0", email="a@b.example"), ("remote_id",)),
        (patched(remote_id="9223372036854775808", email="a@b.example"), ("remote_id", "9223372036854775807")),
    ],
)
def test_what_cannot_be_said_is_refused_before_any_call(given_event: dict[str, Any], words: tuple[str, ...]) -> None:
    """Numbers that are none, roles and names that are not possible: unmappable, nothing is sent."""
    error = failure(walked(silvasoft(), task(given_event)))
    assert (type(error), error.reason) == (UnsupportedError, "unmappable")
    assert all(word in error.detail for word in words)


@pytest.mark.parametrize(
    "fields",
    [
        {"RelationGUID": 1},
        {"ApiKey": "x"},
        {"nonsense": 1},
        {"CustomerNumber": 0},
        {"SupplierNumber": 0},
        {"CustomerNumber": "5"},
        {"CustomerNumber": None},
        {"IsCustomer": 1},
        {"OnExistingRelationName": "MAYBE"},
        {"Relation_Contact": {}},
        {"Relation_Contact": []},
        {"Relation_Contact": ["x"]},
        {"Address_City": 5},
    ],
)
def test_native_fields_are_checked(fields: dict[str, Any]) -> None:
    """Unknown, protected and ill-typed wire fields are unmappable; the id and a number 0 are never from an event."""
    for given_event in (person(native={"silvasoft": fields}), patched(native={"silvasoft": fields})):
        error = failure(walked(silvasoft(), task(given_event, "7")))
        assert (type(error), error.reason) == (UnsupportedError, "unmappable")
        assert f"native.silvasoft.{next(iter(fields))}" in error.detail


def test_the_native_fields_are_those_of_all_three_calls() -> None:
    """Every request field of the three pages can be set by an event, but the id."""
    assert len(NATIVE) == 21
    assert "RelationGUID" not in NATIVE
