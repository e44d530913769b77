"""What follows when OutSmart reports another count than was sent."""

import pytest

from tests.targets.outsmart.vendor import RECORD, created, outsmart, row, said
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
