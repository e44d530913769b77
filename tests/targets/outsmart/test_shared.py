"""What a patch does to fields of OutSmart that several fields of ours share: never more than it names."""

from typing import Any

import pytest

from tests.targets.outsmart.vendor import ADDRESS, JET, RECORD, event, outsmart, patched, row, said
from tests.targets.walk import failure, task, walked
from worker.targets.base import Applied

NAMES = {"given_name": "Jet", "family_name": "Vos"}
TYPES = {"debtor_types": {"customer": "Klant", "supplier": "Lev."}}
COUNTRIES = {"country_format": "name", "country_names": {"NL": "Nederland", "BE": "België"}}


def person(**data: Any) -> dict[str, Any]:
    return event("updated", {"party_type": "person", **data})


def place(**data: Any) -> dict[str, Any]:
    return patched(address=data)


OVERWRITTEN = [
    (person(**NAMES), {}, {"name": "Jet Visser", "contact": "Jet Visser"}, {"name": "Jet Vos", "contact": "Jet Vos"}),
    (
        person(**NAMES, honorific_prefix="Mw."),
        {},
        {"name": "Jet Visser", "contact": "Mej. Jet Visser"},
        {"name": "Jet Vos", "contact": "Mw. Jet Vos"},
    ),
    (
        person(family_name="Vos", given_name=None, honorific_prefix="Mw."),
        {},
        {"name": "Visser", "contact": "Mw. Visser"},
        {"name": "Vos", "contact": "Mw. Vos"},
    ),
    (
        person(**NAMES, name=None, contacts=None),
        {},
        {"name": "Dr. J. Visser", "contact": "Piet Klaassen"},
        {"name": "Jet Vos", "contact": "Jet Vos"},
    ),
    (patched(roles=["supplier"]), TYPES, {"debtor_type": "Klant"}, {"debtor_type": "Lev."}),
    (patched(roles=["supplier"]), TYPES, {"debtor_type": ""}, {"debtor_type": "Lev."}),
    (patched(category=None), TYPES, {"debtor_type": "VIP"}, {"debtor_type": ""}),
    (place(country_code="BE"), COUNTRIES, {"country": "Nederland"}, {"country": "België"}),
    (place(country_code=None), COUNTRIES, {"country": "Nederland"}, {"country": ""}),
    (place(country_code=None), COUNTRIES, {"country": "DE"}, {"country": ""}),
    (place(country_code=None, country_name=None), COUNTRIES, {"country": "Holland"}, {"country": ""}),
    (patched(address={"country_code": None}), {}, {"country": "NL"}, {"country": ""}),
]


@pytest.mark.parametrize(("given_event", "options", "held", "expected"), OVERWRITTEN)
def test_a_patch_changes_what_stands_in_for_a_value_that_is_not_there(
    given_event: dict[str, Any], options: dict[str, Any], held: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Where the read shows what another field of ours has filled, or the event says that the own value is gone."""
    walk = walked(outsmart(**options), task(given_event, "C-1"), [row(**held), said()])
    assert walk.end == Applied("updated", "C-1")
    assert walk.bodies[1] == [{**RECORD, **held, **expected}]


KEPT = [
    (person(**NAMES), {}, {"name": "Dr. J. Visser (praktijk)", "contact": "Piet Klaassen"}, [*NAMES]),
    (person(**NAMES), {}, {"name": "J. Visser", "contact": "Jet Visser"}, [*NAMES]),
    (person(**NAMES, honorific_prefix="Mw."), {}, {"name": "Jet Visser"}, [*NAMES, "honorific_prefix"]),
    (
        person(family_name="Vos", given_name=None),
        {},
        {"name": "Visser", "contact": "Piet Visser"},
        ["given_name", "family_name"],
    ),
    (patched(roles=["supplier"]), TYPES, {"debtor_type": "VIP"}, ["roles"]),
    (patched(roles=["supplier"]), TYPES, {}, ["roles"]),
    (place(country_name=None), COUNTRIES, {"country": "Nederland"}, ["address.country_name"]),
    (place(country_code=None), COUNTRIES, {"country": "Holland"}, ["address.country_code"]),
]


@pytest.mark.parametrize(("given_event", "options", "held", "paths"), KEPT)
def test_a_patch_leaves_a_value_that_it_does_not_name(
    given_event: dict[str, Any], options: dict[str, Any], held: dict[str, Any], paths: list[str]
) -> None:
    """Absent is leave alone: what would only stand in for it is dropped by name, and nothing is posted."""
    walk = walked(outsmart(**options), task(given_event, "C-1"), [row(**held)])
    assert isinstance(walk.end, Applied), walk.end
    assert (walk.end.effect, walk.end.remote_id, sorted(walk.end.dropped)) == ("unchanged", "C-1", sorted(paths))
    refusing = outsmart(**options, unsupported_fields="refuse")
    assert failure(walked(refusing, task(given_event, "C-1"), [row(**held)]), calls=1).reason == "unmappable"


def test_a_patch_says_the_rest_beside_what_it_leaves() -> None:
    """One field that is left alone does not keep the others from being posted."""
    held = {"name": "Dr. J. Visser", "contact": "Piet Klaassen"}
    walk = walked(outsmart(), task(person(**NAMES, note="x"), "C-1"), [row(**held), said()])
    assert isinstance(walk.end, Applied)
    assert (walk.end.effect, sorted(walk.end.dropped)) == ("updated", sorted(NAMES))
    assert walk.bodies[1] == [{**RECORD, **held, "remark": "x"}]


def test_a_patch_that_goes_out_unread_says_only_what_is_sure() -> None:
    """With `update_style = "send"` nothing is known of the record, so that nothing stands in for anything."""
    target = outsmart(update_style="send", **TYPES)
    given_event = person(**NAMES, name="J. Vos", roles=["customer"], address=ADDRESS)
    walk = walked(target, task(given_event, "C-1"), [said()])
    assert isinstance(walk.end, Applied)
    assert sorted(walk.end.dropped) == ["family_name", "given_name", "roles"]
    assert walk.bodies == [[{**RECORD, "name": "J. Vos"}]]


def test_a_patch_by_which_a_record_is_found_is_unchanged_under_its_number() -> None:
    """A relation that only the vendor knows is known afterwards, also where nothing was left to post."""
    given_event = person(**NAMES, customer_number="C-1")
    walk = walked(outsmart(), task(given_event), [row(name="J. Visser", contact="Piet Klaassen")])
    assert isinstance(walk.end, Applied)
    assert (walk.end.effect, walk.end.remote_id) == ("unchanged", "C-1")


def test_whole_records_and_new_ones_use_what_stands_in() -> None:
    """There is no other value upstream: a complete update says it unread, a patch that makes the record too."""
    whole = event("updated", {**JET, "complete": True, "roles": ["customer"]})
    walk = walked(outsmart(**TYPES), task(whole, "C-2"), [said()])
    expected = {**RECORD, "debtor_number": "C-2", "name": "Jet Visser", "contact": "Jet Visser", "debtor_type": "Klant"}
    assert walk.bodies == [[expected]]
    walk = walked(outsmart(**TYPES), task(event("updated", {**JET, "roles": ["customer"]})), [said([]), said()])
    assert (walk.end, walk.bodies[1]) == (Applied("created", "C-2"), [expected])
