"""Whose record a debtor number is, and how it changes."""

from typing import Any

import pytest

from tests.targets.outsmart.vendor import RECORD, created, deleted, outsmart, patched, row, said, whole
from tests.targets.walk import failure, task, walked
from worker.errors import PermanentError, UnsupportedError
from worker.targets.base import Applied


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


@pytest.mark.parametrize(
    "given_event", [whole(customer_number="C-9", name="N"), created(customer_number="C-9", name="N")]
)
def test_renumbering_a_whole_record_keeps_what_it_does_not_name(given_event: dict[str, Any]) -> None:
    """What only the old record holds goes to the new one, for the old one is deleted; named fields win."""
    target = outsmart(on_renumber="replace")
    old = row(remark="x", active=0, FreeFields={"val_value_3": "A"})
    walk = walked(target, task(given_event, "C-1"), [old, said(), said(1)])
    kept = {"remark": "x", "active": 0, "FreeFields": {"val_value_3": "A"}}
    assert walk.end == Applied("replaced", "C-9")
    assert walk.bodies[1] == [{**RECORD, "debtor_number": "C-9", "name": "N", **kept}]


def test_renumbering_with_blank_absent_clears_what_a_whole_record_lacks() -> None:
    """The event is the whole record there, so that only what knows no blank is kept of the old one."""
    target = outsmart(on_renumber="replace", blank_absent=True)
    walk = walked(target, task(whole(customer_number="C-9"), "C-1"), [row(remark="x", active=0), said(), said(1)])
    assert (walk.bodies[1][0]["remark"], walk.bodies[1][0]["active"]) == ("", 0)


def test_renumbering_what_is_not_there_is_up_to_on_missing() -> None:
    """A whole record is made under its new number, or the event is not found; nothing is posted then."""
    given_task = task(whole(customer_number="C-9"), "C-1")
    nowhere = [said([]), said([])]
    walk = walked(outsmart(on_renumber="replace"), given_task, [*nowhere, said(), said(0)])
    assert (walk.end, walk.bodies[2]) == (Applied("replaced", "C-9"), [{**RECORD, "debtor_number": "C-9"}])
    strict = outsmart(on_renumber="replace", on_missing="dead_letter")
    assert failure(walked(strict, given_task, nowhere), calls=2).reason == "not_found"


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
        [row(), said(), said(None, 1600, "Key not allowed")],
    )
    assert isinstance(walk.end, PermanentError)
    assert (walk.end.reason, walk.end.applied_in_part) == ("rejected", True)
