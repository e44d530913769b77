"""The result event of a delivery (contract.md 4.2)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, assert_never

import orjson

from schemas.cloudevent import Event
from schemas.result import result_id
from worker.outcome.ending import Burial, Effort, End, Origin, Success, Superseded

DATA_SCHEMA = "urn:relation-worker:result:1"


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells: the installation's name and the worker's version stand in every result."""

    instance: str
    version: str

    def result(self, origin: Origin, effort: Effort, end: End, settled_at: datetime) -> bytes:
        """Return the finished result event, structured JSON."""
        told = self.envelope(origin, end, self.event_id(origin, effort, end), settled_at)
        told["data"] = self.data(origin, effort, end, settled_at)
        return orjson.dumps(told)

    def event_id(self, origin: Origin, effort: Effort, end: End) -> str:
        """Return the id that a repeat of this result has again."""
        event = origin.event
        assert event is not None, "what intake buries has its own ids"
        return result_id(event.source, event.id, origin.connection or "_intake", end.outcome, effort.replays)

    def envelope(self, origin: Origin, end: End, event_id: str, settled_at: datetime) -> dict[str, Any]:
        """Return the CloudEvent's attributes, the id first: those of the input that are handed on, and our own."""
        return {
            "id": event_id,
            **(from_event(origin.event) if origin.event else from_attributes(origin.attributes)),
            "specversion": "1.0",
            "type": f"relation.{end.outcome}",
            "source": f"urn:relation-worker:{self.instance}",
            "time": moment(settled_at),
            "datacontenttype": "application/json",
            "dataschema": DATA_SCHEMA,
            "connection": origin.connection or "_intake",
        }

    def data(self, origin: Origin, effort: Effort, end: End, settled_at: datetime) -> dict[str, Any]:
        """Return what the result says; a dead letter adds to it."""
        return {
            "connection": origin.connection,
            "target": origin.target,
            "operation": origin.operation,
            "outcome": end.outcome,
            **particulars(end),
            "event": about(origin),
            "attempts": effort.attempts,
            "calls": effort.calls,
            "timings": timings(origin, effort, settled_at),
            "replay": {"plan": effort.plan, "number": effort.replays} if effort.plan else None,
            "worker": {"version": self.version, "mapping": origin.mapping},
        }


def particulars(end: End) -> dict[str, Any]:
    """Return what only this kind of ending has to say."""
    match end:
        case Success(applied=applied):
            return {
                "effect": applied.effect,
                "remote_id": None if applied.effect == "deleted" else applied.remote_id,
                "absorbed": end.absorbed,
                "dropped": applied.dropped,
                "warnings": applied.warnings,
            }
        case Superseded():
            by = {"why": end.why, "by": end.by}
            if end.by_sequence is not None:
                by["by_sequence"] = end.by_sequence
            return {"remote_id": None, "superseded": by}
        case Burial():
            return {"remote_id": end.remote_id, "absorbed": [], "dropped": end.dropped}
        case _:
            assert_never(end)


def timings(origin: Origin, effort: Effort, settled_at: datetime) -> dict[str, Any]:
    """Return when it came and ended; what was not spent inside calls was spent waiting."""
    received_at = origin.received.received_at
    waited = (settled_at - received_at).total_seconds() - effort.sent_seconds
    return {
        "received_at": moment(received_at),
        "settled_at": moment(settled_at),
        "waited_seconds": round(waited, 6) if waited > 0.0 else 0.0,
        "sent_seconds": round(effort.sent_seconds, 6),
    }


def about(origin: Origin) -> dict[str, Any] | None:
    """Return the input event's own attributes, as far as it could be read; JSON has its time as `isoformat` has."""
    event = origin.event
    if event is None:
        known = {name: origin.attributes.get(name) for name in ("id", "source", "type", "subject", "time")}
        return known if any(known.values()) else None
    told: dict[str, Any] = {
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
    }
    if event.sequence is not None:
        told["sequence"] = event.sequence
    return told


def from_event(event: Event) -> dict[str, Any]:
    """Return the attributes that a result takes over from its input."""
    handed_on: dict[str, Any] = {**event.extensions, "subject": event.subject, "causationid": event.id}
    if event.correlationid is not None:
        handed_on["correlationid"] = event.correlationid
    if event.traceparent is not None:
        handed_on["traceparent"] = event.traceparent
    if event.tracestate is not None:
        handed_on["tracestate"] = event.tracestate
    return handed_on


def from_attributes(attributes: dict[str, str]) -> dict[str, Any]:
    """Return what a result takes over from an input that could not be read whole."""
    kept = ("subject", "correlationid")
    handed_on: dict[str, Any] = {name: attributes[name] for name in kept if name in attributes}
    if "id" in attributes:
        handed_on["causationid"] = attributes["id"]
    return handed_on


@lru_cache(1024)  # a batch was received, and settled, at one moment
def moment(when: datetime) -> str:
    """Return a UTC moment in the form that all our events use."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
