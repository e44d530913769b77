"""What follows when OutSmart reports another count than was sent."""

from typing import Any

import pytest

from tests.targets.outsmart.vendor import ADDRESS, RECORD, created, outsmart, row, said
from tests.targets.walk import failure, task, walked
from worker.errors import RetryableError
from worker.targets.base import Applied
from worker.targets.outsmart.calls import post


def test_the_count_of_an_array_is_checked() -> None:
    """Another number than that of the records splits the array, or is only told."""
    steps = [post({**RECORD, "debtor_number": number}) for number in ("C-1", "C-2")]
    with pytest.raises(RetryableError):
        outsmart().read(steps, said(1))
    stored = outsmart(count_check="ignore").read(steps, said(1))
    assert [one.mismatch for one in stored] == ["count mismatch: 2 sent, 1 reported"] * 2


@pytest.mark.parametrize("reported", [0, None, 2])
def test_the_count_of_one_record_is_looked_at(reported: int | None) -> None:
    """Alone and equal at the vendor: applied with a warning; different or not there: another attempt."""
    walk = walked(outsmart(), task(created()), [said(reported), row(remark="x")])
    told = "no number" if reported is None else reported
    assert walk.end == Applied("created", "C-1", warnings=(f"count mismatch: 1 sent, {told} reported",))
    for shown in (row(name="Zuid"), said([])):
        error = failure(walked(outsmart(), task(created()), [said(reported), shown]), calls=2)
        assert (type(error), error.reason) == (RetryableError, "attempts_exhausted")


def test_the_count_can_be_ignored() -> None:
    """With `count_check = "ignore"` the mismatch is a warning without a look."""
    end = walked(outsmart(count_check="ignore"), task(created()), [said(0)]).end
    assert end == Applied("created", "C-1", warnings=("count mismatch: 1 sent, 0 reported",))


def test_a_free_field_that_was_not_stored_shows() -> None:
    """The look after a count mismatch compares free fields, and numbers as numbers."""
    data = {"free_fields": {"1": "a"}, "discount_percent": 5, "active": True}
    same = row(val_value_1="a", discount_sales="5.0", active=True)
    assert isinstance(walked(outsmart(), task(created(**data)), [said(0), same]).end, Applied)
    other = row(FreeFields={"val_value_1": "b"})
    assert isinstance(walked(outsmart(), task(created(**data)), [said(0), other]).end, RetryableError)


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"telephone": "+31501234567"}, {"phone_number": "31501234567"}),
        ({"telephone": "0501234567"}, {"phone_number": "501234567"}),
        ({"external_id": "9007199254740993"}, {"external_id": "9007199254740992"}),
        ({"external_id": "1e3"}, {"external_id": "1000"}),
        ({"native": {"outsmart": {"lead_score": 9007199254740993}}}, {"lead_score": 9007199254740992}),
        ({"free_fields": {"1": "007"}}, {"val_value_1": "7"}),
        ({"free_fields": {"1": 7}}, {"val_value_1": "8"}),
    ],
)
def test_what_is_no_number_is_compared_as_text(data: dict[str, Any], fields: dict[str, Any]) -> None:
    """Texts of digits that differ are different: nothing was stored, and a look before a create writes."""
    assert isinstance(walked(outsmart(), task(created(**data)), [said(0), row(**fields)]).end, RetryableError)
    target = outsmart(look_before_create="always")
    assert walked(target, task(created(**data)), [row(**fields), said()]).end == Applied("updated", "C-1")


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"lead": {"value": "12.50", "score": 3}}, {"lead_value": 12.5, "lead_score": "3.0"}),
        ({"address": {**ADDRESS, "latitude": 53.5}}, {"latitude": "53.500000"}),
        ({"marketing_opt_out": True}, {"marketing_opt_out": "1.0"}),
        ({"address": {**ADDRESS, "house_number": "7"}}, {"house_number": 7}),
        (
            {"free_fields": {"1": 7, "2": True, "3": "x"}},
            {"val_value_1": "7.0", "val_value_2": "1", "val_value_3": "x"},
        ),
    ],
)
def test_a_number_is_itself_however_it_is_spelt(data: dict[str, Any], fields: dict[str, Any]) -> None:
    """The vendor's answers do not always keep the type of a number, or its last zeros."""
    target = outsmart(look_before_create="always")
    assert walked(target, task(created(**data)), [row(**fields)]).end == Applied("existed", "C-1")
