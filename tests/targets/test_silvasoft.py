from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.targets.walk import NOW, Answer, Walk, answer, task, walked
from worker.errors import (
    AddressError,
    PermanentError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
    UnsupportedError,
)
from worker.sending.wire import Response
from worker.targets.base import Applied, Known
from worker.targets.registry import TARGETS
from worker.targets.silvasoft.calls import by_id, change, create
from worker.targets.silvasoft.field import NATIVE
from worker.targets.silvasoft.reading import JITTER, until_next_hour
from worker.targets.silvasoft.settings import SilvasoftSettings
from worker.targets.silvasoft.target import Silvasoft

BASE = "https://rest-api.silvasoft.nl/rest/"
KEY = "s1lv4s0ft-key"
HEADERS = {"ApiKey": KEY, "Username": "it@acme.example", "Content-Type": "application/json"}
JET = {"kind": "party", "party_type": "person", "customer_number": "5012", "given_name": "Jet", "family_name": "Visser"}
NOORD = {"kind": "party", "party_type": "organization", "customer_number": "7001", "name": "Noord"}
SHOWN = {"RelationGUID": 120034, "Name": "Jet Visser", "CustomerNumber": 5012, "createdOn": "2026-03-02 09:15:05"}
POLICIES = {"OnExistingRelationNumber": "ABORT", "OnExistingRelationName": "ABORT"}
NEW_PERSON = {
    **POLICIES,
    "CustomerNumber": 5012,
    "IsCustomer": True,
    "IsOther": False,
    "Relation_Contact": [{"FirstName": "Jet", "LastName": "Visser"}],
}
NEW_ORGANIZATION = {
    **POLICIES,
    "CustomerNumber": 7001,
    "IsCustomer": True,
    "IsSupplier": False,
    "IsOther": False,
    "Name": "Noord",
}
LOST = UnknownOutcomeError("connection reset")


def silvasoft(**options: Any) -> Silvasoft:
    given = {"target": "silvasoft", "api_key": KEY, "username": "it@acme.example", **options}
    return Silvasoft(SilvasoftSettings.model_validate(given))


def event(verb: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": "e-1", "type": f"relation.{verb}", "subject": "cust-1", "data": {"kind": "party", **data}}


def person(**data: Any) -> dict[str, Any]:
    return event("created", {**JET, **data})


def organization(**data: Any) -> dict[str, Any]:
    return event("created", {**NOORD, **data})


def patched(kind: str = "person", **data: Any) -> dict[str, Any]:
    return event("updated", {"party_type": kind, **data})


def deleted(**data: Any) -> dict[str, Any]:
    return event("deleted", data)


def unnumbered(**data: Any) -> dict[str, Any]:
    return event("created", {**{name: JET[name] for name in JET if name != "customer_number"}, **data})


def shown(**fields: Any) -> Response:
    return answer([{**SHOWN, **fields}])


def at(response: Response, moment: datetime) -> Response:
    return Response(response.status, response.headers, response.body, response.seconds, moment)


def refused(code: str, message: str, status: int = 400) -> Response:
    return answer({"errorCode": code, "errorMessage": message}, status)


def sent(target: Silvasoft, given: dict[str, Any], known: Known | str | None = None) -> dict[str, Any]:
    """Return the one body that comes of an event when the answer shows no more than an id and a number."""
    number = int(given["data"].get("customer_number", 1))
    walk = walked(target, task(given, known), [answer([{"RelationGUID": 7, "CustomerNumber": number}])])
    assert isinstance(walk.end, Applied), walk.end
    (body,) = walk.bodies
    assert isinstance(body, dict)
    return body


def failure(walk: Walk, *, calls: int = 0) -> TargetError:
    assert isinstance(walk.end, TargetError), walk.end
    assert len(walk.requests) == calls
    return walk.end


# --- contract.md 6.4


def test_a_private_person_is_created() -> None:
    """Worked example V1: the request, exactly, and the outcome with what was dropped."""
    given = {
        "id": "e-401",
        "type": "relation.created",
        "subject": "cust-5012",
        "data": {
            "kind": "party",
            "party_type": "person",
            "customer_number": "5012",
            "given_name": "Jet",
            "family_name": "Visser",
            "sex": "female",
            "email": "jet@example.org",
            "telephone": "0501234567",
            "group": "Webshop",
            "language": "nl",
            "address": {
                "street": "Kade",
                "house_number": "7",
                "house_number_suffix": "a",
                "postal_code": "9711AB",
                "city": "Groningen",
                "country_code": "NL",
            },
        },
    }
    walk = walked(silvasoft(), task(given), [answer([SHOWN])])
    (request,) = walk.requests
    assert (request.method, request.url, request.params, dict(request.headers)) == (
        "POST",
        f"{BASE}addprivaterelation/",
        (),
        HEADERS,
    )
    body = {
        "OnExistingRelationNumber": "ABORT",
        "OnExistingRelationName": "ABORT",
        "CustomerNumber": 5012,
        "IsCustomer": True,
        "IsOther": False,
        "GroupName": "Webshop",
        "Address_Street": "Kade",
        "Address_Unit": "7",
        "Address_UnitAppendix": "a",
        "Address_PostalCode": "9711AB",
        "Address_City": "Groningen",
        "Address_CountryCode": "NL",
        "Relation_Contact": [
            {
                "FirstName": "Jet",
                "LastName": "Visser",
                "Email": "jet@example.org",
                "Phone": "0501234567",
                "Sex": "Vrouw",
            }
        ],
    }
    assert request.body == orjson.dumps(body)
    assert walk.end == Applied("created", "120034", ("language",))


def test_a_401_may_mean_that_the_hour_is_used_up() -> None:
    """Worked example V2: the connection pauses to the top of the hour, then the same PUT is asked again."""
    given = {
        "id": "e-402",
        "type": "relation.updated",
        "subject": "cust-5012",
        "data": {
            "kind": "party",
            "party_type": "person",
            "address": {"street": "Dam", "house_number": "1"},
            "roles": ["customer", "other"],
        },
    }
    body = {
        "RelationGUID": 120034,
        "Address_Street": "Dam",
        "Address_Unit": "1",
        "Address_UnitAppendix": "",
        "IsCustomer": True,
        "IsSupplier": False,
        "IsOther": True,
    }
    late = at(refused("UNAUTHORIZED", "Ratelimit exceeded", 401), datetime(2026, 3, 2, 9, 59, tzinfo=UTC))
    walk = walked(silvasoft(), task(given, "120034"), [late, answer([SHOWN])])
    assert walk.bodies == [body, body]
    assert {(request.method, request.url) for request in walk.requests} == {("PUT", f"{BASE}updaterelation/")}
    assert walk.end == Applied("updated", "120034")
    (pause,) = walk.pauses
    assert isinstance(pause, RateLimitedError)
    assert pause.seconds is not None
    assert 60 <= pause.seconds < 60 + JITTER


def test_another_customer_of_the_same_name_is_a_conflict() -> None:
    """Worked example V3: ABORT answers 200 with somebody else; nothing is claimed to be done."""
    given = {
        "id": "e-403",
        "type": "relation.created",
        "subject": "cust-6001",
        "data": {
            "kind": "party",
            "party_type": "person",
            "customer_number": "6001",
            "given_name": "Jan",
            "family_name": "Jansen",
            "email": "jan2@example.org",
        },
    }
    old = answer(
        [{"RelationGUID": 98001, "Name": "Jan Jansen", "CustomerNumber": 4177, "createdOn": "2019-05-01 11:00:00"}]
    )
    walk = walked(silvasoft(), task(given), [old])
    assert walk.bodies == [
        {
            "OnExistingRelationNumber": "ABORT",
            "OnExistingRelationName": "ABORT",
            "CustomerNumber": 6001,
            "IsCustomer": True,
            "IsOther": False,
            "Relation_Contact": [{"FirstName": "Jan", "LastName": "Jansen", "Email": "jan2@example.org"}],
        }
    ]
    error = failure(walk, calls=1)
    assert (type(error), error.reason) == (RejectedError, "conflict")
    assert (
        error.detail
        == "Silvasoft returned customer 4177, we sent 6001: same name, probably another person. Nothing was changed."
    )


# --- contract.md 3.4, mapping

ADDRESS = {
    "street": "Kade",
    "house_number": "7",
    "house_number_suffix": "a",
    "postal_code": "9711AB",
    "city": "Groningen",
    "country_code": "NL",
}
ADDRESS_WIRE = {
    "Address_Street": "Kade",
    "Address_Unit": "7",
    "Address_UnitAppendix": "a",
    "Address_PostalCode": "9711AB",
    "Address_City": "Groningen",
    "Address_CountryCode": "NL",
}
BOS = {"given_name": "An", "family_name": "Bos", "email": "an@b.example", "telephone": "1", "sex": "male", "note": "n"}
BOS_WIRE = {
    "FirstName": "An",
    "LastName": "Bos",
    "Email": "an@b.example",
    "Phone": "1",
    "Sex": "Man",
    "ContactNotes": "n",
}


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
        (patched(mobile="2"), {"Relation_Contact": [{"Phone": "2"}]}),
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


# --- contract.md 3.4, a create that came upon an existing relation


def test_a_create_is_repeatable_only_with_a_number_and_abort() -> None:
    """Without a number, or with any CONTINUE, a repeat could make a second relation."""
    cases = [
        (silvasoft(), person(), True),
        (silvasoft(on_existing_email="abort"), person(), True),
        (silvasoft(), unnumbered(), False),
        (silvasoft(on_existing_name="continue"), person(), False),
        (silvasoft(on_existing_number="continue"), person(), False),
        (silvasoft(on_existing_email="continue"), person(), False),
        (silvasoft(), person(native={"silvasoft": {"OnExistingRelationNumber": "CONTINUE"}}), False),
        (silvasoft(), unnumbered(native={"silvasoft": {"CustomerNumber": 5012}}), True),
    ]
    for target, given_event, repeatable in cases:
        step = next(target.course(task(given_event)))
        assert getattr(step, "repeatable", None) is repeatable


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"CustomerNumber": "5012"},
        {"Name": "VISSER, Jet"},
        {"IsCustomer": "true"},
        {"Email": None},
        {"Relation_Contact": [{"FirstName": "Jet"}]},
        {"Relation_Contact": []},
    ],
)
def test_the_same_number_and_no_difference_is_created(fields: dict[str, Any]) -> None:
    """What the answer does not show counts as equal; the vendor's spelling is read leniently."""
    assert walked(silvasoft(), task(person()), [shown(**fields)]).end == Applied("created", "120034")


@pytest.mark.parametrize(
    "fields", [{"Name": "Jan Jansen"}, {"IsCustomer": False}, {"Relation_Contact": [{"FirstName": "Jetje"}]}]
)
def test_the_same_number_and_a_difference_is_updated(fields: dict[str, Any]) -> None:
    """The existing relation is changed by a PUT; `keep` leaves it, `dead_letter` buries the event."""
    walk = walked(silvasoft(), task(person(email="a@b.example", group="G")), [shown(**fields), shown()])
    assert walk.end == Applied("updated", "120034", ("group",))
    assert walk.bodies[1] == {
        "RelationGUID": 120034,
        "CustomerNumber": 5012,
        "Relation_Contact": [{"FirstName": "Jet", "LastName": "Visser", "Email": "a@b.example"}],
    }
    kept = walked(silvasoft(existing_same_number="keep"), task(person()), [shown(**fields)]).end
    assert isinstance(kept, Applied)
    assert (kept.effect, kept.remote_id, len(kept.warnings)) == ("existed", "120034", 1)
    buried = failure(walked(silvasoft(existing_same_number="dead_letter"), task(person()), [shown(**fields)]), calls=1)
    assert buried.reason == "conflict"


def test_differences_are_told_by_field() -> None:
    """Spaces do not count, letters' case does; the conflict names the fields and shows no values."""
    data = {"address": {"postal_code": "9711AB", "city": "Groningen"}}
    same = shown(Address_PostalCode="9711 AB", Address_City="Groningen")
    assert walked(silvasoft(), task(person(**data)), [same]).end == Applied("created", "120034")
    other = shown(Address_PostalCode="9711 AB", Address_City="GRONINGEN")
    error = failure(walked(silvasoft(existing_same_number="dead_letter"), task(person(**data)), [other]), calls=1)
    assert "Address_City" in error.detail
    assert "GRONINGEN" not in error.detail
    assert "PostalCode" not in error.detail


OTHER = [
    (
        person(email="a@b.example"),
        {"CustomerNumber": 4177, "Name": "Piet", "Email": "a@b.example"},
        "4177, we sent 5012: same e-mail",
    ),
    (person(), {"CustomerNumber": 4177, "Name": "Piet"}, "4177, we sent 5012: similar"),
    (unnumbered(email="a@b.example"), {"Email": "b@b.example"}, "5012, which was there before: same name"),
    (unnumbered(address=ADDRESS), {"Address_PostalCode": "1000AA"}, "5012, which was there before"),
    (unnumbered(), {"createdOn": "2019-05-01T11:00:00Z"}, "5012, which was there before"),
    (organization(), {"CustomerNumber": 4177, "Name": "Noord"}, "same name, probably another organization"),
]


@pytest.mark.parametrize(("given_event", "fields", "words"), OTHER)
def test_somebody_else_is_a_conflict_or_adopted(
    given_event: dict[str, Any], fields: dict[str, Any], words: str
) -> None:
    """Another number, or signs of an older record, mean another person; `adopt` keeps the id and changes it."""
    found = at(shown(**fields), datetime(2026, 3, 2, 9, 15, 6, tzinfo=UTC))
    error = failure(walked(silvasoft(), task(given_event), [found]), calls=1)
    assert error.reason == "conflict"
    assert words in error.detail
    walk = walked(silvasoft(existing_other_number="adopt"), task(given_event), [found, shown()])
    assert (walk.end, walk.requests[1].method) == (Applied("updated", "120034"), "PUT")


@pytest.mark.parametrize("made", ["2026-03-02 09:15:05", "2026-03-01T21:15:05Z", "01-05-2019", "", None, 5])
def test_a_new_relation_without_a_number_is_created(made: Any) -> None:
    """Without signs of an older record the answer is the relation just made; a time that cannot be read says nothing."""
    found = at(shown(createdOn=made, Email="A@b.example"), datetime(2026, 3, 2, 9, 15, 6, tzinfo=UTC))
    assert walked(silvasoft(), task(unnumbered(email="a@b.example")), [found]).end == Applied("created", "120034")


def test_continue_on_the_number_may_give_another_one() -> None:
    """With CONTINUE a taken number is replaced by the vendor: created, with a warning."""
    end = walked(silvasoft(on_existing_number="continue"), task(person()), [shown(CustomerNumber=5013)]).end
    assert end == Applied("created", "120034", warnings=("customer number: 5012 was taken, it is 5013",))


def test_a_relation_of_another_subject_is_a_conflict() -> None:
    """The record belongs to another live relation: conflict, or taken over."""
    walk = walked(silvasoft(), task(person()), [shown()], owned={"120034"})
    assert failure(walk, calls=1).reason == "conflict"
    walk = walked(silvasoft(on_taken="take_over"), task(person()), [shown()], owned={"120034"})
    assert walk.end == Applied("created", "120034", take_over=True)


EXISTS = refused("VALIDATION", "Relation ALREADY EXISTS")


def test_a_refusal_because_it_exists_is_looked_up_by_number() -> None:
    """400 "already exist": found by number and judged as above; not found, or without a number: conflict."""
    walk = walked(silvasoft(), task(person()), [EXISTS, shown()])
    assert walk.end == Applied("existed", "120034")
    assert walk.requests[1].params == (("RelationNumber", "5012"),)
    assert walked(silvasoft(), task(person()), [EXISTS, shown(Name="Piet"), shown()]).end == Applied(
        "updated", "120034"
    )
    assert failure(walked(silvasoft(), task(person()), [EXISTS, answer([])]), calls=2).reason == "conflict"
    assert failure(walked(silvasoft(), task(unnumbered()), [EXISTS]), calls=1).reason == "conflict"
    assert failure(walked(silvasoft(), task(patched(customer_number="5"), "7"), [EXISTS]), calls=1).reason == "rejected"


# --- contract.md 3.4, look first


def test_a_doubtful_create_is_looked_for_by_number_then_by_email() -> None:
    """After an unknown outcome a create that is not repeatable is found and counted as ours."""
    target = silvasoft(on_existing_name="continue")
    walk = walked(target, task(person(email="a@b.example")), [LOST, shown()])
    assert (walk.end, walk.restarts) == (Applied("created", "120034"), 1)
    assert walk.requests[1].params == (("RelationNumber", "5012"),)
    walk = walked(
        target, task(person(email="a@b.example")), [LOST, answer([]), shown(CustomerNumber=None, Email="a@b.example")]
    )
    assert walk.end == Applied("created", "120034")
    assert [request.params for request in walk.requests[1:]] == [
        (("RelationNumber", "5012"),),
        (("RelationEmail", "a@b.example"),),
    ]


def test_a_doubtful_create_that_left_no_trace_is_sent_again() -> None:
    """Nothing found: the same create goes out again; what belongs to others is not ours."""
    target = silvasoft(on_existing_name="continue")
    walk = walked(target, task(person()), [LOST, answer(b""), shown()])
    assert (walk.end, len(walk.requests)) == (Applied("created", "120034"), 3)
    theirs = shown(RelationGUID=5)
    walk = walked(target, task(person()), [LOST, theirs, shown()], owned={"5"})
    assert walk.end == Applied("created", "120034")


def test_a_repeatable_create_is_not_looked_for() -> None:
    """With a number and ABORT the create itself tells what is there; a look would cost quota."""
    assert walked(silvasoft(), task(person(), in_doubt=True), [shown()]).end == Applied("created", "120034")


def test_a_doubtful_create_that_nothing_can_find_stays_unknown() -> None:
    """Without number and e-mail the vendor cannot be asked."""
    error = failure(walked(silvasoft(), task(unnumbered(), in_doubt=True)))
    assert (type(error), error.reason) == (UnknownOutcomeError, "unknown_outcome")
    error = failure(walked(silvasoft(find_by=["number"]), task(unnumbered(email="a@b.example"), in_doubt=True)))
    assert error.reason == "unknown_outcome"


def test_several_hits_are_ambiguous() -> None:
    """More than one candidate is never guessed at; an e-mail with another name is no candidate."""
    two = answer([SHOWN, {**SHOWN, "RelationGUID": 6}])
    given_task = task(unnumbered(email="a@b.example"), in_doubt=True)
    assert failure(walked(silvasoft(), given_task, [two]), calls=1).reason == "ambiguous"
    rows = answer(
        [
            {**SHOWN, "RelationGUID": 6, "Name": "Jan Visser"},
            {**SHOWN, "Name": "JET  visser"},
            SHOWN,
            {"Name": "Jet Visser"},
            "odd",
        ]
    )
    assert walked(silvasoft(), given_task, [rows]).end == Applied("created", "120034")


def test_with_continue_on_the_number_a_different_holder_is_not_ours() -> None:
    """Who held the number before is passed by: ours would have got another number."""
    target = silvasoft(on_existing_number="continue")
    given_task = task(person(email="a@b.example"), in_doubt=True)
    old, ours = shown(Name="Piet Bos"), shown(RelationGUID=9, CustomerNumber=6000)
    assert walked(target, given_task, [old, ours]).end == Applied(
        "created", "9", warnings=("customer number: 5012 was taken, it is 6000",)
    )


def test_look_before_create_always_looks_first() -> None:
    """Found and equal exists already; found and different is updated; somebody else is a conflict."""
    target = silvasoft(look_before_create="always")
    assert walked(target, task(person()), [shown()]).end == Applied("existed", "120034")
    assert walked(target, task(person()), [shown(Name="Piet"), shown()]).end == Applied("updated", "120034")
    assert walked(target, task(person()), [answer([]), shown()]).end == Applied("created", "120034")
    assert walked(target, task(unnumbered()), [shown()]).end == Applied("created", "120034")


def test_keyless_is_what_no_number_names() -> None:
    """Only a party without a number leaves no trace before its first call."""
    target = silvasoft()
    assert target.keyless(task(unnumbered(email="a@b.example")).data)
    assert not target.keyless(task(person()).data)
    assert not target.keyless(task(unnumbered(native={"silvasoft": {"CustomerNumber": 5}})).data)
    link = {"kind": "link", "relation_type": "a:b", "parents": [{"record_id": 1}], "children": [{"record_id": 2}]}
    assert not target.keyless(task(event("created", link)).data)
    assert failure(walked(target, task(event("created", link)))).reason == "unsupported"


# --- contract.md 3.4, update and delete


def test_a_created_event_for_a_live_relation_is_an_update() -> None:
    """The journal knows the relation: the whole record goes out as a PUT; roles that are not named stay."""
    walk = walked(silvasoft(), task(person(group="G"), "7"), [shown()])
    assert walk.end == Applied("updated", "7", ("group",))
    assert walk.bodies == [
        {"RelationGUID": 7, "CustomerNumber": 5012, "Relation_Contact": [{"FirstName": "Jet", "LastName": "Visser"}]}
    ]
    assert walked(silvasoft(), task(person(), Known("7", deleted=True)), [shown()]).end == Applied("created", "120034")


def test_an_update_of_which_nothing_is_left_calls_nothing() -> None:
    """Fields without a place alone: unchanged, 0 calls."""
    assert walked(silvasoft(), task(patched(status="x"), "7")).end == Applied("unchanged", "7", ("status",))


def test_the_remote_id_of_the_event_is_used_where_the_journal_has_none() -> None:
    """Adopting a relation: its id is digits, free, and the journal's own one never contradicts it."""
    given_event = patched(email="a@b.example", remote_id="0120034")
    assert walked(silvasoft(), task(given_event), [shown()]).end == Applied("updated", "120034")
    assert failure(walked(silvasoft(), task(given_event), owned={"120034"})).reason == "conflict"
    assert failure(walked(silvasoft(), task(given_event, "7"))).reason == "conflict"


def test_an_update_is_looked_for_by_number_then_by_email_with_the_name() -> None:
    """Without an id it is found by number, else by e-mail together with the name; the name alone is never used."""
    walk = walked(silvasoft(), task(patched(customer_number="5012", status="x")), [shown(), shown()])
    assert walk.end == Applied("updated", "120034", ("status",))
    names = {"given_name": "Jet", "family_name": "Visser"}
    walk = walked(silvasoft(), task(patched(**names, email="a@b.example")), [shown(CustomerNumber=None), shown()])
    assert walk.end == Applied("updated", "120034")
    assert walk.requests[0].params == (("RelationEmail", "a@b.example"),)
    walk = walked(
        silvasoft(),
        task(patched(**names, email="a@b.example", customer_number="5012")),
        [shown(CustomerNumber=3), shown(), shown()],
    )
    assert (walk.end, len(walk.requests)) == (Applied("updated", "120034"), 3)
    assert failure(walked(silvasoft(find_by=[]), task(patched(customer_number="5012")))).reason == "not_found"


def test_a_found_relation_of_another_subject_is_a_conflict() -> None:
    """The only hit belongs to another relation: conflict, or taken over; a free one goes before it."""
    given_task = task(patched(customer_number="5012"))
    assert failure(walked(silvasoft(), given_task, [shown()], owned={"120034"}), calls=1).reason == "conflict"
    end = walked(silvasoft(on_taken="take_over"), given_task, [shown(), shown()], owned={"120034"}).end
    assert end == Applied("updated", "120034", take_over=True)
    both = answer([SHOWN, {**SHOWN, "RelationGUID": 6}])
    assert walked(silvasoft(), given_task, [both, shown()], owned={"120034"}).end == Applied("updated", "6")
    assert failure(walked(silvasoft(), given_task, [both]), calls=1).reason == "ambiguous"


def test_an_update_of_what_is_not_there_creates_it_when_the_event_is_enough() -> None:
    """`on_missing = "create"` makes the relation, otherwise the detail names what lacks."""
    names = {"given_name": "Jet", "family_name": "Visser"}
    walk = walked(silvasoft(), task(patched(**names, customer_number="5012", email=None)), [answer([]), shown()])
    assert (walk.end, walk.bodies[1]) == (Applied("created", "120034"), NEW_PERSON)
    error = failure(walked(silvasoft(), task(patched(customer_number="5012")), [answer({})]), calls=1)
    assert (type(error), error.reason) == (RejectedError, "not_found")
    assert "given_name, family_name" in error.detail
    assert "name" in failure(walked(silvasoft(), task(patched("organization", email="a@b.example")))).detail
    strict = silvasoft(on_missing="dead_letter")
    assert (
        failure(walked(strict, task(patched(**names, customer_number="5012")), [answer([])]), calls=1).reason
        == "not_found"
    )


def test_an_update_never_brings_back_what_was_deleted() -> None:
    """The journal knows the relation as deleted: not found, without a call."""
    assert (
        failure(walked(silvasoft(), task(patched(email="a@b.example"), Known("7", deleted=True)))).reason == "not_found"
    )


@pytest.mark.parametrize("nothing", [answer({}), answer([]), answer(b""), answer(b" \n"), answer(None), answer([{}])])
def test_an_empty_answer_to_an_update_is_looked_at(nothing: Response) -> None:
    """PUT 200 with nothing: there means rejected, missing means `on_missing`."""
    there = shown(RelationGUID=7)
    error = failure(walked(silvasoft(), task(patched(email="a@b.example"), "7"), [nothing, there]), calls=2)
    assert (type(error), error.reason) == (RejectedError, "rejected")
    walk = walked(silvasoft(), task(person(), "7"), [nothing, nothing, shown()])
    assert walk.end == Applied("created", "120034")
    assert walk.requests[1].params == (("RelationGUID", "7"),)
    error = failure(walked(silvasoft(), task(person()), [nothing]), calls=1)
    assert (type(error), error.reason) == (RejectedError, "rejected")


def test_a_relation_that_vanishes_again_is_not_made_for_ever() -> None:
    """A create that returns a relation which then cannot be changed ends as not found."""
    walk = walked(silvasoft(), task(person()), [shown(Name="Piet"), answer({}), answer([])])
    assert failure(walk, calls=3).reason == "not_found"


def test_a_delete_is_unsupported() -> None:
    """There is no such call: a dead letter, never a silent success."""
    for known in (None, "7", Known("7", deleted=True)):
        error = failure(walked(silvasoft(), task(deleted(), known)))
        assert (type(error), error.reason) == (UnsupportedError, "unsupported")


@pytest.mark.parametrize(
    ("data", "roles"),
    [
        ({"party_type": "person"}, {}),
        ({"party_type": "organization"}, {"IsSupplier": False}),
        ({}, {"IsSupplier": False}),
    ],
)
def test_deactivation_takes_the_roles_away(data: dict[str, Any], roles: dict[str, bool]) -> None:
    """With `on_delete = "deactivate"` the relation is no customer any more, an organization no supplier either."""
    walk = walked(silvasoft(on_delete="deactivate"), task(deleted(**data, remote_id="9"), "7"), [shown()])
    assert walk.end == Applied("deactivated", "7")
    assert walk.bodies == [{"RelationGUID": 7, "IsCustomer": False, "IsOther": True, **roles}]


def test_deactivation_finds_the_relation() -> None:
    """Without the journal's id the event's id or number leads to it; nothing found is absent, or not found."""
    target = silvasoft(on_delete="deactivate")
    assert walked(target, task(deleted(remote_id="120034")), [shown()]).end == Applied("deactivated", "120034")
    assert walked(target, task(deleted(customer_number="5012")), [shown(), shown()]).end == Applied(
        "deactivated", "120034"
    )
    assert failure(walked(target, task(deleted(remote_id="9")), owned={"9"})).reason == "conflict"
    nowhere: list[tuple[Any, list[Answer]]] = [
        (task(deleted()), []),
        (task(deleted(), Known("7", deleted=True)), []),
        (task(deleted(customer_number="5012")), [answer([])]),
        (task(deleted(), "7"), [answer({}), answer([])]),
    ]
    for given_task, script in nowhere:
        assert walked(target, given_task, script).end == Applied("absent")
        strict = silvasoft(on_delete="deactivate", on_missing_delete="dead_letter")
        assert failure(walked(strict, given_task, script), calls=len(script)).reason == "not_found"


# --- contract.md 3.4, answers

STEPS = {"create": create(NEW_PERSON, person=True), "change": change("7", {}), "find": by_id("7")}
ANSWERS: list[tuple[Response, type[TargetError], str]] = [
    (refused("UNAUTHORIZED", "Ratelimit exceeded", 401), RateLimitedError, "attempts_exhausted"),
    (answer(b"RATE LIMIT reached", 401), RateLimitedError, "attempts_exhausted"),
    (refused("UNAUTHORIZED", "Ratelimit exceeded", 200), RateLimitedError, "attempts_exhausted"),
    (refused("UNAUTHORIZED", "Invalid authentication credentials", 401), UnauthorizedError, "attempts_exhausted"),
    (answer(b"", 401), UnauthorizedError, "attempts_exhausted"),
    (answer({}, 403), UnauthorizedError, "attempts_exhausted"),
    (refused("NOT_FOUND", "x", 404), AddressError, "attempts_exhausted"),
    (refused("INVALID_JSON", "x"), PermanentError, "unexpected_answer"),
    (refused("VALIDATION", "x"), RejectedError, "rejected"),
    (answer(b"no", 400), RejectedError, "rejected"),
    (refused("VALIDATION", "x", 200), RejectedError, "rejected"),
    (refused("VALIDATION", "x", 422), RejectedError, "rejected"),
    (answer({"errorCode": 17}), RejectedError, "rejected"),
    (answer({"errorCode": [1]}), RejectedError, "rejected"),
    (refused("TECHNICAL", "x", 500), UnknownOutcomeError, "unknown_outcome"),
    (answer({}, 503), UnknownOutcomeError, "unknown_outcome"),
    (answer({}, 503, retry_after="9"), RateLimitedError, "attempts_exhausted"),
    (answer({}, 429), RateLimitedError, "attempts_exhausted"),
    (answer({}, 408), RetryableError, "attempts_exhausted"),
    (answer(b"<html>"), UnknownOutcomeError, "unknown_outcome"),
    (answer([SHOWN], 201), PermanentError, "unexpected_answer"),
    (answer(b"", 302), PermanentError, "unexpected_answer"),
    (answer({}, 409), PermanentError, "unexpected_answer"),
]


@pytest.mark.parametrize("asked", STEPS)
@pytest.mark.parametrize(("response", "kind", "reason"), ANSWERS)
def test_an_answer_leads_to_its_verdict(asked: str, response: Response, kind: type[TargetError], reason: str) -> None:
    """Each signal of the table and of the common statuses, for every call."""
    with pytest.raises(TargetError) as caught:
        silvasoft().read([STEPS[asked]], response)
    assert (type(caught.value), caught.value.reason) == (kind, reason)


@pytest.mark.parametrize(
    "body", [True, 5, "x", [5], [{"Name": "x"}], {"RelationGUID": "x"}, {"RelationGUID": 0}, {"RelationGUID": True}]
)
def test_a_create_whose_answer_shows_no_id_is_unknown(body: Any) -> None:
    """Something came back, but not which relation: it is looked for."""
    with pytest.raises(UnknownOutcomeError):
        silvasoft().read([STEPS["create"]], answer(body))
    assert silvasoft().read([STEPS["find"]], answer(body)) == [[]]


def test_a_successful_code_that_is_empty_is_none() -> None:
    """An `errorCode` without a value is no error."""
    assert silvasoft().read([STEPS["change"]], answer({"errorCode": None, "RelationGUID": 7})) == [True]


MOMENTS = st.timedeltas(timedelta(), timedelta(days=7000)).map(lambda passed: datetime(2020, 1, 1, tzinfo=UTC) + passed)


@given(now=MOMENTS)
def test_the_pause_ends_soon_after_the_top_of_the_hour(now: datetime) -> None:
    """The pause reaches into the next hour, never more than the jitter, and is the same for the same account."""
    end = now + timedelta(seconds=until_next_hour(now, "a"))
    top = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert timedelta(milliseconds=-1) <= end - top <= timedelta(seconds=JITTER)
    assert until_next_hour(now, "a") == until_next_hour(now, "a")


def test_the_jitter_spreads_the_accounts() -> None:
    """Connections that wait for one hour do not all begin in its first second; without a time it is a full hour."""
    now = datetime(2026, 3, 2, 9, 59, tzinfo=UTC)
    waits = {until_next_hour(now, str(one)) for one in range(100)}
    assert len(waits) == 100
    assert max(waits) - min(waits) > JITTER / 2
    assert 3600 <= until_next_hour(None, "a") < 3600 + JITTER


# --- secrets and hostile data


def test_the_key_is_never_shown() -> None:
    """The key is masked in requests, and words of the vendor that quote it lose it."""
    target = silvasoft()
    request = target.request([STEPS["find"]], NOW)
    assert KEY not in repr(request) + repr(target.identity()) + repr(target.__dict__)
    assert request.masked(f"key {KEY}") == "key ***"
    with pytest.raises(RejectedError) as caught:
        target.read([STEPS["create"]], refused(KEY, f"bad\n{KEY}"))
    assert caught.value.detail == "Silvasoft ***: bad ***"


HOSTILE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=100) | st.sampled_from(
    ["&RelationType=All", "x@y&ApiKey=z", "../updaterelation/", "%26", "#", "?Limit=200", "0"]
)


@given(number=HOSTILE, remote=HOSTILE, name=HOSTILE)
def test_no_event_reaches_address_headers_or_another_parameter(number: str, remote: str, name: str) -> None:
    """Whatever an event holds, it travels in the body or as the value of one look-up, and ids are plain numbers."""
    data = {**JET, "customer_number": number, "family_name": name, "email": "a@b.example&x=y"}
    target = silvasoft(look_before_create="always", on_delete="deactivate")
    events = [
        event("created", data),
        event("updated", {**data, "remote_id": remote[:64]}),
        deleted(customer_number=number, remote_id=remote[:64]),
    ]
    for given_event in events:
        for call in walked(target, task(given_event), [answer([])] * 8, spare=True).requests:
            assert call.url in {BASE + path for path in ("addprivaterelation/", "updaterelation/", "listrelations/")}
            assert dict(call.headers) == HEADERS
            assert len(call.params) == (1 if call.method == "GET" else 0)
            for key, value in call.params:
                assert key in {"RelationNumber", "RelationEmail", "RelationGUID"}
                assert value.isdecimal() or (key, value) == ("RelationEmail", data["email"])
            body = orjson.loads(call.body) if call.body else {}
            assert body.get("CustomerNumber", 1) != 0
            assert isinstance(body.get("RelationGUID", 1), int)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["errorCode", "errorMessage", *SHOWN, "Relation_Contact", "Email", "Address_PostalCode"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def encoded(value: Any) -> bytes:
    """Return the value as JSON; what has no such form stands for a body that is none."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b"{"


BODIES = (
    st.binary(max_size=200)
    | JSON.map(encoded)
    | st.just(KEY.encode())
    | st.just(encoded({"errorCode": "x", "errorMessage": KEY}))
)


@given(
    status=st.sampled_from([200, 200, 201, 204, 301, 400, 401, 404, 429, 500, 503]),
    body=BODIES,
    asked=st.sampled_from(sorted(STEPS)),
)
def test_reading_never_breaks_and_tells_no_secret(status: int, body: bytes, asked: str) -> None:
    """Arbitrary answers give a result or our own errors, and no message holds the key."""
    told = ""
    try:
        assert len(silvasoft().read([STEPS[asked]], Response(status, {}, body, at=NOW))) == 1
    except TargetError as error:
        told = str(error)
    assert KEY not in told


@given(rows=st.lists(JSON, max_size=3), number=st.booleans())
def test_a_relation_of_any_shape_can_be_judged(rows: list[Any], *, number: bool) -> None:
    """Whatever the vendor shows of a relation, the walk ends well or with an error of ours."""
    odd = [
        {**(row if isinstance(row, dict) else {"Relation_Contact": row, "Name": row}), "RelationGUID": 5}
        for row in rows
    ]
    response = Response(200, {}, encoded(odd), at=NOW)
    given_event = (
        person(address=ADDRESS, email="a@b.example") if number else unnumbered(address=ADDRESS, email="a@b.example")
    )
    for in_doubt in (False, True):
        walk = walked(silvasoft(), task(given_event, in_doubt=in_doubt), [response] * 8, spare=True)
        assert isinstance(walk.end, Applied | TargetError)


def test_deep_answers_do_no_harm() -> None:
    """An answer nested to the limit of the reader is judged like any other."""
    deep = b"[" * 900 + b"]" * 900
    with pytest.raises(RejectedError):
        silvasoft().read([STEPS["create"]], Response(200, {}, b'{"errorCode": %b}' % deep))
    odd = Response(
        200, {}, b'[{"RelationGUID": 7, "CustomerNumber": 5012, "Name": %b, "IsCustomer": %b}]' % (deep, deep)
    )
    assert walked(silvasoft(), task(person()), [odd]).end == Applied("created", "7")


# --- settings and face


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("number_pattern", "("),
        ("number_pattern", "^[0-9]+$"),
        ("username", "a@b.example\n"),
        ("api_key", ""),
        ("sex_values", {"other": "x"}),
        ("sex_values", {"male": ""}),
        ("find_by", ["name"]),
        ("on_existing_name", "omit"),
    ],
)
def test_an_option_that_cannot_be_meant_stops_the_start(option: str, value: Any) -> None:
    """Options are checked when they are read, without showing a secret."""
    with pytest.raises(ValidationError) as caught:
        silvasoft(**{option: value})
    assert KEY not in str(caught.value)


def test_the_defaults_are_those_of_the_contract() -> None:
    """Base URL, quotas, strictness and ceiling as the contract's table gives them."""
    settings = SilvasoftSettings(target="silvasoft", api_key="k", username="u")
    assert [str(one) for one in settings.quotas] == ["2/s", "50/min", "15/h"]
    assert (settings.base_url, settings.strict, settings.in_flight, settings.batch) == (BASE, True, 1, 1)
    assert TARGETS["silvasoft"].settings is SilvasoftSettings


def test_the_target_says_who_it_is() -> None:
    """Identity tells accounts apart without giving the key away; a probe is a small read; there is no session."""
    target = TARGETS["silvasoft"].target(SilvasoftSettings(target="silvasoft", api_key=KEY, username="u"))
    host, account = target.identity()
    assert (host, len(account)) == ("rest-api.silvasoft.nl", 16)
    assert target.identity() != silvasoft(api_key="other").identity()
    assert (target.name, target.kind, target.mapping) == ("silvasoft", "party", "silvasoft/1")
    probe = target.request([target.probe()], NOW)
    assert (probe.method, probe.url, probe.params) == ("GET", f"{BASE}listrelations/", (("Limit", "1"),))
    assert target.exchange(NOW) is None
    target.forget_session()
