"""The worked examples of contract.md 6.4."""

from datetime import UTC, datetime

import orjson

from tests.targets.silvasoft.vendor import BASE, HEADERS, SHOWN, at, refused, silvasoft
from tests.targets.walk import answer, failure, task, walked
from worker.errors import RateLimitedError, RejectedError
from worker.targets.base import Applied
from worker.targets.silvasoft.reading import JITTER


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
