import re
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.cloudevent import KNOWN
from schemas.link import Link
from schemas.party import Party
from tests.intake.messages import BINARY, STRUCTURED, message
from tests.schemas.examples import FULL_LINK, FULL_PARTY
from worker.brokers.base import Message
from worker.errors import InvalidMessageError
from worker.intake.decode import Decoded, Decoder

DECODER = Decoder(max_event_bytes=20_000)
SECRET = "s3cr3t-Jansen"

SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(SCALAR, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([*BINARY, "content-type", "CE-ID", "ce-", "ce-data", "ce-Ünïcode"]) | st.text(max_size=20),
        st.text(max_size=40)
        | st.sampled_from(["1.0", "relation.created", "application/cloudevents+json", '"', "%", "%ff"]),
    ),
    max_size=12,
)
DOCUMENT = st.dictionaries(st.sampled_from([*sorted(KNOWN), "data", "data_base64", "dataref", "own"]), JSON)


def read(given: Message) -> Decoded | None:
    """Return what is read, None where the message is refused; nothing else may happen."""
    attributes = DECODER.attributes(given)
    assert all(isinstance(value, str) for value in attributes.values())
    try:
        decoded = DECODER.decode(given)
    except InvalidMessageError as error:
        refused = error
    else:
        assert DECODER.again(given) == decoded.event
        return decoded
    assert refused.reason in {"malformed", "unknown_type", "invalid_data"}
    assert 0 < len(refused.detail) < 500
    assert SECRET not in refused.detail
    assert refused.__cause__ is None
    return None


@given(st.binary(max_size=300), HEADERS, st.text(max_size=20))
@example(b"\xef\xbb\xbf{}", [], "relation.created")
@example(b"[" * 19_000, [], "")
@example(b'{"a":' * 3_000, [], "")
@example(b'{"specversion":"1.0","time":"0001-01-01T00:00:00+23:59"}', [], "")
def test_any_bytes(body: bytes, headers: list[tuple[str, str]], subject: str) -> None:
    """Whatever comes, it is an event or refused for a reason of ours."""
    read(message(body, headers, subject))


@given(DOCUMENT)
def test_any_document(changes: dict[str, Any]) -> None:
    """Whatever stands in an attribute, the event is read or refused for a reason of ours."""
    try:
        body = orjson.dumps(STRUCTURED | changes)
    except (TypeError, ValueError):  # what no producer can put into JSON: lone surrogates, numbers beyond 64 bits
        return
    found = read(message(body))

    assert found is None or len(found.digest) == 32


@given(st.sampled_from(sorted({*Link.model_fields, *Party.model_fields} - {"kind"})), JSON, st.booleans())
def test_any_field(name: str, value: Any, party: bool) -> None:
    """Whatever stands in a field, the event is read or refused for a reason of ours."""
    try:
        body = orjson.dumps(STRUCTURED | {"data": (FULL_PARTY if party else FULL_LINK) | {name: value}})
    except (TypeError, ValueError):  # as above
        return
    read(message(body))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return the document with another value at a path."""
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


HOSTILE = [
    SECRET,
    f"{SECRET}\x00",
    SECRET * 100,
    f"<script>{SECRET}</script>",
    [SECRET],
    {SECRET: SECRET},
    {"a b": SECRET},
    -1,
    1e300,
    True,
]


def test_no_value_in_a_refusal() -> None:
    """Wherever a hostile value stands, what people read about it does not hold it."""
    for data in (FULL_LINK, FULL_PARTY):
        document = STRUCTURED | {"own": "a", "target": "acme", "data": data}
        for path in places(document):
            for value in HOSTILE:
                read(message(orjson.dumps(replaced(document, path, value))))


@given(st.sampled_from(sorted(BINARY)), st.text(max_size=300))
def test_any_header(name: str, value: str) -> None:
    """Whatever stands in a header, keys are made from text without control characters."""
    found = read(message(orjson.dumps(STRUCTURED["data"]), (BINARY | {name: value}).items()))

    if found is not None:
        keys = f"{found.event.id}{found.event.source}{found.event.subject}"
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", keys)
        assert keys.encode()
