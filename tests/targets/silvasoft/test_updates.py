"""How an update finds its relation, and what it does if there is none."""

import pytest

from tests.targets.silvasoft.vendor import NEW_PERSON, SHOWN, patched, person, shown, silvasoft
from tests.targets.walk import answer, failure, task, walked
from worker.errors import RejectedError
from worker.sending.wire import Response
from worker.targets.base import Applied, Known


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


@pytest.mark.parametrize("kind", ["person", "organization"])
def test_a_patch_never_puts_the_mobile_number_over_the_telephone_number(kind: str) -> None:
    """Absent is leave alone: a mobile number stands in only for a telephone number that upstream does not have."""
    alone = patched(kind, mobile="2")
    assert walked(silvasoft(), task(alone, "7")).end == Applied("unchanged", "7", ("mobile",))
    walk = walked(silvasoft(), task(patched(kind, mobile="2", address={"city": "Ede"}), "7"), [shown()])
    assert (walk.end, walk.bodies) == (
        Applied("updated", "7", ("mobile",)),
        [{"RelationGUID": 7, "Address_City": "Ede"}],
    )
    assert failure(walked(silvasoft(unsupported_fields="refuse"), task(alone, "7"))).reason == "unmappable"


def test_a_patch_that_comes_upon_a_relation_stays_a_patch() -> None:
    """What it does not name is left alone, also where it went out as a create at first."""
    given_event = patched(given_name="Jet", family_name="Visser", customer_number="5012", mobile="2")
    walk = walked(
        silvasoft(blank_absent=True, find_by=["number"]), task(given_event), [answer([]), shown(Name="Piet"), shown()]
    )
    assert walk.end == Applied("updated", "120034", ("mobile",))
    assert walk.bodies[2] == {
        "RelationGUID": 120034,
        "CustomerNumber": 5012,
        "Relation_Contact": [{"FirstName": "Jet", "LastName": "Visser"}],
    }


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
