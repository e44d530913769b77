import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from schemas.relation import LinkUpdated, PartyCreated
from tests.intake.messages import DATA, STRUCTURED, binary, encoded, message, structured
from worker.brokers.base import Message
from worker.errors import InvalidMessageError
from worker.intake.decode import Decoded, Decoder

LINK = {"kind": "link", "relation_type": "owner", "parents": [{"record_id": 1}], "children": [{"record_id": 2}]}
LONG = "01" + STRUCTURED["traceparent"][2:] + "-" + "x" * 300


def decode(given: Message, **settings: Any) -> Decoded:
    """Return what a worker with these settings reads."""
    return Decoder(**settings).decode(given)


def refusal(given: Message, **settings: Any) -> tuple[str, str]:
    """Return reason and detail of the refusal."""
    with pytest.raises(InvalidMessageError) as caught:
        decode(given, **settings)
    return caught.value.reason, caught.value.detail


def test_structured_example() -> None:
    """The contract's structured example is read with all its attributes."""
    event = decode(structured()).event

    assert (event.id, event.source) == (STRUCTURED["id"], STRUCTURED["source"])
    assert (event.operation, event.kind, event.subject) == ("create", "party", "cust-5012")
    assert event.time.astimezone(UTC) == datetime(2026, 3, 2, 8, 15, 4, 120000, tzinfo=UTC)
    assert (event.sequence, event.correlationid) == ("00000000000000000042", "signup-77")
    assert event.traceparent == STRUCTURED["traceparent"]
    assert isinstance(event.data, PartyCreated)
    assert event.data.family_name == "Visser"


def test_binary_example() -> None:
    """The contract's binary example says the same; headers that are no attributes are left aside."""
    read = decode(binary())

    assert read.event.model_dump(exclude={"correlationid", "traceparent"}) == decode(structured()).event.model_dump(
        exclude={"correlationid", "traceparent"}
    )
    assert read.digest == decode(structured()).digest
    assert read.event.extensions == {}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (message(b"a" * 1_048_577), "message: is larger than 1048576 bytes"),
        (message(b"{}", [("a", "b" * 1_048_576)]), "message: is larger than 1048576 bytes"),
        (message(b"not json"), "body: is not JSON in UTF-8, at character 1"),
        (message(b""), "body: is not JSON in UTF-8, at character 1"),
        (message(b"\xff\xfe"), "body: is not JSON in UTF-8"),
        (message(b'{"specversion": NaN}'), "body: is not JSON in UTF-8"),
        (message(b'{"specversion": "\\ud800"}'), "body: is not JSON in UTF-8"),
        (message(b"[" * 100_000), "body: is not JSON in UTF-8"),
        (message(b"[" * 33 + b"]" * 33), "body: is nested deeper than 32"),
        (message(b"5"), "body: is no CloudEvent, it has no specversion"),
        (message(b"[]"), "body: batches are not accepted, publish each event alone"),
        (message(b"{}"), "body: is no CloudEvent, it has no specversion"),
        (structured(specversion=None), "body: is no CloudEvent, it has no specversion"),
        (structured(specversion="0.3"), "specversion: must be '1.0'"),
        (structured([STRUCTURED]), "body: batches are not accepted, publish each event alone"),
        (structured(id=...), "id: is required"),
        (structured(source=None), "source: is required"),
        (structured(type=...), "type: is required"),
        (structured(type=5), "type: must be text"),
        (structured(subject=""), "subject: must be at least 1 characters"),
        (structured(time="yesterday"), "time: must be an RFC 3339 timestamp with an offset"),
        (structured(expirytime="soon"), "expirytime: must be an RFC 3339 timestamp with an offset"),
        (structured(target=""), "target: must name a connection"),
        (structured(OwnThing="a"), "extensions: an attribute's name must be 1 to 64 lower-case letters and digits"),
        (structured(own={"a": 1}), "extensions.own: must be true, false, a 32-bit whole number or text of at most 1024 characters"),
        (structured(datacontenttype="text/xml"), "datacontenttype: must be application/json or end in +json"),
        (structured(datacontenttype="application/json; charset=latin1"), "datacontenttype: charset must be UTF-8"),
        (structured(data=...), "data: is required"),
        (structured(data=None), "data: is required"),
        (structured(data=..., dataref="https://a.example/1"), "data: is required, dataref is not fetched"),
        (structured(data_base64=encoded(b"{}")), "data_base64: stands beside data"),
        (structured(data=..., data_base64="%%%"), "data_base64: is not base64"),
        (structured(data=..., data_base64=5), "data_base64: is not base64"),
        (structured(data=..., data_base64=encoded(b"<a/>")), "data_base64: is not JSON in UTF-8, at character 1"),
        (message(orjson.dumps(STRUCTURED), subject="relation.updated.party"), "type: is relation.created, but the message was published to another subject"),
    ],
)  # fmt: skip
def test_malformed(given: Message, expected: str) -> None:
    """What is no CloudEvent that we can read is malformed, and says why."""
    reason, detail = refusal(given)

    assert reason == "malformed"
    assert detail.startswith(expected)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"type": "relation.archived"}, "type: must be one of relation.created, relation.created.v1"),
        ({"type": "relation.created.v2"}, "type: must be one of"),
        ({"type": "order.created"}, "type: must be one of"),
        ({"type": "com.acme.relation.created"}, "type: must be one of"),
        (
            {"dataschema": "urn:relation-worker:relation:2"},
            "dataschema: only urn:relation-worker:relation:1 is known here",
        ),
    ],
)
def test_unknown_type(changes: dict[str, Any], detail: str) -> None:
    """A type or a version of the contract that is not ours is named as such."""
    read = refusal(structured(**changes))

    assert read[0] == "unknown_type"
    assert read[1].startswith(detail)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ([], "data: must be an object"),
        ("x", "data: must be an object"),
        ({}, "data.kind: must be 'link' or 'party'"),
        ({"kind": "edge"}, "data.kind: must be 'link' or 'party'"),
        ({"kind": ["link"]}, "data.kind: must be 'link' or 'party'"),
        ({**DATA, "emial": "a@b"}, "data.emial: is no field of ours"),
        ({**DATA, "customer_number": 5012}, "data.customer_number: must be text"),
        ({**LINK, "parents": [{"record_id": 2**31}]}, "data.parents.0.record_id: must be at most 2147483647"),
        ({**LINK, "relation_type": None}, "data.relation_type: is required in relation.created"),
        (
            {**LINK, "parents": [{"record_id": 1}, {"record_id": 2}], "children": [{"record_id": 1}, {"record_id": 2}]},
            "data: only one of parents and children may hold several records (n:n is refused)",
        ),
        ({**LINK, "x": 1, "y": 2}, "data.x: is no field of ours (and 1 more)"),
    ],
)
def test_invalid_data(data: Any, detail: str) -> None:
    """Data that break the model of their kind name the field and the rule."""
    assert refusal(structured(data=data)) == ("invalid_data", detail)


def test_ids_beyond_64_bits() -> None:
    """An id that no JSON reader keeps exactly is refused, not rounded."""
    body = orjson.dumps(LINK).replace(b'"record_id":1', b'"record_id":1' + b"0" * 30)

    assert refusal(binary(body)) == ("invalid_data", "data.parents.0.record_id: must be a whole number")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": ..., "type": "order.created"}, "malformed"),
        ({"id": "", "type": "order.created"}, "malformed"),
        ({"id": "", "data": []}, "malformed"),
        ({"datacontenttype": "text/xml", "data": {}}, "malformed"),
        ({"type": "order.created", "data": []}, "unknown_type"),
        ({"dataschema": "urn:relation-worker:relation:2", "data": {}}, "unknown_type"),
        ({"dataschema": "urn:relation-worker:relation:2", "data": {**DATA, "x": 1}}, "unknown_type"),
    ],
)
def test_order_of_checks(changes: dict[str, Any], reason: str) -> None:
    """Of several things that are wrong, the contract's order says which one counts."""
    assert refusal(structured(**changes))[0] == reason


def test_subject_comes_before_data() -> None:
    """A message on another operation's subject is malformed, whatever its data are."""
    given = message(orjson.dumps(STRUCTURED | {"data": {"kind": "party"}}), subject="relation.deleted")

    assert refusal(given)[0] == "malformed"


@pytest.mark.parametrize("subject", ["relation.created", "relation.created.party.crm", "orders", ""])
def test_subjects(subject: str) -> None:
    """Only token 2 is read, and a broker may have none."""
    assert decode(message(orjson.dumps(STRUCTURED), subject=subject)).event.subject == "cust-5012"


@pytest.mark.parametrize("type_", ["relation.created", "relation.created.v1"])
@pytest.mark.parametrize("prefix", ["com.acme", "com.acme."])
def test_type_prefix(prefix: str, type_: str) -> None:
    """A configured prefix may stand before the type, with or without its dot."""
    assert decode(structured(type=f"com.acme.{type_}"), type_prefix=prefix).event.operation == "create"
    assert decode(structured(type=type_), type_prefix=prefix).event.operation == "create"


def test_unknown_fields_ignored() -> None:
    """With `unknown_fields = "ignore"` a field of no meaning is left out."""
    data = {**DATA, "emial": "a@b", "address": {"town": "x"}}

    assert decode(structured(data=data), unknown_fields="ignore").event.data.kind == "party"


def test_max_event_bytes() -> None:
    """The limit of a whole message is a setting."""
    given = structured()
    size = len(given.body) + sum(len(name) + len(value) for name, value in given.headers)

    assert decode(given, max_event_bytes=size).event.id
    assert refusal(given, max_event_bytes=size - 1)[0] == "malformed"


def test_depth() -> None:
    """A message may be nested 32 deep, its envelope counted."""
    inner: Any = 1
    for _ in range(28):
        inner = [inner]
    data = {"kind": "link", "native": {"onoffice": {"a": inner}}}
    deeper = {"kind": "link", "native": {"onoffice": {"a": [inner]}}}
    update = {"published_to": "relation.updated", "type": "relation.updated"}

    assert decode(structured(**update, data=data)).event.kind == "link"
    assert refusal(structured(**update, data=deeper)) == ("malformed", "body: is nested deeper than 32")


def test_wide_is_not_deep() -> None:
    """Many small objects beside each other are no depth."""
    children = [{"record_id": number} for number in range(1, 501)]

    data = {"kind": "link", "children": children}
    read = decode(structured(published_to="relation.updated", type="relation.updated", data=data))

    assert isinstance(read.event.data, LinkUpdated)


def test_data_base64() -> None:
    """Data in base64 are read when they are JSON."""
    given = structured(data=..., data_base64=encoded(orjson.dumps(DATA)))

    assert decode(given).digest == decode(structured()).digest
    assert decode(structured(data_base64=None)).event.kind == "party"


def test_duplicate_keys() -> None:
    """Of a key that stands twice the last counts."""
    body = orjson.dumps(STRUCTURED).replace(b'"id":', b'"id":"first","id":')

    assert decode(message(body)).event.id == STRUCTURED["id"]


def test_unknown_attributes() -> None:
    """Unknown attributes are kept as they were given, null is none."""
    given = structured(partitionkey="7", own=True, count=3, nothing=None, dataref="https://a.example/1")

    assert decode(given).event.extensions == {
        "partitionkey": "7",
        "own": True,
        "count": 3,
        "dataref": "https://a.example/1",
    }


@pytest.mark.parametrize(
    ("changes", "ignored"),
    [
        ({"traceparent": "00-abc"}, ("traceparent",)),
        ({"traceparent": 5}, ("traceparent",)),
        ({"traceparent": "ff" + STRUCTURED["traceparent"][2:]}, ("traceparent",)),
        ({"traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01"}, ("traceparent",)),
        ({"traceparent": STRUCTURED["traceparent"] + "-more"}, ("traceparent",)),
        ({"traceparent": "", "tracestate": "a=b"}, ("traceparent", "tracestate")),
        ({"tracestate": "a" * 513}, ("tracestate",)),
        ({"tracestate": 5}, ("tracestate",)),
        ({"traceparent": ..., "tracestate": "a=b"}, ("tracestate",)),
        ({"traceparent": LONG[:256]}, ("traceparent",)),
        ({"tracestate": "a=b,\tc=d"}, ("tracestate",)),
        ({"tracestate": "a=b\x01"}, ("tracestate",)),
        ({"tracestate": "a=b\x7f"}, ("tracestate",)),
        ({"traceparent": LONG[:255]}, ()),
        ({"tracestate": "a=b"}, ()),
        ({"traceparent": "01" + STRUCTURED["traceparent"][2:] + "-more"}, ()),
    ],
)
def test_broken_trace(changes: dict[str, Any], ignored: tuple[str, ...]) -> None:
    """A trace that cannot be continued is ignored and told, never a reason to refuse."""
    read = decode(structured(**changes))

    assert read.ignored == ignored
    assert all(getattr(read.event, name) is None for name in ignored)


@pytest.mark.parametrize("given", [structured(), binary(), structured(own=1, correlationid=None, tracestate=5)])
def test_again(given: Message) -> None:
    """A message that was taken is read to the very same event."""
    decoder = Decoder()

    assert decoder.again(given) == decoder.decode(given).event


@pytest.mark.parametrize(
    ("given", "then", "now"),
    [
        (structured(data={**DATA, "own": 1}), {"unknown_fields": "ignore"}, {}),
        (structured(type="com.example.relation.created"), {"type_prefix": "com.example"}, {}),
        (structured(), {"type_prefix": ""}, {"type_prefix": "com.example"}),
        (structured(), {}, {"max_event_bytes": 1024}),
        (structured(data={**DATA, "note": "x" * 2000}), {}, {"max_event_bytes": 1024}),
    ],
)
def test_again_by_other_settings(given: Message, then: dict[str, Any], now: dict[str, Any]) -> None:
    """What waits was let in by the settings of its time; others let nothing of it stand still."""
    assert Decoder(**now).again(given) == Decoder(**then).decode(given).event


@pytest.mark.parametrize("given", [structured(data={"kind": "ship"}), structured(type="x")])
def test_again_refused(given: Message) -> None:
    """A message that never was an event is refused as it would be at first."""
    with pytest.raises(InvalidMessageError) as caught:
        Decoder().again(given)

    assert (caught.value.reason, caught.value.detail) == refusal(given)


def test_digest() -> None:
    """The digest hangs on type, subject, sequence and data; on neither bytes nor other attributes."""
    digest = decode(structured()).digest
    turned: dict[str, Any] = {
        "data": dict(reversed(DATA.items())),
        "time": "2027-01-01T00:00:00Z",
        "correlationid": ...,
        "own": 1,
    }

    assert (
        digest
        == hashlib.sha256(
            orjson.dumps(["relation.created", "cust-5012", STRUCTURED["sequence"], dict(sorted(DATA.items()))])
        ).digest()
    )
    assert decode(structured(**turned)).digest == digest
    others: list[dict[str, Any]] = [
        {"type": "relation.created.v1"},
        {"subject": "x"},
        {"sequence": ...},
        {"data": {**DATA, "note": "x"}},
    ]
    assert digest not in [decode(structured(**each)).digest for each in others]
