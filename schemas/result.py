"""What is told when a delivery has ended well, or was overtaken."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.identifier import identifier
from schemas.rules import Operation
from schemas.value import Moment

RESULT = "urn:relation-worker:result:1"

Outcome = Literal["applied", "superseded", "dead_lettered"]
Effect = Literal["created", "updated", "replaced", "deleted", "deactivated", "existed", "absent", "unchanged"]
Why = Literal["merged", "cancelled", "stale"]

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


def result_id(source: str, event_id: str, connection: str, outcome: str, replay_number: int) -> str:
    """Return the id of a delivery's result, the same for a repeat of it (contract.md 4.2)."""
    return identifier(source, event_id, connection, outcome, replay_number)


def intake_result_id(letter_id: str, replay_number: int) -> str:
    """Return the id of an intake letter's event, the same for a repeat of it (contract.md 4.2)."""
    return identifier(letter_id, replay_number)


def is_none(value: Any) -> bool:
    """Say whether a field that may lack does lack."""
    return value is None


class Told(BaseModel):
    """A value of ours that others read; fields may be added within a version."""

    model_config = ConfigDict(frozen=True)


class About(Told):
    """The input event, as far as it could be read."""

    id: str | None = Field(description="The event's id.")
    source: str | None = Field(description="Who emitted it.")
    type: str | None = Field(description="What it said had happened.")
    subject: str | None = Field(description="The relation's key upstream.")
    time: str | None = Field(description="When it happened, as the event says; RFC 3339 where it could be read.")
    sequence: str | None = Field(
        default=None, exclude_if=is_none, description="Its order within source and subject, if it had one."
    )


class Timings(Told):
    """When it came, when it ended, and how long it took."""

    received_at: Moment = Field(description="When the worker got the message; RFC 3339, UTC.")
    settled_at: Moment = Field(description="When the outcome was journalled; RFC 3339, UTC.")
    waited_seconds: Seconds = Field(description="Seconds in lane, gate, pauses and back-off.")
    sent_seconds: Seconds = Field(description="Seconds inside calls.")


class Replay(Told):
    """That a person had it sent again."""

    plan: str = Field(description="Id of the replay plan.")
    number: Count = Field(description="Which replay of this event it was, from 1.")


class Worker(Told):
    """Who did it."""

    version: str = Field(description="Version of the worker.")
    mapping: str = Field(description="Version of the target's mapping (silvasoft/1).")


class Supersession(Told):
    """Why there was no call for this event."""

    why: Why = Field(
        description="merged: a later event carried it; cancelled: created and deleted before any call; "
        "stale: newer data had been applied."
    )
    by: str | None = Field(description="Id of the event that carries it or overtook it, if known.")
    by_sequence: str | None = Field(
        default=None, exclude_if=is_none, description="The sequence of that event, if it had one."
    )


class Ended(Told):
    """What is told of every outcome."""

    connection: str | None = Field(description="The connection; null in intake letters.")
    target: str | None = Field(
        description="The kind of system: onoffice, superoffice, outsmart, silvasoft; null in intake letters."
    )
    operation: Operation | None = Field(
        description="What was to be done; a create carried by an update says create. null: could not be read."
    )
    remote_id: str | None = Field(description="The target's id after this event; null: deleted or unknown.")
    event: About | None = Field(description="The input, as far as it could be read.")
    attempts: Count = Field(description="Tries of this delivery.")
    calls: Count = Field(description="HTTP requests, look-ups included; of a shared one each delivery counts 1.")
    timings: Timings = Field(description="When and how long.")
    replay: Replay | None = Field(description="Set when a person had it sent again.")
    worker: Worker = Field(description="Which worker did it, with which mapping.")


class Applied(Ended):
    """The target shows what the event says."""

    outcome: Literal["applied"] = Field(description="How it ended.")
    effect: Effect = Field(
        description="What was done; existed, absent and unchanged: the target showed it already, had "
        "nothing to delete, or nothing of the event concerns it."
    )
    absorbed: tuple[str, ...] = Field(description="Ids of the earlier events that this one carried.")
    dropped: tuple[str, ...] = Field(description="Fields that have no place at the target.")
    warnings: tuple[str, ...] = Field(description="What was odd, in words.")


class Superseded(Ended):
    """There was no call for this event."""

    outcome: Literal["superseded"] = Field(description="How it ended.")
    superseded: Supersession = Field(description="Why, and by which event.")


class ResultAttributes(BaseModel):
    """The attributes of a result event; those that only the input knows are handed on beside them."""

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"] = Field(description="Version of CloudEvents.")
    type: Literal["relation.applied", "relation.superseded", "relation.dead_lettered"] = Field(
        description="relation. and the outcome."
    )
    id: str = Field(description="UUIDv5 of source, id, connection, outcome and replay; a repeat has it again.")
    source: str = Field(
        description="urn:relation-worker: and the installation's name.", pattern="^urn:relation-worker:.+$"
    )
    subject: str | None = Field(
        default=None, exclude_if=is_none, description="The input's; it lacks where that could not be read."
    )
    time: Moment = Field(description="When the outcome was journalled; RFC 3339, UTC.")
    datacontenttype: Literal["application/json"] = Field(
        default="application/json", description="Media type of the data."
    )
    dataschema: Literal["urn:relation-worker:result:1"] = Field(description="This contract.")
    connection: str = Field(description="The connection, _intake where it concerns none.")
    causationid: str | None = Field(default=None, exclude_if=is_none, description="The input's id.")
    correlationid: str | None = Field(default=None, exclude_if=is_none, description="The input's.")
    traceparent: str | None = Field(default=None, exclude_if=is_none, description="The input's trace.")
