from typing import Any, cast

from pydantic import BaseModel

from worker.brokers.application import Payloads, specification
from worker.brokers.client import Credentials
from worker.brokers.nats import NatsBroker


class Event(BaseModel):
    """Stands for what comes in."""

    id: str


class Result(BaseModel):
    """Stands for what goes out."""

    outcome: str


def test_asyncapi() -> None:
    """The document shows each channel in and out with its payload, and how to log in, but no secret."""
    broker = NatsBroker(
        "nats://broker.example:4222",
        Credentials(user="u", password="s3cr3t-word"),
        payloads=Payloads(event=Event, result=Result, dead_letter=Result),
    )
    words = specification(broker.connector, title="relation-worker", version="1").to_specification().to_json()
    document = cast("dict[str, Any]", specification(broker.connector).to_specification().to_jsonable())

    actions = {name: operation["action"] for name, operation in document["operations"].items()}
    assert actions == {"relations": "receive", "relation-results": "send", "relation-dead-letters": "send"}
    assert {"Event", "Result"} <= set(document["components"]["schemas"])
    assert document["components"]["securitySchemes"]
    assert "s3cr3t-word" not in words
