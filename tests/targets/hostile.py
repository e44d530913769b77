"""What a vendor, or whoever stands in for it, might answer."""

from typing import Any

import orjson
from hypothesis import strategies as st


def json_values(*names: str, most: int) -> st.SearchStrategy[Any]:
    """Return JSON of any shape whose objects often have these names, and at most so many of them."""
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(names) | st.text(max_size=5), inner, max_size=most)
        ),
        max_leaves=12,
    )


def encoded(value: Any) -> bytes:
    """Return the value as JSON; what has no such form stands for a body that is none."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b"{"
