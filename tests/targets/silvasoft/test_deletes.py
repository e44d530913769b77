"""What a delete does where the vendor has no such call."""

from typing import Any

import pytest

from tests.targets.silvasoft.vendor import deleted, shown, silvasoft
from tests.targets.walk import Answer, answer, failure, task, walked
from worker.errors import UnsupportedError
from worker.targets.base import Applied, Known


def test_a_delete_is_unsupported() -> None:
    """There is no such call: a dead letter, never a silent success."""
    for known in (None, "7", Known("7", deleted=True)):
        error = failure(walked(silvasoft(), task(deleted(), known)))
        assert (type(error), error.reason) == (UnsupportedError, "unsupported")


@pytest.mark.parametrize(
    ("data", "roles"),
    [
        ({"party_type": "person"}, {}),
        ({"party_type": "organization"}, {"IsSupplier": False}),
        ({}, {"IsSupplier": False}),
    ],
)
def test_deactivation_takes_the_roles_away(data: dict[str, Any], roles: dict[str, bool]) -> None:
    """With `on_delete = "deactivate"` the relation is no customer any more, an organization no supplier either."""
    walk = walked(silvasoft(on_delete="deactivate"), task(deleted(**data, remote_id="9"), "7"), [shown()])
    assert walk.end == Applied("deactivated", "7")
    assert walk.bodies == [{"RelationGUID": 7, "IsCustomer": False, "IsOther": True, **roles}]


def test_deactivation_finds_the_relation() -> None:
    """Without the journal's id the event's id or number leads to it; nothing found is absent, or not found."""
    target = silvasoft(on_delete="deactivate")
    assert walked(target, task(deleted(remote_id="120034")), [shown()]).end == Applied("deactivated", "120034")
    assert walked(target, task(deleted(customer_number="5012")), [shown(), shown()]).end == Applied(
        "deactivated", "120034"
    )
    assert failure(walked(target, task(deleted(remote_id="9")), owned={"9"})).reason == "conflict"
    nowhere: list[tuple[Any, list[Answer]]] = [
        (task(deleted()), []),
        (task(deleted(), Known(deleted=True)), []),
        (task(deleted(customer_number="5012")), [answer([])]),
        (task(deleted(), "7"), [answer({}), answer([])]),
    ]
    for given_task, script in nowhere:
        assert walked(target, given_task, script).end == Applied("absent")
        strict = silvasoft(on_delete="deactivate", on_missing_delete="dead_letter")
        assert failure(walked(strict, given_task, script), calls=len(script)).reason == "not_found"


def test_a_deactivated_relation_is_remembered_when_it_is_deleted_again() -> None:
    """Nothing is called, and its id stays known: a create to come gives its roles back."""
    target = silvasoft(on_delete="deactivate")
    assert walked(target, task(deleted(), Known("7", deleted=True))).end == Applied("absent", "7")
