"""The promises of values."""

from dataclasses import replace

import pytest

from worker.value import value


@value
class Point:
    """A value to try."""

    x: int
    y: int = 0


def test_values_are_equal_by_what_they_hold() -> None:
    """Two values of the same fields are equal, and one in a set."""
    assert Point(1) == Point(1, 0)
    assert Point(1) != Point(2)
    assert len({Point(1), Point(1), Point(2)}) == 2


def test_other_value_is_made_by_replacing() -> None:
    """A changed value is another one; the first stays as it was."""
    first = Point(1, 2)

    assert replace(first, y=3) == Point(1, 3)
    assert first == Point(1, 2)


def test_value_holds_its_fields_only() -> None:
    """A name that is no field cannot be set: there is no dictionary."""
    with pytest.raises(AttributeError):
        setattr(Point(1), "z", 3)  # noqa: B010 -- mypy would not let it be written down
