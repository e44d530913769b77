"""A CloudEvent about one relation: its attributes and their limits."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    WithJsonSchema,
    create_model,
)

from schemas.model import broken
from schemas.relation import MODELS, Link, Operation, Party, data_model
from schemas.value import CONTROL, LINE, URI, Moment

CONTRACT = "urn:relation-worker:relation:1"
CONTRACTS = "urn:relation-worker:relation:"

OPERATIONS: Mapping[str, Operation] = {"created": "create", "updated": "update", "deleted": "delete"}

NAMES_MAX = 32
TARGET_CHARACTERS = 4096
NAMES_RULE = f"must be text of at most {TARGET_CHARACTERS} characters, names with commas between"
EXTENSIONS_MAX = 32
EXTENSION_CHARACTERS = 1024
EXTENSION_NAME = re.compile(r"[a-z0-9]{1,64}", re.ASCII)
INT32 = range(-(2**31), 2**31)


def names(given: Any) -> Any:
    """Return the names of a comma-separated list, blanks trimmed, each once."""
    if isinstance(given, str):
        return listed(given)
    if isinstance(given, tuple):
        return given
    raise broken(NAMES_RULE)


@lru_cache(256)
def listed(given: str) -> tuple[str, ...]:
    """Return the names in a text; producers name the same few connections again and again."""
    if len(given) > TARGET_CHARACTERS or CONTROL.search(given):
        raise broken(NAMES_RULE)
    found = tuple(dict.fromkeys(name for part in given.split(",") if (name := part.strip())))
    if not found:
        raise broken("must name a connection")
    if len(found) > NAMES_MAX:
        raise broken(f"must name at most {NAMES_MAX} connections")
    return found


def extensions(given: Any) -> Any:
    """Return the attributes that the contract does not know, if CloudEvents allows them."""
    if not isinstance(given, dict):
        raise broken("must be an object")
    if len(given) > EXTENSIONS_MAX:
        raise broken(f"at most {EXTENSIONS_MAX} attributes beyond the contract's")
    for name, value in given.items():
        if not EXTENSION_NAME.fullmatch(name):
            raise broken("an attribute's name must be 1 to 64 lower-case letters and digits")
        if not is_attribute_value(value):
            raise broken("must be true, false, a 32-bit whole number or text of at most 1024 characters", name)
    return given


def is_attribute_value(value: Any) -> bool:
    """Say whether it is a Boolean, Integer or String of CloudEvents, within our limit."""
    if isinstance(value, str):
        return len(value) <= EXTENSION_CHARACTERS and not CONTROL.search(value)
    return isinstance(value, bool) or (isinstance(value, int) and value in INT32)


def string(most: int, pattern: str = LINE) -> Any:
    """Return the limits of a String attribute; CloudEvents allows it no control characters."""
    return Field(strict=True, min_length=1, max_length=most, pattern=pattern)


Short = Annotated[str, string(255)]
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(names),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": TARGET_CHARACTERS}),
]
Extensions = Annotated[Mapping[str, bool | int | str], BeforeValidator(extensions)]


class Attributes(BaseModel):
    """All of a CloudEvent but its data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    specversion: Literal["1.0"] = Field(default="1.0", description="Version of CloudEvents. Source: CloudEvents 1.0.")
    id: Short = Field(
        description="With `source` the event's identity; the pair seen again is a duplicate. 1 to 255 "
        "characters. Source: CloudEvents 1.0."
    )
    source: Annotated[str, string(255, URI)] = Field(
        description="Who emits, as a URI-reference: 1 to 255 characters; part of every key. Source: CloudEvents 1.0."
    )
    type: Short = Field(
        description="What happened: relation.created, relation.updated or relation.deleted, each also with "
        "the suffix .v1. Source: CloudEvents 1.0, contract 1.1."
    )
    subject: Short = Field(
        description="The relation's key upstream, within its source: 1 to 255 characters. Source: CloudEvents 1.0."
    )
    time: Moment = Field(
        description="When it happened: RFC 3339 with offset; shown, never used to order. Source: CloudEvents 1.0."
    )
    datacontenttype: Short | None = Field(
        default=None,
        description="Media type of the data: application/json or any +json, in UTF-8; absent means JSON. "
        "Source: CloudEvents 1.0.",
    )
    dataschema: Annotated[str, string(1024, URI)] | None = Field(
        default=None,
        description="Schema of the data, as a URI of 1 to 1024 characters; urn:relation-worker:relation:1 "
        "or absent is this contract, a foreign one is kept. Source: CloudEvents 1.0.",
    )
    sequence: Annotated[str, string(64)] | None = Field(
        default=None,
        description="Order within source and subject: 1 to 64 characters; two of digits compare as "
        "numbers, two others by code point. Source: CloudEvents extension sequence.",
    )
    sequencetype: Short | None = Field(
        default=None,
        description="What the sequence is (Integer, or an own word): 1 to 255 characters; kept. Source: "
        "CloudEvents extension sequence.",
    )
    expirytime: Moment | None = Field(
        default=None,
        description="When the event is worth nothing any more: RFC 3339 with offset. Source: CloudEvents "
        "extension expirytime.",
    )
    correlationid: Short | None = Field(
        default=None,
        description="Groups events of one story: 1 to 255 characters; copied to every result. Source: "
        "CloudEvents extension correlation.",
    )
    causationid: Short | None = Field(
        default=None,
        description="The event that caused this one: 1 to 255 characters; kept. Source: CloudEvents "
        "extension correlation.",
    )
    traceparent: Short | None = Field(
        default=None,
        description="Trace that this event belongs to, as W3C Trace Context writes it. Source: CloudEvents "
        "extension distributed tracing.",
    )
    tracestate: Annotated[str, string(512)] | None = Field(
        default=None,
        description="Vendors' additions to the trace: 1 to 512 characters. Source: CloudEvents extension "
        "distributed tracing.",
    )
    target: Names | None = Field(
        default=None,
        description="Names of the connections to bring it to, comma-separated, at most 32; absent: routing "
        "decides. Source: contract 1.1.",
    )
    extensions: Extensions = Field(
        default_factory=dict,
        description="Attributes that this contract does not know: at most 32, true, false, 32-bit whole "
        "number or text to 1024 characters; handed on to results. Source: CloudEvents 1.0.",
    )


class Event(Attributes):
    """One event, checked."""

    data: InstanceOf[Link] | InstanceOf[Party] = Field(
        description="The relation as it was created, what changed, or what was deleted. Source: contract 2."
    )

    @property
    def operation(self) -> Operation:
        """What is to be done."""
        return OPERATIONS[self.type.removesuffix(".v1").rpartition(".")[2]]

    @property
    def kind(self) -> Literal["link", "party"]:
        """Which kind of relation it is about."""
        return self.data.kind


def _event_model(kind: str, operation: Operation) -> type[Event]:
    data = data_model(kind, operation)
    return create_model(f"{data.__name__}Event", __base__=Event, data=(data, Field()))


EVENTS: Mapping[tuple[str, Operation], type[Event]] = {
    (kind, operation): _event_model(kind, operation) for kind, operation in MODELS
}


def event_model(kind: str, operation: Operation) -> type[Event]:
    """Return the model of a whole event; raises KeyError for a kind that there is not."""
    return EVENTS[kind, operation]


KNOWN = frozenset(Attributes.model_fields) - {"extensions"}
