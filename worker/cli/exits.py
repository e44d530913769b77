"""How a command ends, for the shell that called it.

0    done
1    failed: something was not done, the line on standard error says what
2    the command line or the settings are wrong; nothing was done
3    nothing found under that name
4    the broker or the journal cannot be reached
5    the input is no good; nothing of it was used
130  interrupted
"""

from enum import IntEnum
from typing import NoReturn


class Exit(IntEnum):
    """The exit codes, in one place."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOTHING = 3
    UNREACHABLE = 4
    REFUSED = 5
    INTERRUPTED = 130


SUMMARY = (
    "Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 nothing found, "
    "4 broker or journal out of reach, 5 input refused, 130 interrupted."
)


class Problem(Exception):  # noqa: N818 -- not an error of ours: what a person is told instead of a traceback
    """Why a command ends early: one line, and what to do about it."""

    def __init__(self, text: str, exit_code: Exit = Exit.FAILED, *, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.exit_code = exit_code
        self.hint = hint


def nothing(what: str, name: str, known: list[str] | None = None) -> NoReturn:
    """End the command because there is no such thing; `known` feeds a "did you mean"."""
    from worker.configuration.findings import meant, shown

    raise Problem(f"there is no {what} {shown(name)}{meant(name, known or ())}", Exit.NOTHING)
