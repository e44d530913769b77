"""Changes an event by JSON Patch, and holds the result against the contract."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import jsonpatch
import orjson

from worker.dead_letters.document import Patch
from worker.dead_letters.errors import PatchError
from worker.errors import InvalidMessageError
from worker.intake.content import Document, content, size
from worker.intake.decode import Decoded, Decoder
from worker.intake.document import parsed
from worker.journal.rows import Received

KEPT = ("id", "source", "subject", "type", "sequence")  # a patch that changed them would make another event
FAILURES = (
    jsonpatch.JsonPatchException,
    jsonpatch.JsonPointerException,
    TypeError,  # an operation lacks a member, or goes into a scalar: the library does not look
    ValueError,
    KeyError,
    RecursionError,  # copies of what holds them grow deeper than anybody can walk
)


@dataclass(frozen=True, slots=True)
class Patched:
    """An event as it came (structured form), as it is to be, and read."""

    before: Document
    after: Document
    decoded: Decoded


@dataclass(frozen=True, slots=True)
class Patcher:
    """Reads and changes events by this installation's settings."""

    decoder: Decoder
    max_bytes: int

    def patched(self, received: Received, patch: Patch, lacking: Sequence[str] = ()) -> Patched:
        """Return the changed event; raises PatchError.

        `lacking`: the attributes that may be supplied although they give an event its identity.
        """
        before = self.document(received)
        after = applied(before, patch, self.max_bytes)
        check_kept(before, after, lacking)
        try:
            return Patched(before, after, self.decoder.read(after, received.subject))
        except InvalidMessageError as error:
            what = "the patch makes no valid event" if patch else "it is no valid event"
            raise PatchError(f"{what}: {error.detail}") from error

    def document(self, received: Received) -> Document:
        """Return the event as it came, in structured form, even if attributes lack."""
        try:
            return content(received, size(received))  # it was within the bound of its day
        except InvalidMessageError:
            return self.object(received)

    def object(self, received: Received) -> Document:
        """Return the JSON object that the body is."""
        try:
            given = parsed(received.body)
        except InvalidMessageError as error:
            raise PatchError(f"{error.detail}; it can only be discarded or exported") from error
        if not isinstance(given, dict):
            raise PatchError("body: is no JSON object; it can only be discarded or exported")
        return given


def applied(document: Document, patch: Patch, most: int) -> Document:
    """Return the document with a patch applied to it; the given one stays as it is.

    It is measured after each operation: a copy can double it, and twenty copies make a gigabyte of a kilobyte.
    What nobody changes is not measured: written anew it takes other bytes than those that intake took.
    """
    if not patch:
        return document
    after: Any = deepcopy(document)
    check_size(after, most)
    for operation in patch:
        after = changed(after, operation, most)
    if not isinstance(after, dict):
        raise PatchError("the patch does not leave an object")
    return after


def changed(document: Any, operation: Mapping[str, Any], most: int) -> Any:
    """Return the document, changed by one operation; raises PatchError."""
    try:
        after = jsonpatch.JsonPatch([operation]).apply(document, in_place=True)
        check_size(after, most)
    except FAILURES:  # what the library says of it quotes the event
        told = f"{operation['op']} {operation['path']}"
        raise PatchError(f"the patch does not apply: {told[:200]}") from None
    return after


def check_size(document: Any, most: int) -> None:
    """Raise where intake would take no such event."""
    if len(orjson.dumps(document)) > most:
        raise PatchError(f"the changed event is larger than {most} bytes")


def check_kept(before: Document, after: Document, lacking: Sequence[str]) -> None:
    """Raise where another event would come of it."""
    for name in KEPT:
        if before.get(name) != after.get(name) and name not in lacking:
            raise PatchError(f"a patch may not change {name}")


def lacking(document: Document, detail: str) -> tuple[str, ...]:
    """Return which identifying attributes of what intake buried are missing, or were refused by this detail."""
    return tuple(name for name in KEPT if document.get(name) is None or detail.startswith(f"{name}:"))


def changes(before: Document, after: Document) -> list[dict[str, Any]]:
    """Return what differs, member by member: path, `before` and `after`; what is not there is no null, but left out."""
    return list(differences({"before": before, "after": after}, ""))


def differences(sides: Mapping[str, Any], path: str) -> Iterator[dict[str, Any]]:
    """Yield what differs of one value between two documents; a side that lacks it is not there."""
    before, after = sides.get("before"), sides.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            members = {side: value[name] for side, value in sides.items() if name in value}
            yield from differences(members, f"{path}/{escaped(name)}")
    elif len(sides) == 1 or written(before) != written(after):
        yield {"path": path, **sides}


def written(value: Any) -> bytes:
    """Return a value so that what JSON tells apart differs, as true and 1 do not in Python."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def escaped(name: str) -> str:
    """Return a member's name as a JSON Pointer writes it."""
    return name.replace("~", "~0").replace("/", "~1")
