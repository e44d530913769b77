import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.delivery.order import earlier, is_stale, latest
from worker.journal.rows import RelationState


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("9", "10", True),
        ("10", "9", False),
        ("007", "7", False),
        ("0", "00", False),
        ("9" * 60, "1" + "0" * 60, True),
        ("a", "b", True),
        ("B", "a", True),
        ("9", "a", None),
        (None, "1", None),
        ("1", None, None),
        ("٣", "4", None),
    ],
)
def test_sequences_compare_as_the_contract_says(one: str | None, other: str | None, expected: bool | None) -> None:
    """Digits compare as integers of any size, words by code point, and one of each not at all."""
    assert expected is earlier(one, other)


@given(st.integers(min_value=0, max_value=10**40), st.integers(min_value=0, max_value=10**40), st.integers(0, 5))
def test_digits_compare_like_integers(one: int, other: int, zeros: int) -> None:
    """Whatever the padding, sequences of digits order as the numbers that they write."""
    assert (one < other) is earlier("0" * zeros + str(one), str(other))


def applied(position: int, sequence: str | None) -> RelationState:
    return RelationState("a", "/crm", "s", "77", deleted=False, position=position, sequence=sequence)


@pytest.mark.parametrize(
    ("sequence", "position", "state", "expected"),
    [
        ("4", 9, applied(5, "5"), True),
        ("6", 3, applied(5, "5"), False),
        ("5", 9, applied(5, "5"), False),
        (None, 3, applied(5, "5"), True),
        (None, 9, applied(5, "5"), False),
        ("x", 3, applied(5, "5"), True),
        ("4", 9, None, False),
    ],
)
def test_staleness_goes_by_sequence_then_position(
    sequence: str | None, position: int, state: RelationState | None, expected: bool
) -> None:
    """Sequence decides where both have a comparable one, else the place in broker order."""
    assert expected is is_stale(sequence, position, state)


@pytest.mark.parametrize(
    ("sequences", "expected"),
    [
        ([], None),
        ([None, "3", None], "3"),
        (["5", "3"], "5"),
        (["3", "10"], "10"),
        (["5", "05"], "05"),
        (["5", "a"], "a"),
    ],
)
def test_latest_is_what_nothing_comes_after(sequences: list[str | None], expected: str | None) -> None:
    """What was applied does not go back by an older event that was forced."""
    assert expected == latest(sequences)
