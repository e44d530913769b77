"""Whatever is sent to the console: it is checked and taken, or refused as a problem."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from worker.console.body import (
    PLURALS,
    Body,
    Discarding,
    Pausing,
    Planning,
    Reason_,
    Undoing,
    checked,
    selection,
    whole,
)
from worker.console.problem import ProblemError

MODELS: list[type[Body]] = [Discarding, Undoing, Planning, Pausing, Reason_]
NAMES = sorted({name for model in MODELS for name in model.model_fields})
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["2/s", "1e9h", "0/s", "9" * 400, "10min", "2026-01-01", "9999-12-31T23:59:59-23:59", "\0"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["op", "path", "select", "ids", "x"]), inner)
    ),
    max_leaves=8,
)
QUERIES = st.lists(
    st.tuples(st.sampled_from([*PLURALS, "since", "until", "x"]), st.text(max_size=30) | SCALARS.map(str)), max_size=6
)


@given(st.sampled_from(MODELS), st.dictionaries(st.sampled_from([*NAMES, "y"]), VALUES, max_size=5) | VALUES)
def test_any_body(model: type[Body], given_body: Any) -> None:
    """A body becomes what was meant, or a problem that names the field."""
    with suppress(ProblemError):
        made = checked(model, given_body)
        if isinstance(made, Planning):
            made.terms()
        if isinstance(made, Discarding | Undoing | Planning):
            made.select.filter()


@given(QUERIES)
def test_any_query(pairs: list[tuple[str, str]]) -> None:
    """A query becomes a selection, or a problem."""
    with suppress(ProblemError):
        selection(MultiDict(pairs)).filter()


@given(st.text(max_size=30) | st.integers().map(str))
def test_any_number(text: str) -> None:
    """A number is within its bounds, or a problem."""
    with suppress(ProblemError):
        assert 1 <= whole(MultiDict({"limit": text}), "limit", 50, 1000) <= 1000


@pytest.mark.parametrize("text", ["0", "-1", "1001", "٣", "1e3", " 5"])
def test_numbers_that_are_none(text: str) -> None:
    """What is no plain number within bounds is refused."""
    with pytest.raises(ProblemError):
        whole(MultiDict({"limit": text}), "limit", 50, 1000)
