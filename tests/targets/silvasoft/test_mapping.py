"""How each field is said in Silvasoft's words (contract.md 3.4)."""

from typing import Any

import pytest

from tests.targets.silvasoft.vendor import (
    ADDRESS,
    BASE,
    BOS,
    NEW_PERSON,
    POLICIES,
    organization,
    patched,
    person,
    shown,
    silvasoft,
)
from tests.targets.walk import answer, failure, task, walked
from worker.targets.base import Applied, Known
from worker.targets.silvasoft.target import Silvasoft

NEW_ORGANIZATION = {
    **POLICIES,
    "CustomerNumber": 7001,
    "IsCustomer": True,
    "IsSupplier": False,
    "IsOther": False,
    "Name": "Noord",
}
ADDRESS_WIRE = {
    "Address_Street": "Kade",
    "Address_Unit": "7",
    "Address_UnitAppendix": "a",
    "Address_PostalCode": "9711AB",
    "Address_City": "Groningen",
    "Address_CountryCode": "NL",
}
BOS_WIRE = {
    "FirstName": "An",
    "LastName": "Bos",
    "Email": "an@b.example",
    "Phone": "1",
    "Sex": "Man",
    "ContactNotes": "n",
}


def sent(target: Silvasoft, given: dict[str, Any], known: Known | str | None = None) -> dict[str, Any]:
    """Return the one body that comes of an event when the answer shows no more than an id and a number."""
    number = int(given["data"].get("customer_number", 1))
    walk = walked(target, task(given, known), [answer([{"RelationGUID": 7, "CustomerNumber": number}])])
    assert isinstance(walk.end, Applied), walk.end
    (body,) = walk.bodies
    assert isinstance(body, dict)
    return body


def contact(**fields: Any) -> dict[str, Any]:
    return {"Relation_Contact": [{"FirstName": "Jet", "LastName": "Visser", **fields}]}


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        ({"email": "a@b.example", "note": "n"}, {}, contact(Email="a@b.example", ContactNotes="n")),
        ({"telephone": "1"}, {}, contact(Phone="1")),
        ({"mobile": "2"}, {}, contact(Phone="2")),
        ({"sex": "male"}, {}, contact(Sex="Man")),
        ({"sex": "female"}, {"sex_values": {"female": "Woman"}}, contact(Sex="Woman")),
        ({"sex": "unknown"}, {}, {}),
        ({"group": "Webshop"}, {}, {"GroupName": "Webshop"}),
        ({"address": ADDRESS}, {}, ADDRESS_WIRE),
        ({"roles": ["other"]}, {}, {"IsCustomer": False, "IsOther": True}),
        ({}, {"default_roles": ["customer", "supplier", "other"]}, {"IsOther": True}),
        ({"contacts": [BOS]}, {}, {"Relation_Contact": [{"FirstName": "Jet", "LastName": "Visser"}, BOS_WIRE]}),
        ({"contacts": [], "email": None, "address": {"city": None}}, {}, {}),
        (
            {},
            {"on_existing_name": "continue", "on_existing_email": "abort"},
            {"OnExistingRelationName": "CONTINUE", "OnExistingRelationEmail": "ABORT"},
        ),
        (
            {},
            {"on_existing_number": "continue", "on_existing_email": "continue"},
            {"OnExistingRelationNumber": "CONTINUE", "OnExistingRelationEmail": "CONTINUE"},
        ),
        (
            {"native": {"silvasoft": {"OnExistingRelationName": "CONTINUE", "Name": None}}},
            {},
            {"OnExistingRelationName": "CONTINUE"},
        ),
        (
            {"native": {"silvasoft": {"Relation_Contact": [{"FirstName": "X", "LastName": "Y", "Odd": 1}]}}},
            {},
            {"Relation_Contact": [{"FirstName": "X", "LastName": "Y", "Odd": 1}]},
        ),
        ({"native": {"onoffice": {"x": 1}}}, {}, {}),
    ],
)
def test_a_new_person_is_said_in_the_vendors_words(
    data: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Each cell of the column addprivaterelation."""
    assert sent(silvasoft(**options), person(**data)) == {**NEW_PERSON, **expected}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"email": "a@b.example", "telephone": "1"}, {"Email": "a@b.example", "Phone": "1"}),
        ({"mobile": "2"}, {"Phone": "2"}),
        ({"supplier_number": "88"}, {"SupplierNumber": 88}),
        ({"registration_number": "12345678"}, {"RegistrationNumber": "12345678"}),
        ({"vat_number": "NL123456782B01"}, {"TaxIdentificationNumber": "123456782B01"}),
        ({"roles": ["supplier"]}, {"IsCustomer": False, "IsSupplier": True}),
        ({"contacts": [BOS, BOS]}, {"Relation_Contact": [BOS_WIRE, BOS_WIRE]}),
        ({"group": "G", "address": ADDRESS}, {"GroupName": "G", **ADDRESS_WIRE}),
        ({"native": {"silvasoft": {"Name": "Zuid", "IsOther": True}}}, {"Name": "Zuid", "IsOther": True}),
    ],
)
def test_a_new_organization_is_said_in_the_vendors_words(data: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each cell of the column addbusinessrelation."""
    target = silvasoft()
    walk = walked(target, task(organization(**data)), [answer({"RelationGUID": "7"})])
    assert walk.end == Applied("created", "7")
    assert walk.requests[0].url == f"{BASE}addbusinessrelation/"
    assert walk.bodies == [{**NEW_ORGANIZATION, **expected}]


@pytest.mark.parametrize(
    ("given_event", "expected"),
    [
        (
            patched(given_name="An", family_name="Bos", sex="male", note=None),
            {"Relation_Contact": [{"FirstName": "An", "LastName": "Bos", "Sex": "Man", "ContactNotes": ""}]},
        ),
        (patched(email=None, telephone="1"), {"Relation_Contact": [{"Email": "", "Phone": "1"}]}),
        (patched("organization", telephone=None, mobile="2"), {"Phone": "2"}),
        (patched(complete=True, mobile="2"), {"Relation_Contact": [{"Phone": "2"}]}),
        (patched(telephone=None, mobile="2"), {"Relation_Contact": [{"Phone": "2"}]}),
        (patched(address=None), dict.fromkeys(ADDRESS_WIRE, "")),
        (patched(address={"city": "Ede"}), {"Address_City": "Ede"}),
        (patched(customer_number="5013", supplier_number="9"), {"CustomerNumber": 5013, "SupplierNumber": 9}),
        (patched(roles=["supplier"]), {"IsCustomer": False, "IsSupplier": True, "IsOther": False}),
        (
            patched("organization", name="Zuid", email="a@b.example", telephone=None),
            {"Name": "Zuid", "Email": "a@b.example", "Phone": ""},
        ),
        (
            patched("organization", vat_number="BE0123456789", registration_number=None),
            {"TaxIdentificationNumber": "0123456789", "RegistrationNumber": ""},
        ),
        (patched("organization", vat_number=None), {"TaxIdentificationNumber": ""}),
        (patched("organization", contacts=[BOS]), {"Relation_Contact": [BOS_WIRE]}),
        (
            patched(native={"silvasoft": {"GroupName": "G", "Email": None, "OnExistingRelationName": "CONTINUE"}}),
            {"GroupName": "G", "Email": ""},
        ),
    ],
)
def test_an_update_says_only_what_the_event_names(given_event: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each cell of the column updaterelation; null is the empty text."""
    walk = walked(silvasoft(), task(given_event, "7"), [shown()])
    assert walk.end == Applied("updated", "7")
    assert walk.bodies == [{"RelationGUID": 7, **expected}]


def test_a_persons_e_mail_can_be_sent_in_both_places() -> None:
    """With `person_update_email = "both"` e-mail and telephone stand in the contact and above it."""
    walk = walked(silvasoft(person_update_email="both"), task(patched(email="a@b.example"), "7"), [shown()])
    assert walk.bodies == [{"RelationGUID": 7, "Email": "a@b.example", "Relation_Contact": [{"Email": "a@b.example"}]}]


def test_blank_absent_clears_what_a_whole_record_lacks() -> None:
    """With `blank_absent` a complete update sends absent fields empty, but never a name."""
    whole = patched(complete=True, email="a@b.example", mobile="2")
    walk = walked(silvasoft(blank_absent=True), task(whole, "7"), [shown()])
    assert walk.bodies == [
        {
            "RelationGUID": 7,
            **dict.fromkeys(ADDRESS_WIRE, ""),
            "Relation_Contact": [{"Email": "a@b.example", "Phone": "2", "ContactNotes": ""}],
        }
    ]
    walk = walked(silvasoft(blank_absent=True), task(organization(), "7"), [shown()])
    assert walk.bodies == [
        {
            "RelationGUID": 7,
            "CustomerNumber": 7001,
            "Name": "Noord",
            **dict.fromkeys(("Email", "Phone", "RegistrationNumber", "TaxIdentificationNumber", *ADDRESS_WIRE), ""),
        }
    ]


@pytest.mark.parametrize(
    ("pattern", "number", "expected"), [("^C-([0-9]+)$", "C-0012", 12), ("^(?:D|C)([0-9]+)$", "D7", 7)]
)
def test_the_number_pattern_takes_a_number_out_of_ours(pattern: str, number: str, expected: int) -> None:
    """Group 1 of `number_pattern` is what is sent."""
    walk = walked(
        silvasoft(number_pattern=pattern),
        task(person(customer_number=number)),
        [answer([{"RelationGUID": 7, "CustomerNumber": expected}])],
    )
    assert walk.bodies[0]["CustomerNumber"] == expected
    assert (
        failure(walked(silvasoft(number_pattern=pattern), task(person(customer_number="C-0")))).reason == "unmappable"
    )


def test_a_pattern_whose_group_is_empty_sends_no_number() -> None:
    """A group that took no part in the match is no number."""
    target = silvasoft(number_pattern="^x([0-9]+)?$")
    assert failure(walked(target, task(person(customer_number="x")))).reason == "unmappable"
