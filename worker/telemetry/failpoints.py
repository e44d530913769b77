"""Named points at which a test makes the worker die, fail or freeze."""

import os
import re
import signal
from dataclasses import dataclass
from typing import Literal, get_args

VARIABLE = "RELATION_WORKER_FAILPOINTS"  # "before-commit-take=kill, after-publish=raise@3"

Mode = Literal["kill", "raise", "freeze"]
_POINT = re.compile(r"(?P<name>[a-z-]+)=(?P<mode>[a-z]+)(?:@(?P<hit>[1-9][0-9]*))?")


class FailpointError(Exception):
    """A test wanted a failure here."""


@dataclass(slots=True)
class _Armed:
    """What happens at a point, at its nth hit."""

    mode: Mode
    left: int


_armed: dict[str, _Armed] = {}


def failpoint(name: str) -> None:
    """Do what a test wants to happen here; nothing in a worker outside of tests."""
    if _armed:
        _hit(name)


def armed() -> bool:
    """Say whether any point is armed, where building its name costs."""
    return bool(_armed)


def arm(wanted: str | None) -> None:
    """Arm points as `VARIABLE` names them, instead of those before; raises ValueError."""
    _armed.clear()
    for text in (wanted or "").split(","):
        if text.strip():
            name, point = _read(text.strip())
            _armed[name] = point


def _read(text: str) -> tuple[str, _Armed]:
    found = _POINT.fullmatch(text)
    mode = next((mode for mode in get_args(Mode) if found and mode == found["mode"]), None)
    if found is None or mode is None:
        raise ValueError(f"{text!r} is no failpoint: write it like before-commit-take=kill@2")
    return found["name"], _Armed(mode, int(found["hit"] or 1))


def _hit(name: str) -> None:
    point = _armed.get(name)
    if point is None or point.left == 0:
        return
    point.left -= 1
    if point.left:
        return
    if point.mode == "raise":
        raise FailpointError(name)
    # Frozen is stopped by the system, as a worker is whose machine hangs; whoever froze it continues it.
    os.kill(os.getpid(), signal.SIGKILL if point.mode == "kill" else signal.SIGSTOP)
