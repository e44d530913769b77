"""What an update reads, merges and posts, and when it creates."""

from typing import Any

import pytest

from tests.targets.outsmart.vendor import (
    ADDRESS,
    NOORD,
    RECORD,
    created,
    event,
    outsmart,
    patched,
    posted,
    row,
    said,
    whole,
)
from tests.targets.walk import Answer, failure, task, walked
from worker.errors import RejectedError
from worker.sending.wire import Response
from worker.targets.base import Applied, Known
from worker.targets.outsmart.target import OutSmart


def merged(target: OutSmart, given: dict[str, Any], **shown: Any) -> dict[str, Any]:
    """Return the record that is posted after a read that showed these fields."""
    walk = walked(target, task(given, "C-1"), [row(**shown), said()])
    assert walk.end == Applied("updated", "C-1")
    (record,) = walk.bodies[1]
    assert isinstance(record, dict)
    return record


def test_a_complete_update_needs_no_read() -> None:
    """A whole record is posted at once; what it lacks is not sent, null clears."""
    walk = walked(outsmart(), task(whole(email=None), "C-1"), [said()])
    assert walk.end == Applied("updated", "C-1")
    assert walk.bodies == [[{**RECORD, "email": ""}]]
    assert walked(outsmart(), task(whole()), [said()]).end == Applied("created", "C-1")


def test_blank_absent_clears_what_a_whole_record_lacks() -> None:
    """With `blank_absent` absent fields go out empty, but not what is needed, the vendor's own times and switches."""
    record = posted(outsmart(blank_absent=True), whole(email="a@b.example"), "C-1")
    assert record["email"] == "a@b.example"
    assert record["phone_number"] == record["contact"] == record["house_number"] == record["country"] == ""
    assert record["latitude"] is None
    assert not {"active", "marketing_opt_out", "created_at", "modified_by", "FreeFields"} & record.keys()
    assert posted(outsmart(blank_absent=True), created()) == RECORD


def test_blank_absent_leaves_what_is_named() -> None:
    """A named contact and the vendor type that follows from a role are not blanked."""
    target = outsmart(blank_absent=True, debtor_types={"customer": "Klant"})
    record = posted(target, whole(contacts=[{"family_name": "Bos"}], roles=["customer"]), "C-1")
    assert (record["contact"], record["debtor_type"]) == ("Bos", "Klant")


def test_the_merge_keeps_what_was_read_and_clears_what_is_null() -> None:
    """Empty values and the vendor's own times are not said back, strange fields neither; null clears."""
    record = merged(
        outsmart(),
        patched(email=None, address={"latitude": None, "longitude": 6.5}, native={"outsmart": {"pgp_code": None}}),
        row_id=5,
        email="a@b.example",
        mobile="",
        remark=None,
        active=1,
        discount_sales=0,
        created_at="2020-01-01 00:00:00",
        created_by="7",
        latitude=52.1,
        pgp_code="z",
        status=["odd"],
        FreeFields=[],
    )
    assert record == {
        **RECORD,
        "email": "",
        "latitude": None,
        "longitude": 6.5,
        "active": 1,
        "discount_sales": 0,
        "pgp_code": "",
    }


def test_free_fields_are_merged_key_by_key() -> None:
    """Free fields read inside an object or beside the record are kept, changed and cleared by number."""
    target = outsmart(free_fields={"2": "Contract"})
    record = merged(
        target,
        patched(free_fields={"3": None, "4": "new"}),
        FreeFields={"val_value_3": "x", "Contract": "c", "odd": 1},
        val_value_5="beside",
        val_value_2="stale",
    )
    assert record["FreeFields"] == {
        "Contract": "c",
        "val_value_3": "",
        "val_value_4": "new",
        "val_value_5": "beside",
        "odd": 1,
    }


def test_a_patch_of_which_nothing_is_left_calls_nothing() -> None:
    """An update that names only the key, or fields without a place, is unchanged without a call."""
    assert walked(outsmart(), task(patched(customer_number="c-1"), "C-1")).end == Applied("unchanged", "C-1")
    assert walked(outsmart(), task(patched(group="Vip"), "C-1")).end == Applied("unchanged", "C-1", ("group",))


@pytest.mark.parametrize("data", [{"address": None}, {"name": None}, {"address": {"city": None}}, {"name": " "}])
def test_what_every_call_needs_cannot_be_cleared(data: dict[str, Any]) -> None:
    """Clearing a required field is unmappable before any call."""
    assert failure(walked(outsmart(), task(patched(**data), "C-1"))).reason == "unmappable"


def test_a_record_that_lacks_a_required_field_at_the_vendor_is_refused() -> None:
    """The merged record is checked, too: a blank city at the vendor is unmappable."""
    assert failure(walked(outsmart(), task(patched(status="x"), "C-1"), [row(city="")]), calls=1).reason == "unmappable"


def test_update_style_send_reads_only_when_a_required_field_lacks() -> None:
    """With `send` a sufficient patch goes out alone; otherwise the required fields are read, and no more."""
    target = outsmart(update_style="send")
    walk = walked(target, task(patched(name="N", address=ADDRESS, status="x"), "C-1"), [said()])
    assert (walk.end, walk.bodies) == (Applied("updated", "C-1"), [[{**RECORD, "name": "N", "status": "x"}]])
    walk = walked(target, task(patched(status="x"), "C-1"), [row(remark="kept there"), said()])
    assert (walk.end, walk.bodies[1]) == (Applied("updated", "C-1"), [{**RECORD, "status": "x"}])


def test_update_style_whole_only_refuses_patches() -> None:
    """With `whole_only` a patch is unsupported, a complete update is not."""
    target = outsmart(update_style="whole_only")
    assert failure(walked(target, task(patched(status="x"), "C-1"))).reason == "unsupported"
    assert isinstance(walked(target, task(whole(), "C-1"), [said()]).end, Applied)


@pytest.mark.parametrize("nothing", [said([]), said(None), said("")])
def test_an_update_of_what_is_not_there_creates_it_when_the_event_is_enough(nothing: Response) -> None:
    """`on_missing = "create"` makes the record; nulls of the patch are not sent then."""
    data = {**NOORD, "email": None, "status": "x"}
    walk = walked(outsmart(), task(event("updated", data)), [nothing, said()])
    assert (walk.end, walk.bodies[1]) == (Applied("created", "C-1"), [{**RECORD, "status": "x"}])


def test_an_update_of_what_is_not_there_names_what_a_create_lacks() -> None:
    """Otherwise it is not found, and the detail names the fields."""
    error = failure(walked(outsmart(), task(patched(status="x", name="N"), "C-1"), [said([])]), calls=1)
    assert (type(error), error.reason) == (RejectedError, "not_found")
    assert all(name in error.detail for name in ("address.street", "address.postal_code", "address.city"))
    assert "customer_number" not in error.detail
    assert "customer_number" in failure(walked(outsmart(), task(patched(status="x")))).detail


@pytest.mark.parametrize(
    ("given_event", "script"), [(patched(status="x", customer_number="C-1"), [said([])]), (whole(), [said([])])]
)
def test_on_missing_dead_letter_never_creates(given_event: dict[str, Any], script: list[Answer]) -> None:
    """With `on_missing = "dead_letter"` also a complete update looks before it would create."""
    assert failure(walked(outsmart(on_missing="dead_letter"), task(given_event), script), calls=1).reason == "not_found"


def test_on_missing_dead_letter_updates_what_is_there() -> None:
    """A complete update for a relation that only the vendor knows is posted after the look."""
    walk = walked(outsmart(on_missing="dead_letter"), task(whole()), [row(), said()])
    assert walk.end == Applied("updated", "C-1")


def test_an_update_never_brings_back_what_was_deleted() -> None:
    """The journal knows the relation as deleted: not found, without a call."""
    for given_event in (patched(status="x", customer_number="C-1"), whole()):
        assert failure(walked(outsmart(), task(given_event, Known("C-1", deleted=True)))).reason == "not_found"
