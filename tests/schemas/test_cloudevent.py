from typing import Any

import pytest
from pydantic import ValidationError

from schemas.cloudevent import Attributes, Event, event_model
from schemas.problem import detail
from schemas.relation import LinkUpdated, PartyCreated
from tests.schemas.examples import LINK, PERSON

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/crm",
    "type": "relation.created",
    "subject": "cust-1",
    "time": "2026-03-02T09:15:04.120+01:00",
}


def refusal(**changes: Any) -> str:
    """Return what is wrong with the attributes; nothing where they are right."""
    try:
        Attributes.model_validate({**EVENT, **changes})
    except ValidationError as error:
        return detail(error)
    return ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"specversion": "0.3"}, "specversion: must be '1.0'"),
        ({"id": ""}, "id: must be at least 1 characters"),
        ({"id": "a" * 256}, "id: must be at most 255 characters"),
        ({"id": 7}, "id: must be text"),
        ({"id": "a\n"}, "id: may hold no control characters"),
        ({"id": "\ud800"}, "id: must be text without lone surrogates"),
        ({"source": "a b"}, "source: must be a URI reference, without blanks, quotes and brackets"),
        ({"source": "urn:müller:1"}, ""),
        ({"subject": "Müller GmbH"}, ""),
        ({"time": "2026-03-02T09:15:04"}, "time: must be an RFC 3339 timestamp with an offset"),
        ({"time": "2026-03-02"}, "time: must be an RFC 3339 timestamp with an offset"),
        ({"time": "2026-03-02T09:15:04+24:00"}, "time: must be an RFC 3339 timestamp with an offset"),
        ({"time": "2026-02-30T09:15:04Z"}, "time: must be a moment that exists"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time: must be a moment that exists"),
        ({"time": 1760000000}, "time: must be an RFC 3339 timestamp with an offset"),
        ({"time": "2026-03-02t09:15:04.123456789z"}, ""),
        ({"time": "2016-12-31T23:59:60Z"}, ""),
        ({"time": "9999-12-31T22:58:60-01:00"}, ""),
        ({"time": "9999-12-31T22:59:60-01:00"}, "time: must be a moment that exists"),
        ({"time": "0001-01-01T00:58:60+01:00"}, "time: must be a moment that exists"),
        ({"time": "0001-01-01T00:59:60+01:00"}, ""),
        ({"expirytime": "9999-12-31T23:59:59Z"}, ""),
        ({"dataschema": "https://schemas.example/customer"}, ""),
        ({"sequence": 42}, "sequence: must be text"),
        ({"sequence": "1" * 65}, "sequence: must be at most 64 characters"),
        ({"target": ["acme"]}, "target: must be text of at most 4096 characters, names with commas between"),
        ({"target": " , "}, "target: must name a connection"),
        ({"target": ",".join(f"a{n}" for n in range(33))}, "target: must name at most 32 connections"),
        (
            {"extensions": {"a": 2**31}},
            "extensions.a: must be true, false, a 32-bit whole number or text of at most 1024 characters",
        ),
        (
            {"extensions": {"a": 1.5}},
            "extensions.a: must be true, false, a 32-bit whole number or text of at most 1024 characters",
        ),
        (
            {"extensions": {"a": "\x7f"}},
            "extensions.a: must be true, false, a 32-bit whole number or text of at most 1024 characters",
        ),
        (
            {"extensions": {"Upper": "a"}},
            "extensions: an attribute's name must be 1 to 64 lower-case letters and digits",
        ),
        ({"extensions": {f"a{n}": n for n in range(33)}}, "extensions: at most 32 attributes beyond the contract's"),
        ({"extensions": {"a": True, "b": -(2**31), "c": ""}}, ""),
    ],
)
def test_attributes(changes: dict[str, Any], expected: str) -> None:
    """Each attribute is held to its limits, and the refusal names it and the rule."""
    assert refusal(**changes) == expected


def test_leap_second() -> None:
    """A leap second is the second after it."""
    assert (
        str(Attributes.model_validate({**EVENT, "time": "2016-12-31T23:59:60.5Z"}).time)
        == "2017-01-01 00:00:00.500000+00:00"
    )


def test_target_is_read_as_names() -> None:
    """Blanks around names are trimmed, and a name stands once."""
    read = Attributes.model_validate({**EVENT, "target": " acme-a ,acme-b,, acme-a"})

    assert read.target == ("acme-a", "acme-b")


def test_extensions_keep_their_types() -> None:
    """Unknown attributes are kept as they were given."""
    given = {"a": True, "b": 1, "c": "1"}

    assert list(map(type, Attributes.model_validate({**EVENT, "extensions": given}).extensions.values())) == [
        bool,
        int,
        str,
    ]


@pytest.mark.parametrize(
    ("type_", "operation"),
    [
        ("relation.created", "create"),
        ("relation.updated.v1", "update"),
        ("com.acme.relation.deleted", "delete"),
    ],
)
def test_operation(type_: str, operation: str) -> None:
    """The type says what is to be done, with or without prefix and version."""
    data = LinkUpdated.model_validate({"kind": "link"})
    event = Event.model_validate({**EVENT, "type": type_, "data": data})

    assert (event.operation, event.kind) == (operation, "link")


def test_whole_event() -> None:
    """A whole document can be checked at once by the model of its kind and operation."""
    event = event_model("party", "create").model_validate({**EVENT, "data": PERSON})

    assert isinstance(event.data, PartyCreated)
    with pytest.raises(ValidationError):
        event_model("link", "create").model_validate({**EVENT, "data": {**LINK, "parents": []}})


def test_event_is_frozen() -> None:
    """An event does not change once it is read."""
    event = event_model("party", "create").model_validate({**EVENT, "data": PERSON})

    with pytest.raises(ValidationError):
        event.id = "e-2"  # type: ignore[misc] # that it is forbidden is what is tested


def test_every_attribute_is_described() -> None:
    """Each attribute says in the model what it means and where it comes from."""
    for name, field in Event.model_fields.items():
        assert "Source: " in (field.description or ""), name
