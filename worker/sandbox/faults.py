"""Misbehaviour on demand: rules that say which call, what, how long."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from worker.sandbox.exchange import Asked, Refusal, Vendor
from worker.sandbox.hints import Form

FaultKind = Literal[
    "answer",
    "refuse",
    "delay",
    "hang",
    "reset",
    "close",
    "cut",
    "slow",
    "huge",
    "gzip_bomb",
    "html",
    "redirect",
]
Applied = Literal["no", "first", "late"]
APPLIED_FIRST: frozenset[FaultKind] = frozenset({"cut", "slow", "delay"})


class Fault(BaseModel):
    """One rule; all conditions must hold, and the first rule that fires decides.

    Which call: `path` and `method` are shell patterns, `operation` is the vendor's, `contains` is looked
    for in body and query. Of the calls that match, the first `skip` are left alone, then every `every`-th,
    with `probability` drawn from `seed`, at most `times` of them; from `start` seconds after it was
    installed, for `seconds`, and with `on` and `off` in turns.

    What: see `kind`. `applied` says whether the vendor does its work first, not at all, or `late`: `wait`
    seconds after the call came, whether or not the client is still there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    path: str = "*"
    method: str = "*"
    operation: str = "*"
    contains: str = ""
    skip: int = Field(default=0, ge=0)
    every: int = Field(default=1, ge=1)
    times: int | None = Field(default=None, ge=0)
    probability: float = Field(default=1.0, ge=0, le=1)
    seed: int = 0
    start: float = Field(default=0.0, ge=0)
    seconds: float | None = Field(default=None, ge=0)
    on: float | None = Field(default=None, gt=0)
    off: float = Field(default=0.0, ge=0)

    applied: Applied | None = None
    status: int = Field(default=503, ge=100, le=599)
    headers: dict[str, str] = {}
    body: str = ""
    content_type: str = "application/json"
    hint: Form = "none"
    wait: float = Field(default=1.0, ge=0)
    jitter: float = Field(default=0.0, ge=0)
    rate: float = Field(default=1.0, gt=0, description="bytes a second of a slow body")
    size: int = Field(default=100_000_000, ge=1, description="bytes of a huge body, of a bomb when unpacked")
    location: str = "http://10.0.0.1/"
    code: int = Field(default=1, description="the vendor's own error code of a refusal")
    message: str = "refused on demand"

    @property
    def when_applied(self) -> Applied:
        return self.applied or ("first" if self.kind in APPLIED_FIRST else "no")

    @property
    def refusal(self) -> Refusal:
        return Refusal(self.contains, self.code, self.message)


@dataclass(slots=True)  # not frozen: it counts
class Rule:
    """A fault that is installed, and how often it met its call."""

    number: int
    fault: Fault
    installed: float
    draw: random.Random = field(repr=False)
    matched: int = 0
    fired: int = 0

    def fires(self, asked: Asked, vendor: Vendor) -> bool:
        """Say whether this call is to be spoilt, and count it."""
        if not self._is_on(asked.moment) or not self._matches(asked, vendor):
            return False
        self.matched += 1
        fires = self._is_turn() and self.draw.random() < self.fault.probability
        self.fired += fires
        return fires

    def _is_on(self, now: float) -> bool:
        fault, age = self.fault, now - self.installed - self.fault.start
        if age < 0 or (fault.seconds is not None and age >= fault.seconds):
            return False
        return fault.on is None or age % (fault.on + fault.off) < fault.on

    def _matches(self, asked: Asked, vendor: Vendor) -> bool:
        fault = self.fault
        return (
            fnmatchcase(asked.path, fault.path)
            and fnmatchcase(asked.method, fault.method)
            and (not fault.contains or holds(asked, fault.contains))
            and (fault.operation == "*" or fault.operation in vendor.operations(asked))
        )

    def _is_turn(self) -> bool:
        fault = self.fault
        spent = fault.times is not None and self.fired >= fault.times
        turn = self.matched - fault.skip
        return not spent and turn > 0 and (turn - 1) % fault.every == 0

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "matched": self.matched,
            "fired": self.fired,
            "fault": self.fault.model_dump(exclude_defaults=True),
        }


class Faults:
    """The rules in force, in the order in which they came."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._rules)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def install(self, fault: Fault, now: float) -> Rule:
        self._number += 1
        draw = random.Random(fault.seed)  # noqa: S311 -- chance on demand, and the same again from the same seed
        rule = Rule(self._number, fault, now, draw)
        self._rules.append(rule)
        return rule

    def remove(self, number: int) -> bool:
        """Take one rule back; say whether it was there."""
        kept = [rule for rule in self._rules if rule.number != number]
        removed = len(kept) < len(self._rules)
        self._rules = kept
        return removed

    def clear(self) -> None:
        self._rules.clear()

    def pick(self, asked: Asked, vendor: Vendor) -> Fault | None:
        """Return what this call suffers, if anything."""
        return next((rule.fault for rule in self._rules if rule.fires(asked, vendor)), None)


def holds(asked: Asked, text: str) -> bool:
    return text.encode() in asked.body or any(text in value for value in asked.query.values())
