"""What a plan says: which letters, changed how, at what rate, and why."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from worker.dead_letters.errors import DeadLetterError
from worker.journal.letters import Filter
from worker.sending.quota import Quota

VERSION = 1
CANARY = 3  # letters that go first
CANARY_MOST = 10_000
OPERATIONS_MOST = 100
PATH = re.compile(r"(/[^/]*)*")

Patch = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a person wants letters replayed.

    `patch` is a JSON Patch over the whole event in structured form. `force`: also what newer state makes
    obsolete, and what was replayed too often. `share`: part of the quota that is taken from live traffic.
    """

    why: str
    patch: Patch = ()
    force: bool = False
    share: float = 0.0
    rate: Quota | None = None
    canary: int = CANARY

    def __post_init__(self) -> None:
        if not self.why.strip():
            raise DeadLetterError("a plan needs a reason")
        if not 0.0 <= self.share < 1.0:
            raise DeadLetterError("the share must be at least 0 and less than 1")
        if not 0 <= self.canary <= CANARY_MOST:
            raise DeadLetterError(f"the canary must be between 0 and {CANARY_MOST}")
        check_operations(self.patch)

    def as_json(self) -> dict[str, Any]:
        """Return it as the journal keeps it and as programs are told of it."""
        return {
            "why": self.why,
            "patch": list(self.patch),
            "force": self.force,
            "share": self.share,
            "rate": str(self.rate) if self.rate else None,
            "canary": self.canary,
        }


@dataclass(frozen=True, slots=True)
class Document:
    """The terms with what they were held against; `along`: letters that wait for others, never patched."""

    terms: Terms
    select: Mapping[str, Any] = field(default_factory=dict)
    along: frozenset[str] = frozenset()

    def patch_of(self, letter: str) -> Patch:
        """Return how one letter is changed."""
        return () if letter in self.along else self.terms.patch


def check_operations(patch: Patch) -> None:
    """Raise where this is no list of JSON Patch operations (RFC 6902)."""
    if len(patch) > OPERATIONS_MOST:
        raise DeadLetterError(f"a patch has at most {OPERATIONS_MOST} operations")
    for number, each in enumerate(patch, 1):
        if not isinstance(each, Mapping) or not isinstance(each.get("op"), str):
            raise DeadLetterError(f"operation {number} of the patch is no object with op and path")
        path = each.get("path")
        if not isinstance(path, str) or not PATH.fullmatch(path):
            raise DeadLetterError(f"operation {number} of the patch has no path like /data/email")


def patch_of(raw: bytes | str) -> Patch:
    """Return the JSON Patch that a text is."""
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise DeadLetterError(f"the patch is not JSON, at character {error.pos + 1}") from None
    if not isinstance(given, list):
        raise DeadLetterError("a patch is an array of operations")
    patch = tuple(given)
    check_operations(patch)
    return patch


def dumped(document: Document) -> bytes:
    """Return the document as the journal keeps it."""
    return orjson.dumps(
        {
            "version": VERSION,
            **document.terms.as_json(),
            "select": dict(document.select),
            "along": sorted(document.along),
        }
    )


def loaded(raw: bytes) -> Document:
    """Return what `dumped` was given; raises DeadLetterError for a plan of another version."""
    told = orjson.loads(raw)
    if told.get("version") != VERSION:
        raise DeadLetterError("a plan was made by another version of the worker")
    terms = Terms(
        why=told["why"],
        patch=tuple(told["patch"]),
        force=told["force"],
        share=told["share"],
        rate=Quota.parse(told["rate"]) if told["rate"] else None,
        canary=min(told["canary"], CANARY_MOST),  # it had no bound once
    )
    return Document(terms, told["select"], frozenset(told["along"]))


def selection(wanted: Filter) -> dict[str, Any]:
    """Return what a filter chooses by, as JSON; what is empty is left out."""
    told = {name: value for name, value in asdict(wanted).items() if value and name != "state"}
    return {name: value.isoformat() if isinstance(value, datetime) else list(value) for name, value in told.items()}


def is_boundless(wanted: Filter) -> bool:
    """Say whether a filter chooses everything there is."""
    return not selection(wanted)


def opened(wanted: Filter) -> Filter:
    """Return the filter for open letters: no other can be replayed or discarded."""
    return replace(wanted, state="open")
