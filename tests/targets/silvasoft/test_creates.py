"""What a create does when it comes upon an existing relation."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.targets.silvasoft.vendor import (
    ADDRESS,
    at,
    organization,
    patched,
    person,
    refused,
    shown,
    silvasoft,
    unnumbered,
)
from tests.targets.walk import Walk, answer, failure, task, walked
from worker.targets.base import Applied, Known


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
        "IsCustomer": True,
        "CustomerNumber": 5012,
        "Relation_Contact": [{"FirstName": "Jet", "LastName": "Visser", "Email": "a@b.example"}],
    }
    kept = walked(silvasoft(existing_same_number="keep"), task(person()), [shown(**fields)]).end
    assert isinstance(kept, Applied)
    assert (kept.effect, kept.remote_id, len(kept.warnings)) == ("existed", "120034", 1)
    buried = failure(walked(silvasoft(existing_same_number="dead_letter"), task(person()), [shown(**fields)]), calls=1)
    assert buried.reason == "conflict"


def roles(walk: Walk) -> dict[str, Any]:
    """Return what the PUT that follows on a create says of roles."""
    assert walk.end == Applied("updated", "120034"), walk.end
    return {wire: said for wire, said in walk.bodies[1].items() if wire.startswith("Is")}


@pytest.mark.parametrize(
    ("given_event", "options", "expected"),
    [
        (person(), {}, {"IsCustomer": True}),
        (person(roles=["other"]), {}, {"IsCustomer": False, "IsSupplier": False, "IsOther": True}),
        (person(native={"silvasoft": {"IsCustomer": False}}), {}, {"IsCustomer": False}),
        (person(), {"default_roles": ["supplier", "other"]}, {"IsOther": True}),
        (organization(), {"default_roles": ["supplier", "other"]}, {"IsSupplier": True, "IsOther": True}),
    ],
)
def test_a_relation_that_is_met_gets_the_default_roles(
    given_event: dict[str, Any], options: dict[str, Any], expected: dict[str, bool]
) -> None:
    """A create that names no roles gives the default ones; those that the relation has besides stay."""
    met = shown(CustomerNumber=int(given_event["data"]["customer_number"]), Email="x@b.example", Name="Piet")
    assert roles(walked(silvasoft(**options), task(given_event), [met, shown()])) == expected


OFF = Known("120034", deleted=True)


@pytest.mark.parametrize("given_event", [person(), unnumbered()])
@pytest.mark.parametrize("fields", [{"IsCustomer": False, "IsOther": True}, {}])
def test_what_was_deactivated_gets_its_roles_back(given_event: dict[str, Any], fields: dict[str, Any]) -> None:
    """A relation from which our own delete took the roles is changed even where the answer does not show them."""
    target = silvasoft(on_delete="deactivate")
    walk = walked(target, task(given_event, OFF), [shown(**fields), shown()])
    assert roles(walk) == {"IsCustomer": True, "IsOther": False}
    same = walked(silvasoft(default_roles=["other"]), task(given_event, OFF), [shown(**fields)])
    assert same.end == Applied("created", "120034")


def test_keeping_what_was_deactivated_says_so() -> None:
    """With `existing_same_number = "keep"` or `"dead_letter"` it stays off, and that is told."""
    kept = walked(silvasoft(existing_same_number="keep"), task(person(), OFF), [shown()]).end
    assert isinstance(kept, Applied)
    assert (kept.effect, kept.warnings) == (
        "existed",
        ("customer 5012 is there already and differs in IsCustomer, IsOther",),
    )
    buried = failure(walked(silvasoft(existing_same_number="dead_letter"), task(person(), OFF), [shown()]), calls=1)
    assert buried.reason == "conflict"


def test_another_relation_than_the_deactivated_one_keeps_its_other_role() -> None:
    """Only what we switched ourselves is switched back."""
    walk = walked(silvasoft(), task(person(), Known("9", deleted=True)), [shown(Name="Piet"), shown()])
    assert roles(walk) == {"IsCustomer": True}
    assert walked(silvasoft(), task(person(), Known("9", deleted=True)), [shown()]).end == Applied("created", "120034")


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


def test_look_before_create_always_looks_first() -> None:
    """Found and equal exists already; found and different is updated; somebody else is a conflict."""
    target = silvasoft(look_before_create="always")
    assert walked(target, task(person()), [shown()]).end == Applied("existed", "120034")
    assert walked(target, task(person()), [shown(Name="Piet"), shown()]).end == Applied("updated", "120034")
    assert walked(target, task(person()), [answer([]), shown()]).end == Applied("created", "120034")
    assert walked(target, task(unnumbered()), [shown()]).end == Applied("created", "120034")
