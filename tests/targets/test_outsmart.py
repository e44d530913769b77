from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.targets.walk import NOW, Answer, Walk, answer, task, walked
from worker.errors import (
    AddressError,
    ClosedError,
    PermanentError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnsupportedError,
)
from worker.sending.wire import Response
from worker.targets.base import Applied, Known, Owners, Step
from worker.targets.outsmart.calls import delete, find, post
from worker.targets.outsmart.field import NATIVE
from worker.targets.outsmart.settings import OutSmartSettings
from worker.targets.outsmart.target import OutSmart
from worker.targets.registry import TARGETS

BASE = "https://www.werkbonapp.nl/openapi/8/"
TOKEN = "t0k3n&entity=user"
SOFTWARE = "s0ftware/token"
TOKENS = (("token", TOKEN), ("software_token", SOFTWARE))
# contract.md 5: the options of the example connection.
EXAMPLE: Mapping[str, Any] = {
    "country_format": "name",
    "country_names": {"NL": "Nederland", "BE": "België"},
    "debtor_types": {"customer": "Klant"},
    "free_fields": {"3": "val_value_3", "7": "val_value_7"},
}
ADDRESS = {"street": "Kade", "postal_code": "9711AB", "city": "Groningen"}
NOORD = {"kind": "party", "party_type": "organization", "customer_number": "C-1", "name": "Noord", "address": ADDRESS}
JET = {
    "kind": "party",
    "party_type": "person",
    "customer_number": "C-2",
    "given_name": "Jet",
    "family_name": "Visser",
    "address": ADDRESS,
}
RECORD = {"debtor_number": "C-1", "name": "Noord", "street": "Kade", "postal_code": "9711AB", "city": "Groningen"}


def outsmart(**options: Any) -> OutSmart:
    given = {"target": "outsmart", "token": TOKEN, "software_token": SOFTWARE, **options}
    return OutSmart(OutSmartSettings.model_validate(given))


def event(verb: str, data: Mapping[str, Any], **attributes: Any) -> dict[str, Any]:
    return {"id": "e-1", "type": f"relation.{verb}", "subject": "c-1", **attributes, "data": {"kind": "party", **data}}


def created(**data: Any) -> dict[str, Any]:
    return event("created", {**NOORD, **data})


def patched(**data: Any) -> dict[str, Any]:
    return event("updated", {"party_type": "organization", **data})


def whole(**data: Any) -> dict[str, Any]:
    return event("updated", {**NOORD, "complete": True, **data})


def deleted(**data: Any) -> dict[str, Any]:
    return event("deleted", data)


def said(response: Any = 1, code: int = 200, *messages: str) -> Response:
    return answer({"code": code, "messages": list(messages), "response": response})


def row(**fields: Any) -> Response:
    return said([{**RECORD, **fields}])


def posted(target: OutSmart, given: dict[str, Any], known: Known | str | None = None) -> dict[str, Any]:
    """Return the one record that comes of an event when every question is answered well."""
    walk = walked(target, task(given, known), [said()])
    assert isinstance(walk.end, Applied), walk.end
    (record,) = walk.bodies[0]
    assert isinstance(record, dict)
    return record


def merged(target: OutSmart, given: dict[str, Any], **shown: Any) -> dict[str, Any]:
    """Return the record that is posted after a read that showed these fields."""
    walk = walked(target, task(given, "C-1"), [row(**shown), said()])
    assert walk.end == Applied("updated", "C-1")
    (record,) = walk.bodies[1]
    assert isinstance(record, dict)
    return record


def failure(walk: Walk, *, calls: int = 0) -> TargetError:
    assert isinstance(walk.end, TargetError), walk.end
    assert len(walk.requests) == calls
    return walk.end


def first_step(target: OutSmart, given: dict[str, Any]) -> Step:
    course = target.course(task(given))
    asked = next(course)
    while isinstance(asked, Owners):
        asked = course.send(frozenset())
    return asked


# --- contract.md 6.3

U1 = (
    {
        "id": "e-301",
        "type": "relation.created",
        "subject": "c-1001",
        "data": {
            "kind": "party",
            "party_type": "organization",
            "customer_number": "C-1001",
            "name": "Bakkerij Noord",
            "address": {
                "street": "Kade",
                "house_number": "7",
                "house_number_suffix": "a",
                "postal_code": "9711AB",
                "city": "Groningen",
                "country_code": "NL",
            },
            "contacts": [{"given_name": "Piet", "family_name": "Klaassen", "honorific_prefix": "Dhr."}],
            "vat_number": "NL123456782B01",
            "roles": ["customer"],
            "active": True,
            "free_fields": {"3": "A-contract"},
        },
    },
    {
        "id": "e-302",
        "type": "relation.created",
        "subject": "c-1002",
        "data": {
            "kind": "party",
            "party_type": "person",
            "customer_number": "C-1002",
            "given_name": "Jet",
            "family_name": "Visser",
            "email": "jet@example.org",
            "address": {"street": "Dam", "house_number": "1", "postal_code": "1012JS", "city": "Amsterdam"},
        },
    },
)
U1_BODY = [
    {
        "debtor_number": "C-1001",
        "name": "Bakkerij Noord",
        "contact": "Dhr. Piet Klaassen",
        "street": "Kade",
        "house_number": "7 a",
        "postal_code": "9711AB",
        "city": "Groningen",
        "country": "Nederland",
        "vat_number": "NL123456782B01",
        "debtor_type": "Klant",
        "active": 1,
        "FreeFields": {"val_value_3": "A-contract"},
    },
    {
        "debtor_number": "C-1002",
        "name": "Jet Visser",
        "contact": "Jet Visser",
        "email": "jet@example.org",
        "street": "Dam",
        "house_number": "1",
        "postal_code": "1012JS",
        "city": "Amsterdam",
    },
]
U3 = (
    {
        "id": "e-304",
        "type": "relation.created",
        "subject": "c-1003",
        "data": {
            "kind": "party",
            "party_type": "organization",
            "customer_number": "C-1003",
            "name": "A",
            "address": {"street": "B", "postal_code": "1", "city": "C"},
        },
    },
    {
        "id": "e-305",
        "type": "relation.created",
        "subject": "c-1004",
        "data": {
            "kind": "party",
            "party_type": "organization",
            "customer_number": "C-1004",
            "name": "D",
            "address": {"street": "E", "postal_code": "2", "city": "F"},
        },
    },
)


def test_two_created_events_share_one_request() -> None:
    """Worked example U1: two records go out in one array, exactly as the contract writes them."""
    target = outsmart(**EXAMPLE)
    steps = [first_step(target, one) for one in U1]
    request = target.request(steps, NOW)
    assert (request.method, request.url, request.params) == ("POST", f"{BASE}relations/", TOKENS)
    assert request.body == orjson.dumps(U1_BODY)
    assert len({step.batch for step in steps}) == 1
    assert not steps[0].keys & steps[1].keys
    assert len(target.read(steps, said(2))) == 2
    for one, number in zip(U1, ("C-1001", "C-1002"), strict=True):
        assert walked(target, task(one), [said()]).end == Applied("created", number)


def test_a_patch_is_read_merged_and_posted() -> None:
    """Worked example U2: a patch reads the record and posts it whole."""
    given = {
        "id": "e-303",
        "type": "relation.updated",
        "subject": "c-1001",
        "data": {
            "kind": "party",
            "party_type": "organization",
            "address": {"house_number": "9"},
            "telephone": "+31501234567",
            "contacts": None,
        },
    }
    shown = {
        "debtor_number": "C-1001",
        "name": "Bakkerij Noord",
        "contact": "Dhr. Piet Klaassen",
        "phone_number": "",
        "street": "Kade",
        "house_number": "7 a",
        "postal_code": "9711AB",
        "city": "Groningen",
        "country": "Nederland",
        "remark": "Let op: hond",
        "latitude": None,
        "longitude": None,
    }
    walk = walked(outsmart(**EXAMPLE), task(given, "C-1001"), [said([shown]), said(1)])
    assert walk.end == Applied("updated", "C-1001")
    read, written = walk.requests
    assert (read.method, read.url) == ("GET", f"{BASE}relations/")
    assert read.params == (
        *TOKENS,
        ("key", "debtor_number"),
        ("value", "C-1001"),
        ("operator", "eq"),
        ("includeFreefields", "true"),
    )
    assert written.params == TOKENS
    assert walk.bodies[1] == [
        {
            "debtor_number": "C-1001",
            "name": "Bakkerij Noord",
            "contact": "",
            "phone_number": "+31501234567",
            "street": "Kade",
            "house_number": "9",
            "postal_code": "9711AB",
            "city": "Groningen",
            "country": "Nederland",
            "remark": "Let op: hond",
        }
    ]


def test_one_bad_record_fails_the_array_and_then_only_itself() -> None:
    """Worked example U3: the array fails as a whole, the bad record alone gets one retry, then it is rejected."""
    target = outsmart(**EXAMPLE)
    steps = [first_step(target, one) for one in U3]
    bad = said(None, 1300, "insert failed")
    with pytest.raises(RetryableError):
        target.read(steps, bad)
    assert walked(target, task(U3[0]), [said(1)]).end == Applied("created", "C-1003")
    error = failure(walked(target, task(U3[1]), [bad]), calls=1)
    assert isinstance(error, RetryableError)
    assert (error.detail, error.reason, error.most) == ("OutSmart 1300: insert failed", "rejected", 2)


# --- contract.md 3.3, mapping

PLAIN = {
    "telephone": ("+31501234567", "phone_number"),
    "mobile": ("0612345678", "mobile"),
    "email": ("a@b.example", "email"),
    "work_order_email": ("w@b.example", "email_workorder"),
    "note": ("Let op: hond\n", "remark"),
    "status": ("x", "status"),
    "category": ("Lead", "debtor_type"),
    "external_id": ("ext-1", "external_id"),
    "account_manager": ("42", "accountmanager"),
    "invoice_customer_number": ("C-9", "debtor_number_invoice"),
    "registration_number": ("12345678", "kvk_number"),
    "vat_number": ("NL123456782B01", "vat_number"),
    "discount_percent": (15, "discount_sales"),
    "created_by": ("7", "created_by"),
    "modified_by": ("8", "modified_by"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_field_of_its_own_goes_out_as_it_is(name: str) -> None:
    """What has a field of its own at OutSmart goes there unchanged."""
    value, wire = PLAIN[name]
    assert posted(outsmart(), created(**{name: value})) == {**RECORD, wire: value}


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        ({"language": "nl-BE"}, {}, {"language": "nl"}),
        ({"language": "NL"}, {}, {"language": "nl"}),
        ({"language": "nl-BE"}, {"languages": {"nl-BE": "be"}}, {"language": "be"}),
        ({"vat_number": "NL 1234.56782.B01"}, {"vat_format": "bare"}, {"vat_number": "123456782B01"}),
        ({"active": False, "marketing_opt_out": True}, {}, {"active": 0, "marketing_opt_out": 1}),
        (
            {"created_at": "2026-03-02T08:19:59Z", "modified_at": "2026-07-02T08:19:59.9+02:00"},
            {},
            {"created_at": "2026-03-02 09:19:59", "modified_at": "2026-07-02 08:19:59"},
        ),
        ({"created_at": "2026-03-02T08:19:59Z"}, {"time_zone": "UTC"}, {"created_at": "2026-03-02 08:19:59"}),
        (
            {
                "lead": {
                    "source": "web",
                    "phase": "new",
                    "score": 3,
                    "value": "12.50",
                    "value_recurring": 1.5,
                    "loss_reason": "x",
                }
            },
            {},
            {
                "source": "web",
                "lead_phase": "new",
                "lead_score": 3,
                "lead_value": "12.50",
                "lead_value_recurring": 1.5,
                "loss_reason": "x",
            },
        ),
        (
            {"free_fields": {"2": "a", "50": True, "7": None}},
            {},
            {"FreeFields": {"val_value_2": "a", "val_value_50": True}},
        ),
        ({"free_fields": {"2": 5}}, {"free_fields": {2: "Contract"}}, {"FreeFields": {"Contract": 5}}),
        ({"free_fields": {"2": 5}}, {"free_field_key": "veld{number}"}, {"FreeFields": {"veld2": 5}}),
        (
            {"roles": ["supplier", "customer"]},
            {"debtor_types": {"customer": "Klant", "supplier": "Lev."}},
            {"debtor_type": "Lev."},
        ),
        ({"roles": ["customer"], "category": "Vip"}, {"debtor_types": {"customer": "Klant"}}, {"debtor_type": "Vip"}),
        (
            {"native": {"outsmart": {"pgp_code": "abc", "status": "n"}}, "status": "c"},
            {},
            {"pgp_code": "abc", "status": "n"},
        ),
        ({"native": {"outsmart": {"pgp_code": None}, "silvasoft": {"Nonsense": 1}}}, {}, {}),
        (
            {"native": {"outsmart": {"FreeFields": {"x": "y"}}}, "free_fields": {"1": "z"}},
            {},
            {"FreeFields": {"x": "y"}},
        ),
        ({"contacts": [], "email": None, "lead": None}, {}, {}),
    ],
)
def test_a_value_is_said_in_the_vendors_form(
    data: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Conversions of the mapping table: booleans, times, numbers, names of ours and theirs."""
    assert posted(outsmart(**options), created(**data)) == {**RECORD, **expected}


@pytest.mark.parametrize(
    ("address", "options", "expected"),
    [
        ({"house_number": "7", "house_number_suffix": "a"}, {}, {"house_number": "7 a"}),
        ({"house_number": "7", "house_number_suffix": "a"}, {"house_number_separator": "-"}, {"house_number": "7-a"}),
        ({"country_code": "NL"}, {}, {"country": "NL"}),
        ({"country_code": "NL"}, {"country_format": "name"}, {"country": "NL"}),
        ({"country_code": "BE"}, EXAMPLE, {"country": "België"}),
        ({"country_code": "BE", "country_name": "Belgique"}, EXAMPLE, {"country": "Belgique"}),
        ({"latitude": 53.21937812, "longitude": 6.5}, {}, {"latitude": 53.219378, "longitude": 6.5}),
    ],
)
def test_an_address_is_said_in_the_vendors_form(
    address: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    """House number, country and place on earth follow the connection's options."""
    assert posted(outsmart(**options), created(address={**ADDRESS, **address})) == {**RECORD, **expected}


@pytest.mark.parametrize(
    ("data", "name", "contact"),
    [
        ({}, "Jet Visser", "Jet Visser"),
        ({"honorific_prefix": "Mw."}, "Jet Visser", "Mw. Jet Visser"),
        ({"given_name": None}, "Visser", "Visser"),
        ({"name": "J. Visser"}, "J. Visser", "Jet Visser"),
        ({"contacts": [{"family_name": "Bos", "honorific_prefix": "Dhr."}]}, "Jet Visser", "Dhr. Bos"),
    ],
)
def test_a_person_is_named_and_spoken_to(data: dict[str, Any], name: str, contact: str) -> None:
    """A person's name is the formatted one or both names; whom to speak to is the first contact or the person."""
    record = posted(outsmart(), event("created", {**JET, **data}))
    assert (record["name"], record["contact"]) == (name, contact)


DROPPED = [
    ({"supplier_number": "9", "group": "Vip", "roles": ["customer"]}, ("supplier_number", "roles", "group")),
    (
        {"contacts": [{"family_name": "Bos", "email": "a@b.example", "sex": "male"}, {"family_name": "Dik"}]},
        ("contacts[0].sex", "contacts[0].email", "contacts[1]"),
    ),
    ({"address": {**ADDRESS, "country_name": "Nederland"}}, ("address.country_name",)),
]


@pytest.mark.parametrize(("data", "paths"), DROPPED)
def test_what_has_no_place_is_dropped_by_name(data: dict[str, Any], paths: tuple[str, ...]) -> None:
    """Fields without a place at OutSmart are named in the outcome, or refused before any call."""
    end = walked(outsmart(), task(created(**data)), [said()]).end
    assert isinstance(end, Applied)
    assert sorted(end.dropped) == sorted(paths)
    error = failure(walked(outsmart(unsupported_fields="refuse"), task(created(**data))))
    assert error.reason == "unmappable"
    assert all(path in error.detail for path in paths)


def test_the_remote_id_and_a_persons_sex_are_dropped() -> None:
    """A remote id of upstream and a person's sex have no place, as they are not the key."""
    walk = walked(
        outsmart(),
        task(event("updated", {"party_type": "person", "remote_id": "9", "sex": "male", "status": "x"}), "C-1"),
        [row(), said()],
    )
    assert isinstance(walk.end, Applied)
    assert sorted(walk.end.dropped) == ["remote_id", "sex"]


LONG = "x" * 200


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({**JET, "given_name": LONG, "family_name": LONG}, ("name", "401", "255")),
        ({**JET, "name": "J", "given_name": LONG, "family_name": LONG}, ("contact", "401", "255")),
        (
            {**NOORD, "address": {**ADDRESS, "house_number": LONG, "house_number_suffix": LONG}},
            ("house_number", "401", "255"),
        ),
        ({**NOORD, "native": {"outsmart": {"remark": "é" * 40_000}}}, ("remark", "80000", "65535")),
        ({**NOORD, "native": {"outsmart": {"FreeFields": {"k": "x" * 256}}}}, ("FreeFields.k", "256", "255")),
        ({**NOORD, "address": {"street": "Kade"}}, ("address.postal_code", "address.city")),
        ({**NOORD, "address": {**ADDRESS, "street": " "}}, ("address.street",)),
        ({**NOORD, "customer_number": None}, ("customer_number",)),
        ({**NOORD, "customer_number": " "}, ("customer_number",)),
        ({**NOORD, "lead": {"score": 2**63}}, ("lead_score", "64", "63")),
    ],
)
def test_what_does_not_fit_is_refused_before_any_call(data: dict[str, Any], words: tuple[str, ...]) -> None:
    """Too long, too large or lacking: unmappable without a call, naming field, size and limit."""
    error = failure(walked(outsmart(), task(event("created", data))))
    assert isinstance(error, UnsupportedError)
    assert error.reason == "unmappable"
    assert all(word in error.detail for word in words)


@pytest.mark.parametrize(
    "fields",
    [
        *(
            {name: "1"}
            for name in ("debtor_number", "token", "software_token", "test", "delete_all", "entity", "key", "value")
        ),
        {"nonsense": 1},
        {"active": 2},
        {"active": None},
        {"active": True},
        {"discount_sales": "5"},
        {"pgp_code": 5},
        {"latitude": "52"},
        {"FreeFields": []},
        {"FreeFields": None},
    ],
)
def test_native_fields_are_checked(fields: dict[str, Any]) -> None:
    """Unknown, protected and ill-typed wire fields are unmappable, and nothing is called."""
    for given_event in (created(native={"outsmart": fields}), patched(native={"outsmart": fields})):
        error = failure(walked(outsmart(), task(given_event, "C-1")))
        assert (type(error), error.reason) == (UnsupportedError, "unmappable")
        assert f"native.outsmart.{next(iter(fields))}" in error.detail


def test_every_field_of_the_record_but_the_key_is_allowed_natively() -> None:
    """All 37 fields of the vendor's table but the key, and the free fields, can be set by an event."""
    assert len(NATIVE) == 37
    assert "debtor_number" not in NATIVE


# --- contract.md 3.3, operations


def test_a_created_event_for_a_live_relation_is_a_complete_update() -> None:
    """The journal knows the relation: the whole record is posted under its number, effect updated."""
    walk = walked(outsmart(), task(created(customer_number="c-1"), "C-1"), [said()])
    assert walk.end == Applied("updated", "C-1")
    assert walk.bodies == [[RECORD]]


def test_a_created_event_after_a_deletion_is_a_new_create() -> None:
    """What the journal knows as deleted is made anew."""
    assert walked(outsmart(), task(created(), Known("C-1", deleted=True)), [said()]).end == Applied("created", "C-1")


def test_a_complete_update_needs_no_read() -> None:
    """A whole record is posted at once; what it lacks is not sent, null clears."""
    walk = walked(outsmart(), task(whole(email=None), "C-1"), [said()])
    assert walk.end == Applied("updated", "C-1")
    assert walk.bodies == [[{**RECORD, "email": ""}]]
    assert walked(outsmart(), task(whole()), [said()]).end == Applied("created", "C-1")


def test_blank_absent_clears_what_a_whole_record_lacks() -> None:
    """With `blank_absent` absent fields go out empty, but not what is needed, the vendor's own times and switches."""
    record = posted(outsmart(blank_absent=True), whole(email="a@b.example"), "C-1")
    assert record["email"] == "a@b.example"
    assert record["phone_number"] == record["contact"] == record["house_number"] == record["country"] == ""
    assert record["latitude"] is None
    assert not {"active", "marketing_opt_out", "created_at", "modified_by", "FreeFields"} & record.keys()
    assert posted(outsmart(blank_absent=True), created()) == RECORD


def test_blank_absent_leaves_what_is_named() -> None:
    """A named contact and the vendor type that follows from a role are not blanked."""
    target = outsmart(blank_absent=True, debtor_types={"customer": "Klant"})
    record = posted(target, whole(contacts=[{"family_name": "Bos"}], roles=["customer"]), "C-1")
    assert (record["contact"], record["debtor_type"]) == ("Bos", "Klant")


def test_the_merge_keeps_what_was_read_and_clears_what_is_null() -> None:
    """Empty values and the vendor's own times are not said back, strange fields neither; null clears."""
    record = merged(
        outsmart(),
        patched(email=None, address={"latitude": None, "longitude": 6.5}, native={"outsmart": {"pgp_code": None}}),
        row_id=5,
        email="a@b.example",
        mobile="",
        remark=None,
        active=1,
        discount_sales=0,
        created_at="2020-01-01 00:00:00",
        created_by="7",
        latitude=52.1,
        pgp_code="z",
        status=["odd"],
        FreeFields=[],
    )
    assert record == {
        **RECORD,
        "email": "",
        "latitude": None,
        "longitude": 6.5,
        "active": 1,
        "discount_sales": 0,
        "pgp_code": "",
    }


def test_free_fields_are_merged_key_by_key() -> None:
    """Free fields read inside an object or beside the record are kept, changed and cleared by number."""
    target = outsmart(free_fields={"2": "Contract"})
    record = merged(
        target,
        patched(free_fields={"3": None, "4": "new"}),
        FreeFields={"val_value_3": "x", "Contract": "c", "odd": 1},
        val_value_5="beside",
        val_value_2="stale",
    )
    assert record["FreeFields"] == {
        "Contract": "c",
        "val_value_3": "",
        "val_value_4": "new",
        "val_value_5": "beside",
        "odd": 1,
    }


def test_a_patch_of_which_nothing_is_left_calls_nothing() -> None:
    """An update that names only the key, or fields without a place, is unchanged without a call."""
    assert walked(outsmart(), task(patched(customer_number="c-1"), "C-1")).end == Applied("unchanged", "C-1")
    assert walked(outsmart(), task(patched(group="Vip"), "C-1")).end == Applied("unchanged", "C-1", ("group",))


@pytest.mark.parametrize("data", [{"address": None}, {"name": None}, {"address": {"city": None}}, {"name": " "}])
def test_what_every_call_needs_cannot_be_cleared(data: dict[str, Any]) -> None:
    """Clearing a required field is unmappable before any call."""
    assert failure(walked(outsmart(), task(patched(**data), "C-1"))).reason == "unmappable"


def test_a_record_that_lacks_a_required_field_at_the_vendor_is_refused() -> None:
    """The merged record is checked, too: a blank city at the vendor is unmappable."""
    assert failure(walked(outsmart(), task(patched(status="x"), "C-1"), [row(city="")]), calls=1).reason == "unmappable"


def test_update_style_send_reads_only_when_a_required_field_lacks() -> None:
    """With `send` a sufficient patch goes out alone; otherwise the required fields are read, and no more."""
    target = outsmart(update_style="send")
    walk = walked(target, task(patched(name="N", address=ADDRESS, status="x"), "C-1"), [said()])
    assert (walk.end, walk.bodies) == (Applied("updated", "C-1"), [[{**RECORD, "name": "N", "status": "x"}]])
    walk = walked(target, task(patched(status="x"), "C-1"), [row(remark="kept there"), said()])
    assert (walk.end, walk.bodies[1]) == (Applied("updated", "C-1"), [{**RECORD, "status": "x"}])


def test_update_style_whole_only_refuses_patches() -> None:
    """With `whole_only` a patch is unsupported, a complete update is not."""
    target = outsmart(update_style="whole_only")
    assert failure(walked(target, task(patched(status="x"), "C-1"))).reason == "unsupported"
    assert isinstance(walked(target, task(whole(), "C-1"), [said()]).end, Applied)


NONE = [said([]), said(None), said("")]


@pytest.mark.parametrize("nothing", NONE)
def test_an_update_of_what_is_not_there_creates_it_when_the_event_is_enough(nothing: Response) -> None:
    """`on_missing = "create"` makes the record; nulls of the patch are not sent then."""
    data = {**NOORD, "email": None, "status": "x"}
    walk = walked(outsmart(), task(event("updated", data)), [nothing, said()])
    assert (walk.end, walk.bodies[1]) == (Applied("created", "C-1"), [{**RECORD, "status": "x"}])


def test_an_update_of_what_is_not_there_names_what_a_create_lacks() -> None:
    """Otherwise it is not found, and the detail names the fields."""
    error = failure(walked(outsmart(), task(patched(status="x", name="N"), "C-1"), [said([])]), calls=1)
    assert (type(error), error.reason) == (RejectedError, "not_found")
    assert all(name in error.detail for name in ("address.street", "address.postal_code", "address.city"))
    assert "customer_number" not in error.detail
    assert "customer_number" in failure(walked(outsmart(), task(patched(status="x")))).detail


@pytest.mark.parametrize(
    ("given_event", "script"), [(patched(status="x", customer_number="C-1"), [said([])]), (whole(), [said([])])]
)
def test_on_missing_dead_letter_never_creates(given_event: dict[str, Any], script: list[Answer]) -> None:
    """With `on_missing = "dead_letter"` also a complete update looks before it would create."""
    assert failure(walked(outsmart(on_missing="dead_letter"), task(given_event), script), calls=1).reason == "not_found"


def test_on_missing_dead_letter_updates_what_is_there() -> None:
    """A complete update for a relation that only the vendor knows is posted after the look."""
    walk = walked(outsmart(on_missing="dead_letter"), task(whole()), [row(), said()])
    assert walk.end == Applied("updated", "C-1")


def test_an_update_never_brings_back_what_was_deleted() -> None:
    """The journal knows the relation as deleted: not found, without a call."""
    for given_event in (patched(status="x", customer_number="C-1"), whole()):
        assert failure(walked(outsmart(), task(given_event, Known("C-1", deleted=True)))).reason == "not_found"


def test_several_records_of_one_number_are_ambiguous() -> None:
    """More than one hit is never guessed at; hits of another number do not count."""
    both = said([RECORD, {**RECORD, "debtor_number": "c-1"}])
    assert failure(walked(outsmart(), task(patched(status="x"), "C-1"), [both]), calls=1).reason == "ambiguous"
    other = said([RECORD, {**RECORD, "debtor_number": "C-2"}, "odd"])
    assert walked(outsmart(), task(patched(status="x"), "C-1"), [other, said()]).end == Applied("updated", "C-1")


@pytest.mark.parametrize(
    "given_event", [created(), whole(), patched(customer_number="C-1", status="x"), deleted(customer_number="C-1")]
)
@pytest.mark.parametrize("owned", ["C-1", "c-1"])
def test_a_number_of_another_relation_is_a_conflict(given_event: dict[str, Any], owned: str) -> None:
    """A record belongs to one live relation; a second one is refused before any call."""
    assert failure(walked(outsmart(), task(given_event), owned={owned})).reason == "conflict"


def test_take_over_moves_a_number() -> None:
    """With `on_taken = "take_over"` the number goes to the later relation."""
    walk = walked(outsmart(on_taken="take_over"), task(created()), [said()], owned={"C-1"})
    assert walk.end == Applied("created", "C-1", take_over=True)


def test_look_before_create_always_looks_first() -> None:
    """Found and equal exists already; found and different is updated; not found is created."""
    target = outsmart(look_before_create="always")
    assert walked(target, task(created(active=True)), [row(active="1", remark="x")]).end == Applied("existed", "C-1")
    assert walked(target, task(created(active=True)), [row(active=0), said()]).end == Applied("updated", "C-1")
    assert walked(target, task(created()), [said([]), said()]).end == Applied("created", "C-1")


def test_a_doubtful_create_is_simply_repeated() -> None:
    """An upsert needs no look: every step of OutSmart is repeatable."""
    walk = walked(outsmart(), task(created(), in_doubt=True), [said()])
    assert walk.end == Applied("created", "C-1")
    assert all(step.repeatable for step in (post(RECORD), find("C-1"), delete("C-1")))


def test_the_key_can_be_the_subject() -> None:
    """With `key_from = "subject"` the subject is the number, and the customer number has no place."""
    walk = walked(outsmart(key_from="subject"), task(created()), [said()])
    assert walk.end == Applied("created", "c-1", ("customer_number",))
    assert walk.bodies[0][0]["debtor_number"] == "c-1"


def test_renumbering_is_refused() -> None:
    """A number other than the journal's is unsupported; another case of it is the same number."""
    error = failure(walked(outsmart(), task(patched(customer_number="C-9"), "C-1")))
    assert (type(error), error.reason) == (UnsupportedError, "unsupported")
    assert failure(walked(outsmart(), task(created(customer_number="C-9"), "C-1"))).reason == "unsupported"


def test_renumbering_by_replacing() -> None:
    """With `on_renumber = "replace"` the new record is posted whole, then the old one deleted."""
    target = outsmart(on_renumber="replace")
    walk = walked(target, task(patched(customer_number="C-9"), "C-1"), [row(remark="x"), said(), said(1)])
    assert walk.end == Applied("replaced", "C-9")
    assert walk.bodies[1] == [{**RECORD, "debtor_number": "C-9", "remark": "x"}]
    assert dict(walk.requests[2].params)["value"] == "C-1"
    assert walked(target, task(whole(customer_number="C-9"), "C-1"), [said(), said(0)]).end == Applied(
        "replaced", "C-9"
    )


def test_a_renumbering_that_was_cut_short_goes_on() -> None:
    """Where an earlier attempt has already moved the record, it is found under its new number."""
    target = outsmart(on_renumber="replace")
    moved = said([{**RECORD, "debtor_number": "C-9"}])
    walk = walked(target, task(patched(customer_number="C-9"), "C-1"), [said([]), moved, said(), said(0)])
    assert walk.end == Applied("replaced", "C-9")


def test_a_renumbering_that_cannot_delete_says_so() -> None:
    """The second half was refused: the dead letter says that the first is done."""
    walk = walked(
        outsmart(on_renumber="replace"),
        task(whole(customer_number="C-9"), "C-1"),
        [said(), said(None, 1600, "Key not allowed")],
    )
    assert isinstance(walk.end, PermanentError)
    assert (walk.end.reason, walk.end.applied_in_part) == ("rejected", True)


def test_a_delete_names_the_remote_id_and_nothing_else_of_the_event() -> None:
    """The delete is a GET whose parameters are constants but for the journal's number."""
    walk = walked(outsmart(), task(deleted(customer_number="C-9"), "C-1"), [said(1)])
    assert walk.end == Applied("deleted", None)
    (request,) = walk.requests
    assert (request.method, request.url, request.body) == ("GET", f"{BASE}DeleteEntity/", None)
    constants = (("delete_all", "false"), ("entity", "relation"), ("key", "debtor_number"))
    assert request.params == (*TOKENS, *constants, ("value", "C-1"))
    assert walk.steps[0].batch is None


def test_a_delete_of_nothing_is_absent() -> None:
    """0 rows: absent, or not found where the connection wants that; in doubt we deleted it ourselves."""
    assert walked(outsmart(), task(deleted(), "C-1"), [said(0)]).end == Applied("absent")
    strict = outsmart(on_missing_delete="dead_letter")
    assert failure(walked(strict, task(deleted(), "C-1"), [said(0)]), calls=1).reason == "not_found"
    assert walked(strict, task(deleted(), "C-1", in_doubt=True), [said(0)]).end == Applied("deleted")


@pytest.mark.parametrize(
    "given_task", [task(deleted()), task(deleted(customer_number=" ")), task(deleted(), Known("C-1", deleted=True))]
)
def test_a_delete_without_a_number_calls_nothing(given_task: Any) -> None:
    """Nothing names the record, or it is deleted already: absent without a call."""
    assert walked(outsmart(), given_task).end == Applied("absent")
    assert failure(walked(outsmart(on_missing_delete="dead_letter"), given_task)).reason == "not_found"


def test_a_delete_of_several_rows_warns() -> None:
    """More rows than one are told."""
    assert walked(outsmart(), task(deleted(), "C-1"), [said("2")]).end == Applied(
        "deleted", warnings=("2 rows deleted",)
    )


@pytest.mark.parametrize("number", ["", " ", "\t"])
def test_an_empty_value_is_never_deleted_or_looked_for(number: str) -> None:
    """An empty value could mean any record, so no step is built with one."""
    for step in (delete, find):
        with pytest.raises(UnsupportedError):
            step(number)


def test_deactivation_posts_the_record_with_active_0() -> None:
    """With `on_delete = "deactivate"` the record is read and posted with active 0; what is not there is absent."""
    target = outsmart(on_delete="deactivate", update_style="whole_only")
    walk = walked(target, task(deleted(), "C-1"), [row(active=1, remark="x"), said()])
    assert walk.end == Applied("deactivated", "C-1")
    assert walk.bodies[1] == [{**RECORD, "remark": "x", "active": 0}]
    assert walked(target, task(deleted(), "C-1"), [said([])]).end == Applied("absent")


def test_a_link_has_no_place() -> None:
    """A link that was sent here by name is unsupported."""
    link = {"kind": "link", "relation_type": "a:b", "parents": [{"record_id": 1}], "children": [{"record_id": 2}]}
    assert failure(walked(outsmart(), task(event("created", link)))).reason == "unsupported"


# --- contract.md 3.3, answers


def test_the_count_of_an_array_is_checked() -> None:
    """Another number than that of the records splits the array, or is only told."""
    steps = [post({**RECORD, "debtor_number": number}) for number in ("C-1", "C-2")]
    with pytest.raises(RetryableError):
        outsmart().read(steps, said(1))
    stored = outsmart(count_check="ignore").read(steps, said(1))
    assert [one.mismatch for one in stored] == ["count mismatch: 2 sent, 1 reported"] * 2


@pytest.mark.parametrize("reported", [0, None, 2])
def test_the_count_of_one_record_is_looked_at(reported: int | None) -> None:
    """Alone and equal at the vendor: applied with a warning; different or not there: another attempt."""
    walk = walked(outsmart(), task(created()), [said(reported), row(remark="x")])
    told = "no number" if reported is None else reported
    assert walk.end == Applied("created", "C-1", warnings=(f"count mismatch: 1 sent, {told} reported",))
    for shown in (row(name="Zuid"), said([])):
        error = failure(walked(outsmart(), task(created()), [said(reported), shown]), calls=2)
        assert (type(error), error.reason) == (RetryableError, "attempts_exhausted")


def test_the_count_can_be_ignored() -> None:
    """With `count_check = "ignore"` the mismatch is a warning without a look."""
    end = walked(outsmart(count_check="ignore"), task(created()), [said(0)]).end
    assert end == Applied("created", "C-1", warnings=("count mismatch: 1 sent, 0 reported",))


def test_a_free_field_that_was_not_stored_shows() -> None:
    """The look after a count mismatch compares free fields, and numbers as numbers."""
    data = {"free_fields": {"1": "a"}, "discount_percent": 5, "active": True}
    same = row(val_value_1="a", discount_sales="5.0", active=True)
    assert isinstance(walked(outsmart(), task(created(**data)), [said(0), same]).end, Applied)
    other = row(FreeFields={"val_value_1": "b"})
    assert isinstance(walked(outsmart(), task(created(**data)), [said(0), other]).end, RetryableError)


# targets.md 3.6; contract.md 3.3
CODES: list[tuple[int, type[TargetError], str]] = [
    *((code, AddressError, "attempts_exhausted") for code in (1000, 1001, 1006)),
    *((code, UnauthorizedError, "attempts_exhausted") for code in (1002, 1003, 1004, 1005)),
    (1007, RetryableError, "attempts_exhausted"),
    *((code, PermanentError, "unexpected_answer") for code in (1008, 1009, 0, 404, 1302, 3000, 3001)),
    *((code, RetryableError, "rejected") for code in (1300, 1100, 1400, 2900)),
    *((code, RejectedError, "rejected") for code in (1301, 1101, 2901, 1600)),
]


@pytest.mark.parametrize(("code", "kind", "reason"), CODES)
def test_a_code_in_the_body_decides(code: int, kind: type[TargetError], reason: str) -> None:
    """Each code of the vendor's table leads to the verdict of the contract, for one record and for several."""
    for steps in ([post(RECORD)], [post(RECORD), post(RECORD)], [find("C-1")], [delete("C-1")]):
        with pytest.raises(TargetError) as caught:
            outsmart().read(steps, said(None, code, "first words", "more"))
        error = caught.value
        assert (type(error), error.reason, error.code) == (kind, reason, str(code))
        assert isinstance(error, ClosedError) or error.detail == f"OutSmart {code}: first words"
        assert getattr(error, "most", None) == (2 if (kind, reason) == (RetryableError, "rejected") else None)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer(b"<html>", 200), RetryableError),
        (answer(b"", 200), RetryableError),
        (answer([1, 2]), PermanentError),
        (answer({"messages": []}), PermanentError),
        (answer({"code": True}), PermanentError),
        (answer({"code": "200", "response": []}), None),
        (answer(b"", 301), PermanentError),
        (answer(b"no", 400), PermanentError),
        (answer({"code": 1301, "messages": []}, 400), RejectedError),
        (answer({"code": 200, "response": 1}, 400), PermanentError),
        (answer({}, 401), UnauthorizedError),
        (answer({}, 404), AddressError),
        (answer({}, 429), RateLimitedError),
        (answer({}, 503, retry_after="5"), RateLimitedError),
        (answer({"code": 200, "response": 5}), PermanentError),
    ],
)
def test_an_answer_without_a_good_code_is_no_success(response: Response, kind: type[TargetError] | None) -> None:
    """The HTTP status alone is never a success, and a body that cannot be read is tried again."""
    if kind is None:
        assert outsmart().read([find("C-1")], response) == [[]]
        return
    with pytest.raises(TargetError) as caught:
        outsmart().read([find("C-1")], response)
    assert type(caught.value) is kind


def test_a_server_error_is_tried_again() -> None:
    """A 5xx leaves the outcome open, and every step here may be repeated."""
    with pytest.raises(TargetError) as caught:
        outsmart().read([post(RECORD)], answer({"code": 200, "response": 1}, 500))
    assert not isinstance(caught.value, PermanentError | ClosedError)


# --- secrets and hostile data


def test_the_tokens_are_masked_everywhere() -> None:
    """The query is masked as a whole, and words of the vendor that quote a token lose it."""
    target = outsmart()
    request = target.request([find("C-1")], NOW)
    assert request.masked_query
    assert TOKEN not in repr(request) + repr(target.identity()) + repr(target.__dict__)
    assert request.masked(f"{TOKEN} {SOFTWARE}") == "*** ***"
    echo = f"bad {BASE}?token=t0k3n%26entity%3Duser&software_token={SOFTWARE} {TOKEN}"
    with pytest.raises(RejectedError) as caught:
        target.read([post(RECORD)], said(None, 1301, echo))
    assert caught.value.detail == f"OutSmart 1301: bad {BASE}?token=***&software_token=*** ***"


HOSTILE = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=255),
    st.sampled_from(
        [
            "1&delete_all=true",
            "entity",
            "key",
            "C-1&key=name",
            "true",
            "x&token=y",
            "../DeleteEntity",
            "%26key%3Dname",
            "#",
            "?",
        ]
    ),
)


@given(number=HOSTILE, subject=HOSTILE, text=HOSTILE)
def test_no_event_reaches_a_parameter_but_value(number: str, subject: str, text: str) -> None:
    """Whatever an event holds, tokens, entity, key and delete_all stay ours, and it travels only as `value`."""
    data = {"customer_number": number, "remote_id": text[:64], "status": text}
    for options in ({}, {"key_from": "subject"}):
        target = outsmart(**options)
        calls = [
            *walked(target, task(event("deleted", data, subject=subject)), [said(1)], spare=True).requests,
            *walked(
                target, task(event("updated", {**JET, **data}, subject=subject)), [said([]), said()], spare=True
            ).requests,
        ]
        for call in calls:
            wanted = "DeleteEntity/" if "delete_all" in dict(call.params) else "relations/"
            assert call.url == BASE + wanted
            names = [name for name, _ in call.params]
            assert len(names) == len(set(names))
            fixed = {name: value for name, value in call.params if name != "value"}
            assert fixed.items() <= {
                *TOKENS,
                ("delete_all", "false"),
                ("entity", "relation"),
                ("key", "debtor_number"),
                ("operator", "eq"),
                ("includeFreefields", "true"),
            }
            assert dict(call.params).get("value", number) in {number, subject}


@given(
    native=st.dictionaries(
        st.sampled_from(["token", "software_token", "test", "delete_all", "entity", "key", "value", "debtor_number"]),
        st.text(max_size=20),
        min_size=1,
    )
)
def test_no_native_field_is_a_parameter(native: dict[str, str]) -> None:
    """The names of query parameters are no native fields."""
    assert failure(walked(outsmart(), task(created(native={"outsmart": native})))).reason == "unmappable"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["code", "messages", "response", "debtor_number"]) | st.text(max_size=5), inner, max_size=4
        )
    ),
    max_leaves=12,
)
ENVELOPE = st.fixed_dictionaries(
    {"code": st.sampled_from([200, 1007, 1300, 1301, 1600, 9999]) | JSON},
    optional={"messages": JSON | st.just([f"{TOKEN} {SOFTWARE}"]), "response": JSON},
)


def encoded(value: Any) -> bytes:
    """Return the value as JSON; what has no such form stands for a body that is none."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b"{"


BODIES = st.binary(max_size=200) | (JSON | ENVELOPE).map(encoded)


@given(
    status=st.sampled_from([200, 200, 201, 204, 301, 400, 401, 404, 429, 500, 503]),
    body=BODIES,
    steps=st.sampled_from(["post", "posts", "find", "delete"]),
)
def test_reading_never_breaks_and_tells_no_secret(status: int, body: bytes, steps: str) -> None:
    """Arbitrary answers give results or our own errors, and no message holds a token."""
    asked = {"post": [post(RECORD)], "posts": [post(RECORD)] * 3, "find": [find("C-1")], "delete": [delete("C-1")]}[
        steps
    ]
    told = ""
    try:
        assert len(outsmart().read(asked, Response(status, {}, body))) == len(asked)
    except TargetError as error:
        told = str(error)
    assert TOKEN not in told
    assert SOFTWARE not in told


@given(data=JSON)
def test_a_record_of_any_shape_can_be_merged(data: Any) -> None:
    """What the vendor shows may have any shape: the walk ends well or with an error of ours."""
    odd = data if isinstance(data, dict) else {"FreeFields": data, "name": data}
    shown = answer(encoded({"code": 200, "response": [{**RECORD, **odd, "debtor_number": "C-1"}]}))
    walk = walked(outsmart(), task(patched(status="x"), "C-1"), [shown, said(0), shown], spare=True)
    assert isinstance(walk.end, Applied | TargetError)


def test_deep_answers_do_no_harm() -> None:
    """An answer nested to the limit of the reader is judged like any other."""
    deep = b"[" * 900 + b"]" * 900
    shown = Response(
        200,
        {},
        b'{"code": 200, "response": [{"debtor_number": "C-1", "name": %b}, {"debtor_number": %b}]}' % (deep, deep),
    )
    assert isinstance(walked(outsmart(), task(created()), [said(0), shown]).end, RetryableError)


# --- settings and face


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("free_field_key", "val"),
        ("free_fields", {"51": "x"}),
        ("token", "a b\n"),
        ("debtor_types", {"boss": "x"}),
    ],
)
def test_an_option_that_cannot_be_meant_stops_the_start(option: str, value: Any) -> None:
    """Options are checked when they are read, without showing a secret."""
    with pytest.raises(ValidationError) as caught:
        outsmart(**{option: value})
    assert SOFTWARE not in str(caught.value)


def test_the_defaults_are_those_of_the_contract() -> None:
    """Base URL, quota, ceiling and batch as the contract's table gives them."""
    settings = OutSmartSettings(target="outsmart", token="t", software_token="s")
    assert (settings.base_url, [str(one) for one in settings.quotas], settings.in_flight, settings.batch) == (
        BASE,
        ["2/s"],
        1,
        50,
    )
    assert TARGETS["outsmart"].settings is OutSmartSettings


def test_the_target_says_who_it_is() -> None:
    """Identity tells accounts apart without giving a token away; a probe is a read; there is no session."""
    target = TARGETS["outsmart"].target(
        OutSmartSettings.model_validate({"target": "outsmart", "token": TOKEN, "software_token": SOFTWARE})
    )
    host, account = target.identity()
    assert (host, len(account)) == ("www.werkbonapp.nl", 16)
    assert target.identity() != outsmart(token="other").identity()
    assert (target.name, target.kind, target.mapping) == ("outsmart", "party", "outsmart/1")
    assert target.request([target.probe()], NOW).method == "GET"
    assert target.exchange(NOW) is None
    target.forget_session()
    assert not target.keyless(task(created()).data)
