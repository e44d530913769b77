"""Hostile text on its way to a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.telemetry.terminal import PLAIN, printable, short


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Müller & Søn 漢", "Müller & Søn 漢"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("\x9b\x7f\0", "\\x9b\\x7f\\x00"),
        ("line\nend\r", "line\\nend\\r"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_could_steer_a_terminal_is_spelled_out(text: str, expected: str) -> None:
    """Letters of any script stay, everything that does not print is spelled."""
    assert printable(text) == expected


@given(st.text(st.characters()))
def test_always_printable_and_encodable(text: str) -> None:
    """Whatever comes in, what goes out prints, in UTF-8, and may keep line ends and tabs."""
    assert printable(text).isprintable()
    assert printable(text).encode() or not text
    assert set(printable(text, keep=PLAIN)) - PLAIN <= set(printable(text))


def test_short() -> None:
    """A cut is seen as one."""
    assert (short("abcdef", 6), short("abcdefg", 6)) == ("abcdef", "abcde…")
