"""What has no place at OutSmart, or does not fit into its own."""

from typing import Any

import pytest

from tests.targets.outsmart.vendor import ADDRESS, JET, NOORD, created, event, outsmart, patched, row, said
from tests.targets.walk import failure, task, walked
from worker.errors import UnsupportedError
from worker.targets.base import Applied
from worker.targets.outsmart.field import NATIVE

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
