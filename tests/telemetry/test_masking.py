"""Secrets in whatever is said."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.telemetry.masking import MASK, Secrets

SECRET = 'pa/ss"wörd 1'


@pytest.mark.parametrize("text", [SECRET, quote(SECRET, safe=""), json.dumps(SECRET), f"Bearer {SECRET}."])
def test_every_form_of_a_secret(text: str) -> None:
    """A secret is found as it is, in a URL and inside JSON."""
    masked = Secrets([SECRET]).masked(f"before {text} after")

    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert "ss" not in masked


def test_longer_secrets_first() -> None:
    """A secret that holds another leaves nothing of itself behind."""
    assert Secrets(["abcd", "abcdefgh"]).masked("x abcdefgh abcd") == "x *** ***"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("token", "x", MASK),
        ("X-Api-Key", 5, MASK),
        ("Authorization", ["x"], MASK),
        ("private_key", None, None),
        ("body", b"12345", "(5 left out)"),
        ("data", {"a": 1}, "(1 left out)"),
        ("request", 5, MASK),
        ("subject", "body", "body"),
        ("status", 200, 200),
        ("at", ValueError("see abcd"), "see ***"),
    ],
)
def test_names_that_give_a_value_away(key: str, value: Any, expected: Any) -> None:
    """Under the name of a secret nothing is said, under that of a body only its size."""
    assert Secrets(["abcd"]).masked_under(key, value) == expected
    assert Secrets(["abcd"]).masked_table({key: value}) == {key: expected}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5), st.text("ab", min_size=4, max_size=6))
def test_no_secret_survives(table: dict[str, Any], secret: str) -> None:
    """Wherever a secret stands in a table, it does not come out."""
    table |= {"one": f"x{secret}y", "two": [{secret: [secret]}]}

    assert secret not in json.dumps(Secrets([secret]).masked_table(table), ensure_ascii=False).replace(MASK, "")
