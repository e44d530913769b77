"""The worked examples of contract.md 6.3."""

import orjson
import pytest

from tests.targets.outsmart.vendor import BASE, EXAMPLE, TOKENS, outsmart, said
from tests.targets.walk import NOW, failure, first_step, task, walked
from worker.errors import RetryableError
from worker.targets.base import Applied

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
