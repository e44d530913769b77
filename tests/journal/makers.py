"""Makes the values that a journal is given."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from worker.journal.rows import (
    INTAKE,
    Delivery,
    Letter,
    Outcome,
    Received,
    RelationState,
    Settled,
)

NOW = datetime(2026, 3, 2, 9, 15, 4, 120_000, tzinfo=UTC)
CRM = "https://crm.example/customers"


def at(seconds: float) -> datetime:
    """Return a moment so long after `NOW`."""
    return NOW + timedelta(seconds=seconds)


def received(sequence: int = 1, body: bytes = b'{"kind": "link"}') -> Received:
    """Return a message."""
    return Received("RELATIONS", sequence, "relation.created.link", NOW, (("Content-Type", "application/json"),), body)


def delivery(position: int, connection: str = "acme", **other: Any) -> Delivery:
    """Return a delivery of an event of its own, unless told otherwise."""
    values: dict[str, Any] = {
        "source": CRM,
        "subject": f"cust-{position}",
        "event_id": f"e-{position}",
        "operation": "create",
        "received": received(position, other.pop("body", b'{"kind": "link"}')),
        **other,
    }
    values.setdefault("digest", sha256(repr(values["event_id"]).encode()).digest())
    return Delivery(connection=connection, position=position, **values)


def relation(each: Delivery, remote_id: str | None = "77", **other: Any) -> RelationState:
    """Return what a delivery leaves at its connection."""
    values: dict[str, Any] = {"deleted": False, "position": each.position, "sequence": None, **other}
    return RelationState(each.connection, each.source, each.subject, remote_id, **values)


def letter(each: Delivery, letter_id: str | None = None, **other: Any) -> Letter:
    """Return the dead letter of a delivery."""
    values: dict[str, Any] = {
        "reason": "rejected",
        "detail": "It says no.",
        "fingerprint": "0123456789abcdef",
        "status": 400,
        "buried_at": NOW,
        "case": b'{"a": 1}',
        **other,
    }
    keys = (each.connection, each.position, each.source, each.subject, each.event_id, each.operation)
    return Letter(letter_id or f"letter-{each.connection}-{each.event_id}", *keys, **values)


def settled(each: Delivery, outcome: Outcome = "applied", **other: Any) -> Settled:
    """Return an ending of a delivery."""
    values: dict[str, Any] = {"attempts": 1, "calls": 1, "settled_at": NOW, "result": b'{"id": "r"}', **other}
    if outcome == "dead_lettered":
        values.setdefault("letter", letter(each))
    return Settled(each.connection, each.position, outcome, **values)


def intake_letter(position: int, letter_id: str, **other: Any) -> tuple[Delivery, Settled]:
    """Return a letter that concerns no connection."""
    each = delivery(position, INTAKE, digest=b"", **other)
    return each, settled(each, "dead_lettered", letter=letter(each, letter_id, reason="malformed"))
