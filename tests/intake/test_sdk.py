from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.intake.messages import DATA, message
from worker.intake.decode import Decoder

ATTRIBUTES: dict[str, Any] = {
    "id": "e-1",
    "source": "https://crm.example/customers",
    "type": "relation.created",
    "specversion": "1.0",
    "subject": 'Müller & "Söhne" 100%',
    "time": datetime(2026, 3, 2, 8, 15, 4, 120000, tzinfo=UTC),
    "datacontenttype": "application/json",
    "sequence": "00000000000000000042",
    "correlationid": "signup-77",
    "target": "acme-outsmart,acme-silvasoft",
    "partitionkey": "7",
}


def structured(event: CloudEvent) -> HTTPMessage:
    """Return the event as the SDK writes it in structured mode."""
    return to_structured(event, JSONFormat())


def binary(event: CloudEvent) -> HTTPMessage:
    """Return the event as the SDK writes it in binary mode."""
    return to_binary(event, JSONFormat())


@pytest.mark.parametrize("mode", [structured, binary])
def test_official_sdk(mode: Any) -> None:
    """An event made by the official Python SDK is read as it was meant."""
    written = mode(CloudEvent(attributes=ATTRIBUTES, data=DATA))
    event = Decoder().decode(message(written.body, written.headers.items())).event

    assert event.model_dump(include=set(ATTRIBUTES) - {"target", "partitionkey"}) == {
        name: value for name, value in ATTRIBUTES.items() if name not in {"target", "partitionkey"}
    }
    assert event.target == ("acme-outsmart", "acme-silvasoft")
    assert event.extensions == {"partitionkey": "7"}
    assert event.data.model_dump(exclude_unset=True) == DATA
