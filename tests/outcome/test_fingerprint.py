import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.outcome.fingerprint import fingerprint, masked


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("record 417 is unknown", "record 9 is unknown"),
        ('field "name" is too long', 'field "street" is too long'),
        ("at 2026-03-02T09:15:04Z it failed", "at 2027-01-01T00:00:00.5+01:00 it failed"),
        ("id 0199c1f2-5d10-7c3a-9f0e-3c1d5a7b9e01 twice", "id 5d1c6f0e-53a5-5b0c-9a53-2f6f1b8c9d10 twice"),
        ("customer C-1001 is blocked", "customer C-77 is blocked"),
    ],
)
def test_what_differs_from_event_to_event_is_masked(one: str, other: str) -> None:
    """Numbers, ids, times and quoted parts do not make two causes of one."""
    assert masked(one) == masked(other)


def test_other_words_are_another_cause() -> None:
    """Messages that say something else have another fingerprint."""
    one = fingerprint("outsmart", "create", "rejected", 200, "1300", "insert failed")

    assert one != fingerprint("outsmart", "create", "rejected", 200, "1300", "street missing")
    assert one != fingerprint("outsmart", "update", "rejected", 200, "1300", "insert failed")


@given(st.integers(), st.integers())
def test_numbers_never_matter(one: int, other: int) -> None:
    """Any two numbers in the same place give the same fingerprint."""
    told = [fingerprint("x", "create", "rejected", 400, None, f"record {abs(n)} lacks") for n in (one, other)]

    assert told[0] == told[1]
    assert len(told[0]) == 16
