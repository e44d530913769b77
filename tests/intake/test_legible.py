import orjson
import pytest

from tests.intake.messages import BINARY, STRUCTURED, message, structured
from worker.brokers.base import Message
from worker.intake.decode import Decoder

READ = {name: value for name, value in STRUCTURED.items() if name not in {"specversion", "datacontenttype", "data"}}
ATTRIBUTES = [("ce-specversion", "1.0"), ("ce-id", "a")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (structured(), READ),
        (structured(data=[], type="order.created"), READ | {"type": "order.created"}),
        (structured({"id": "e-1", "source": 5, "subject": "a\x00", "time": ""}), {"id": "e-1"}),
        (structured({"id": "a" * 256}), {}),
        (message(b"not json"), {}),
        (message(b"[]"), {}),
        (message(b" " * 1_048_577 + orjson.dumps(STRUCTURED)), {}),
        (message(b"<a/>", BINARY.items()), {name: READ[name] for name in READ if f"ce-{name}" in BINARY}),
        (message(b"", [("ce-specversion", "9"), ("CE-ID", "M%C3%BC"), ("ce-source", "%FF")]), {"id": "Mü"}),
        (message(b"", [("ce-specversion", "1.0"), ("ce-id", "a"), ("ce-id", "b"), ("id", "c")]), {}),
        (message(b"", [("ce-specversion", ""), ("ce-id", "a")]), {"id": "a"}),
        (message(b'{"id": "b"}', [("Content-Type", "Application/CloudEvents"), *ATTRIBUTES]), {"id": "b"}),
    ],
)
def test_legible(given: Message, expected: dict[str, str]) -> None:
    """Of a broken message a letter shows what is text of decent length, and never data."""
    assert Decoder().attributes(given) == expected
