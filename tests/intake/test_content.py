from typing import Any

import orjson
import pytest

from tests.intake.messages import BINARY, DATA, STRUCTURED, binary, message
from worker.errors import InvalidMessageError
from worker.intake.content import content

BODY = orjson.dumps(STRUCTURED)
LIMIT = 1_048_576


def refusal(body: bytes, *headers: tuple[str, str]) -> str:
    """Return why a message is malformed."""
    with pytest.raises(InvalidMessageError) as caught:
        content(message(body, headers), LIMIT)
    assert caught.value.reason == "malformed"
    return caught.value.detail


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Content-Type", "application/cloudevents+json")],
        [("content-type", "application/cloudevents")],
        [("CONTENT-TYPE", "Application/CloudEvents+JSON; charset=UTF-8")],
        [("content-type", 'application/cloudevents+json; charset="utf-8"')],
        [("content-type", "application/json")],
        [("content-type", "application/cloudevents+json"), ("ce-specversion", "1.0"), ("ce-id", "other")],
    ],
)
def test_structured(headers: list[tuple[str, str]]) -> None:
    """A content type of CloudEvents, or none and no attributes in headers, is structured mode."""
    assert content(message(BODY, headers), LIMIT) == STRUCTURED


@pytest.mark.parametrize(
    ("media", "detail"),
    [
        ("application/cloudevents-batch+json", "content-type: batches are not accepted, publish each event alone"),
        ("application/cloudevents-batch", "content-type: batches are not accepted, publish each event alone"),
        ("application/cloudevents+avro", "content-type: only the JSON format of CloudEvents is accepted"),
        ("application/cloudevents+protobuf", "content-type: only the JSON format of CloudEvents is accepted"),
        ("application/cloudevents+json; charset=utf-16", "content-type: charset must be UTF-8"),
    ],
)
def test_other_formats(media: str, detail: str) -> None:
    """Batches and other formats are refused by what they are."""
    assert refusal(BODY, ("Content-Type", media)) == detail


@pytest.mark.parametrize(
    ("headers", "media"),
    [
        ([], None),
        ([("content-type", "application/json")], "application/json"),
        ([("Content-Type", "application/json; charset=utf-8")], "application/json; charset=utf-8"),
        ([("content-type", "application/vnd.acme.customer+json")], "application/vnd.acme.customer+json"),
        ([("ce-datacontenttype", "application/json"), ("content-type", "text/xml")], "application/json"),
    ],
)
def test_binary(headers: list[tuple[str, str]], media: str | None) -> None:
    """With the version in a header the body is the data, of the type that the headers say."""
    given = [(name, value) for name, value in BINARY.items() if name != "ce-datacontenttype"] + headers
    read = content(message(orjson.dumps(DATA), given), LIMIT)

    assert read["data"] == DATA
    assert read.get("datacontenttype") == media
    assert read["id"] == STRUCTURED["id"]


@pytest.mark.parametrize("media", ["text/xml", "json", "", "application/json; charset=latin1", "a/b/c+json"])
def test_binary_of_other_types(media: str) -> None:
    """Data that are said to be no JSON are not read as such."""
    assert refusal(b"{}", ("ce-specversion", "1.0"), ("ce-datacontenttype", media)).startswith("datacontenttype: ")


@pytest.mark.parametrize("name", ["ce-data", "CE-Data"])
def test_data_is_no_header(name: str) -> None:
    """Data cannot come in a header."""
    assert refusal(b"{}", ("ce-specversion", "1.0"), (name, "{}")) == "headers: data travels in the body"


@pytest.mark.parametrize("second", ["ce-id", "CE-ID"])
def test_header_twice(second: str) -> None:
    """An attribute that stands twice is none."""
    assert refusal(b"{}", *BINARY.items(), (second, "x")) == "headers: one ce- header is there twice"


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        ("M%C3%BCller%20GmbH", "Müller GmbH"),
        ("m%c3%bcller", "müller"),
        ("Müller GmbH", "Müller GmbH"),
        ("Müller%20GmbH", "Müller GmbH"),
        ("M\udcc3\udcbcller", "Müller"),
        ('"Müller \\"GmbH\\" \\\\"', 'Müller "GmbH" \\'),
        ('"M%C3%BCller"', "Müller"),
        ('a "b" c', 'a "b" c'),
        ('"', '"'),
        ("100%", "100%"),
        ("%25C3", "%C3"),
        ("a+b", "a+b"),
    ],
)
def test_header_values(value: str, subject: str) -> None:
    """Values are unquoted, then percent-decoded once; raw UTF-8 is taken as it is."""
    assert content(binary(subject=value), LIMIT)["subject"] == subject


@pytest.mark.parametrize("value", ["%FF", "%ED%A0%80", "\udcff", "M\ufffdller"])
def test_header_not_utf8(value: str) -> None:
    """What is no UTF-8 after decoding, or was none before the client replaced it, is malformed."""
    given: dict[str, Any] = {**BINARY, "ce-subject": value}

    assert refusal(b"{}", *given.items()) == "headers: a ce- header is not UTF-8"
