"""What is wrong with the settings, said so that a person can mend it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from worker.telemetry.terminal import printable, short

BARE = re.compile(r"[A-Za-z0-9_-]{1,64}")
CREDENTIALS = re.compile(r"//[^/\s@]*@")
LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: `key` as in the file, `value` as it may be shown (None: not at all)."""

    key: str
    problem: str
    value: str | None = None
    origin: str | None = None

    def __str__(self) -> str:
        value = "" if self.value is None else f" = {self.value}"
        origin = "" if self.origin is None else f" ({self.origin})"
        return printable(f"{self.key}{value}{origin}: {self.problem}")


class SettingsError(Exception):
    """The settings cannot be used; `findings` has all that is wrong with them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def dotted(path: Iterable[object]) -> str:
    """Return the path as it is written in the file; odd names are quoted."""
    parts = (str(part) for part in path)
    return ".".join(part if BARE.fullmatch(part) else repr(short(part, LONGEST_VALUE)) for part in parts)


def shown(value: Any) -> str | None:
    """Return a scalar as a person may see it, without credentials in it; None for anything else."""
    if isinstance(value, str):
        return repr(short(without_credentials(value), LONGEST_VALUE))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 256:  # noqa: PLR2004 # beyond any setting, and slow to print
        return "a very large integer"
    return str(value) if isinstance(value, int | float) else None


def without_credentials(text: str) -> str:
    return CREDENTIALS.sub("//***@", text)


def said(text: str) -> str:
    """Return somebody else's words on one line, printable, without credentials."""
    return printable(without_credentials(" ".join(text.split())))


def meant(word: object, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` for a near miss, else the list of what there is."""
    names = sorted(known)
    near = get_close_matches(str(word)[:100].lower(), names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there is {', '.join(names)}" if names else ""
