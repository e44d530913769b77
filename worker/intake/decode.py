"""From bytes to an event that is known to be right; never a guess."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Literal

import orjson
from pydantic import ValidationError

from schemas.cloudevent import CONTRACT, CONTRACTS, KNOWN, OPERATIONS, Attributes, Event, event_model
from schemas.dead_letter import Reason
from schemas.problem import detail
from worker.brokers.base import Message
from worker.errors import InvalidMessageError
from worker.intake.content import Document, check_json, content, size
from worker.intake.document import malformed
from worker.intake.legible import legible
from worker.intake.trace import is_parent, is_state
from worker.journal.rows import Received
from worker.value import value

Extra = Literal["forbid", "ignore"]

WHOLE = KNOWN | {"data"}
TRACE = ("traceparent", "tracestate")
TYPES: Mapping[str, str] = {f"relation.{word}{version}": word for word in OPERATIONS for version in ("", ".v1")}
# By kind and word; what `model_validate` asks, without its look at arguments that nobody gives.
READERS: Mapping[tuple[str, str], Callable[..., Event]] = {
    (kind, word): event_model(kind, operation).__pydantic_validator__.validate_python
    for kind in ("link", "party")
    for word, operation in OPERATIONS.items()
}


@value
class Decoded:
    """An event, what tells it from another of the same id, and the attributes that were ignored as broken."""

    event: Event
    digest: bytes
    ignored: tuple[str, ...] = ()


class Decoder:
    """Reads messages by this installation's settings; `type_prefix` is what producers put before `relation.`."""

    def __init__(
        self,
        *,
        max_event_bytes: int = 1_048_576,
        unknown_fields: Literal["refuse", "ignore"] = "refuse",
        type_prefix: str = "",
    ) -> None:
        self._max_bytes = max_event_bytes
        self._extra: Extra = "forbid" if unknown_fields == "refuse" else "ignore"
        self._prefix = f"{type_prefix.removesuffix('.')}." if type_prefix else ""

    def decode(self, message: Message | Received) -> Decoded:
        """Return the event; raises InvalidMessageError by the first check of contract.md 1.4 that fails."""
        return self.read(content(message, self._max_bytes), message.subject)

    def again(self, received: Message | Received) -> Event:
        """Return the event of a message that was taken: the model reads it, what is no value of it stays checked.

        By what it was let in then, whatever the settings let in now.
        """
        given, _ = without_broken_trace(without_nulls(content(received, size(received))))
        try:
            event = self.event(given, whatever_prefix(given.get("type")), "ignore")
        except ValidationError:
            event = None
        return event or self.decode(received).event  # or it says what is wrong now

    def attributes(self, message: Message | Received) -> dict[str, str]:
        """Return what can be read of a message's attributes, whatever else is wrong with it."""
        return legible(message, self._max_bytes)

    def read(self, document: Document, published_to: str) -> Decoded:
        """Return the event of a document in structured form, as `content` or a patch has made it."""
        given, ignored = without_broken_trace(without_nulls(document))
        data = given.get("data")
        word = self.word(given.get("type"))
        try:
            event = self.event(given, word, self._extra)
        except ValidationError as error:
            check(checked(given), data, word, published_to)
            raise refused(error, "invalid_data") from None
        check(event or checked(given), data, word, published_to)
        if not event:
            raise InvalidMessageError(wrong_kind(data), reason="invalid_data")
        return Decoded(event, digest(event, data), ignored)

    def word(self, given: Any) -> str:
        """Return what happened to the relation, nothing where the type is not known."""
        return TYPES.get(given.removeprefix(self._prefix), "") if isinstance(given, str) else ""

    def event(self, given: Document, word: str, extra: Extra) -> Event | None:
        """Return the event, None where type and kind tell no model for it; raises ValidationError."""
        data = given.get("data")
        kind = data.get("kind") if isinstance(data, dict) else None
        reader = READERS.get((kind, word)) if isinstance(kind, str) else None
        return reader(arranged(given), extra=extra) if reader else None


def whatever_prefix(given: Any) -> str:
    """Return what happened to the relation, whatever producers put before `relation.`."""
    return TYPES.get(given[given.rfind("relation.") :], "") if isinstance(given, str) else ""


def wrong_kind(data: Any) -> str:
    """Return what is wrong with data that no model could be chosen for."""
    return "data.kind: must be 'link' or 'party'" if isinstance(data, dict) else "data: must be an object"


def without_nulls(document: Document) -> Document:
    """Return what the document says; null says nothing."""
    if None not in document.values():
        return document
    return {name: value for name, value in document.items() if value is not None}


def without_broken_trace(given: Document) -> tuple[Document, tuple[str, ...]]:
    """Return the document, and the names of the trace attributes that it cannot be continued by and lacks now."""
    broken = broken_trace(given) if "traceparent" in given or "tracestate" in given else ()
    if not broken:
        return given, ()
    return {name: value for name, value in given.items() if name not in broken}, broken


def broken_trace(given: Document) -> tuple[str, ...]:
    """Return which of the trace attributes cannot be continued."""
    if not is_parent(given.get("traceparent")):
        return tuple(name for name in TRACE if name in given)
    return ("tracestate",) if "tracestate" in given and not is_state(given["tracestate"]) else ()


def arranged(given: Document) -> Document:
    """Return the document, attributes that the contract does not know apart."""
    if given.keys() <= WHOLE:
        return given
    known = {name: value for name, value in given.items() if name in WHOLE}
    return known | {"extensions": {name: value for name, value in given.items() if name not in WHOLE}}


def checked(given: Document) -> Attributes:
    """Return the attributes alone; raises `malformed`."""
    try:
        return Attributes.model_validate({name: value for name, value in arranged(given).items() if name != "data"})
    except ValidationError as error:
        raise refused(error, "malformed") from None


def check(attributes: Attributes, data: Any, word: str, published_to: str) -> None:
    """Raise by the first thing that is wrong beside the data, in the order of contract.md 1.4."""
    if "specversion" not in attributes.model_fields_set:
        raise malformed("specversion: is required")
    check_json(attributes.datacontenttype)
    if data is None:
        raise without_data(attributes)
    check_subject(word, published_to)
    check_contract(word, attributes.dataschema)


def without_data(attributes: Attributes) -> InvalidMessageError:
    """Return the error for an event that says nothing itself; what it points at is never fetched."""
    referred = "dataref" in attributes.extensions
    return malformed("data: is required, dataref is not fetched" if referred else "data: is required")


def check_subject(word: str, published_to: str) -> None:
    """Raise where the message's subject, which rights of producers hang on, says another operation."""
    tokens = published_to.split(".", 2)
    if word and len(tokens) > 1 and tokens[1] != word:
        raise malformed(f"type: is relation.{word}, but the message was published to another subject")


def check_contract(word: str, schema: str | None) -> None:
    """Raise where the type, or the version of the contract, is none that this worker knows."""
    if not word:
        raise InvalidMessageError(f"type: must be one of {', '.join(TYPES)}", reason="unknown_type")
    if schema is not None and schema.startswith(CONTRACTS) and schema != CONTRACT:
        raise InvalidMessageError(f"dataschema: only {CONTRACT} is known here", reason="unknown_type")


def refused(error: ValidationError, reason: Reason) -> InvalidMessageError:
    """Return the error of ours for values that break a model."""
    return InvalidMessageError(detail(error), reason=reason)


def digest(attributes: Attributes, data: Any) -> bytes:
    """Return what tells this event from another of the same id: SHA-256 of canonical JSON (design.md 4)."""
    said = [attributes.type, attributes.subject, attributes.sequence, data]
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()
