"""What a delete takes away or switches off, and what it never does."""

from typing import Any

import pytest

from tests.targets.outsmart.vendor import BASE, RECORD, TOKENS, deleted, outsmart, row, said
from tests.targets.walk import failure, task, walked
from worker.errors import UnsupportedError
from worker.targets.base import Applied, Known
from worker.targets.outsmart.calls import delete, find


def test_a_delete_names_the_remote_id_and_nothing_else_of_the_event() -> None:
    """The delete is a GET whose parameters are constants but for the journal's number."""
    walk = walked(outsmart(), task(deleted(customer_number="C-9"), "C-1"), [said(1)])
    assert walk.end == Applied("deleted", None)
    (request,) = walk.requests
    assert (request.method, request.url, request.body) == ("GET", f"{BASE}DeleteEntity/", None)
    constants = (("delete_all", "false"), ("entity", "relation"), ("key", "debtor_number"))
    assert request.params == (*TOKENS, *constants, ("value", "C-1"))
    assert walk.steps[0].batch is None


def test_a_delete_takes_a_number_over() -> None:
    """Where the connection wants that, the relation that had the number must not believe in it any more."""
    walk = walked(outsmart(on_taken="take_over"), task(deleted(customer_number="C-9")), [said(1)], owned={"C-9"})
    assert walk.end == Applied("deleted", "C-9", take_over=True)


def test_a_delete_of_nothing_is_absent() -> None:
    """0 rows: absent, or not found where the connection wants that; in doubt we deleted it ourselves."""
    assert walked(outsmart(), task(deleted(), "C-1"), [said(0)]).end == Applied("absent")
    strict = outsmart(on_missing_delete="dead_letter")
    assert failure(walked(strict, task(deleted(), "C-1"), [said(0)]), calls=1).reason == "not_found"
    assert walked(strict, task(deleted(), "C-1", in_doubt=True), [said(0)]).end == Applied("deleted")


@pytest.mark.parametrize(
    "given_task", [task(deleted()), task(deleted(customer_number=" ")), task(deleted(), Known(deleted=True))]
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


def test_a_deactivated_record_is_remembered_when_it_is_deleted_again() -> None:
    """Nothing is called, and its number stays known: a create to come makes it active again."""
    known = Known("C-1", deleted=True)
    assert walked(outsmart(on_delete="deactivate"), task(deleted(), known)).end == Applied("absent", "C-1")
