"""Messages as a broker would hand them over, and the contract's own examples."""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from worker.brokers.base import Message

# contract.md 1.2
DATA: dict[str, Any] = {
    "kind": "party",
    "party_type": "person",
    "customer_number": "5012",
    "given_name": "Jet",
    "family_name": "Visser",
}
STRUCTURED: dict[str, Any] = {
    "specversion": "1.0",
    "id": "0199c1f2-5d10-7c3a-9f0e-3c1d5a7b9e01",
    "source": "https://crm.example/customers",
    "type": "relation.created",
    "subject": "cust-5012",
    "time": "2026-03-02T09:15:04.120+01:00",
    "datacontenttype": "application/json",
    "sequence": "00000000000000000042",
    "correlationid": "signup-77",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "data": DATA,
}
BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "0199c1f2-5d10-7c3a-9f0e-3c1d5a7b9e01",
    "ce-source": "https://crm.example/customers",
    "ce-type": "relation.created",
    "ce-subject": "cust-5012",
    "ce-time": "2026-03-02T09:15:04.120+01:00",
    "ce-sequence": "00000000000000000042",
    "ce-datacontenttype": "application/json",
    "Nats-Msg-Id": "https://crm.example/customers#0199c1f2-5d10-7c3a-9f0e-3c1d5a7b9e01",
}


def message(
    body: bytes, headers: Iterable[tuple[str, str]] = (), subject: str = "relation.created.party.crm"
) -> Message:
    """Return one message."""
    return Message(
        stream="RELATIONS",
        stream_created="2026-03-02T08:00:00Z",
        stream_sequence=1,
        subject=subject,
        headers=tuple(headers),
        body=body,
        received_at=datetime(2026, 3, 2, 8, 15, 5, tzinfo=UTC),
    )


def structured(document: Any = None, published_to: str = "relation.created", **changes: Any) -> Message:
    """Return the contract's example in structured mode, with changes; `...` takes an attribute away."""
    document = STRUCTURED | changes if document is None else document
    if isinstance(document, dict):
        document = {name: value for name, value in document.items() if value is not ...}
    return message(orjson.dumps(document), [("content-type", "application/cloudevents+json")], published_to)


def binary(body: Any = DATA, **changes: str) -> Message:
    """Return the contract's example in binary mode, with changes to its attributes."""
    headers = BINARY | {f"ce-{name}": value for name, value in changes.items()}
    return message(body if isinstance(body, bytes) else orjson.dumps(body), headers.items())


def encoded(body: bytes) -> str:
    """Return bytes in base64."""
    return base64.b64encode(body).decode()
