"""Whom a look by number means: customers, and not the suppliers that the vendor lists beside them."""

from typing import Any

import pytest

from tests.targets.silvasoft.vendor import SHOWN, deleted, patched, silvasoft
from tests.targets.walk import answer, failure, task, walked
from worker.targets.base import Applied

SUPPLIER = {"RelationGUID": 9, "Name": "Leverancier BV"}
OTHERS = [
    {**SUPPLIER, "CustomerNumber": None, "SupplierNumber": 5012},
    {**SUPPLIER, "customerNumber": 0, "supplierNumber": "5012"},
    {**SUPPLIER, "CustomerNumber": "x"},
    {**SUPPLIER, "CustomerNumber": 3},
    {**SUPPLIER, "SupplierNumber": 5012},
]
UPDATE, DELETE = patched("organization", customer_number="5012", email="a@b.example"), deleted(customer_number="5012")


@pytest.mark.parametrize("row", OTHERS)
def test_a_supplier_of_the_number_is_left_alone(row: dict[str, Any]) -> None:
    """A hit whose customer number is another one, or none, is not the customer that the event means."""
    assert failure(walked(silvasoft(), task(UPDATE), [answer([row])]), calls=1).reason == "not_found"
    target = silvasoft(on_delete="deactivate")
    assert walked(target, task(DELETE), [answer([row])]).end == Applied("absent")
    walk = walked(target, task(DELETE), [answer([row, SHOWN]), answer([SHOWN])])
    assert (walk.end, walk.bodies[1]["RelationGUID"]) == (Applied("deactivated", "120034"), 120034)


def test_a_hit_that_shows_no_customer_number_is_trusted() -> None:
    """Answers need not show the number by which was asked; then the vendor's word counts."""
    bare = answer([{"RelationGUID": 9, "Name": "Noord", "SupplierNumber": 88}])
    assert walked(silvasoft(), task(UPDATE), [bare, bare]).end == Applied("updated", "9")
