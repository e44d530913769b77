"""What a created event does, whatever is already there."""

from typing import Any

import pytest

from tests.targets.outsmart.vendor import RECORD, created, outsmart, posted, row, said
from tests.targets.walk import task, walked
from worker.targets.base import Applied, Known
from worker.targets.outsmart.calls import delete, find, post


def test_a_created_event_for_a_live_relation_is_a_complete_update() -> None:
    """The journal knows the relation: the whole record is posted under its number, effect updated."""
    walk = walked(outsmart(), task(created(customer_number="c-1"), "C-1"), [said()])
    assert walk.end == Applied("updated", "C-1")
    assert walk.bodies == [[RECORD]]


def test_a_created_event_after_a_deletion_is_a_new_create() -> None:
    """What the journal knows as deleted is made anew."""
    assert walked(outsmart(), task(created(), Known("C-1", deleted=True)), [said()]).end == Applied("created", "C-1")


@pytest.mark.parametrize(
    ("data", "known", "active"),
    [
        ({}, Known("C-1", deleted=True), {"active": 1}),
        ({}, Known("c-1", deleted=True), {"active": 1}),
        ({"active": False}, Known("C-1", deleted=True), {"active": 0}),
        ({"native": {"outsmart": {"active": 0}}}, Known("C-1", deleted=True), {"active": 0}),
        ({}, Known("C-8", deleted=True), {}),
        ({}, Known(deleted=True), {}),
        ({}, Known("C-1"), {}),
    ],
)
def test_what_was_deactivated_is_made_anew_as_active(
    data: dict[str, Any], known: Known, active: dict[str, int]
) -> None:
    """A record that our own delete only deactivated becomes active again, unless the event says otherwise."""
    assert posted(outsmart(on_delete="deactivate"), created(**data), known) == {**RECORD, **active}


def test_what_was_deactivated_does_not_exist_already() -> None:
    """A look that finds the deactivated record, and nothing else different, is no reason to leave it so."""
    target = outsmart(on_delete="deactivate", look_before_create="always")
    walk = walked(target, task(created(), Known("C-1", deleted=True)), [row(active=0), said()])
    assert (walk.end, walk.bodies[1]) == (Applied("updated", "C-1"), [{**RECORD, "active": 1}])


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
