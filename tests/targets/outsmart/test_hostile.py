"""Whatever events and answers hold: no secret and no parameter leaks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.targets.hostile import encoded, json_values
from tests.targets.outsmart.vendor import (
    BASE,
    JET,
    RECORD,
    SOFTWARE,
    TOKEN,
    TOKENS,
    created,
    event,
    outsmart,
    patched,
    said,
)
from tests.targets.walk import NOW, answer, failure, task, walked
from worker.errors import RejectedError, RetryableError, TargetError
from worker.sending.wire import Response
from worker.targets.base import Applied
from worker.targets.outsmart.calls import delete, find, post


def test_the_tokens_are_masked_everywhere() -> None:
    """The query is masked as a whole, and words of the vendor that quote a token lose it."""
    target = outsmart()
    request = target.request([find("C-1")], NOW)
    assert request.masked_query
    assert TOKEN not in repr(request) + repr(target.identity()) + repr(target.__dict__)
    assert request.masked(f"{TOKEN} {SOFTWARE}") == "*** ***"
    echo = f"bad {BASE}?token=t0k3n%26entity%3Duser&software_token={SOFTWARE} {TOKEN}"
    with pytest.raises(RejectedError) as caught:
        target.read([post(RECORD)], said(None, 1301, echo))
    assert caught.value.detail == f"OutSmart 1301: bad {BASE}?token=***&software_token=*** ***"


HOSTILE = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=255),
    st.sampled_from(
        [
            "1&delete_all=true",
            "entity",
            "key",
            "C-1&key=name",
            "true",
            "x&token=y",
            "../DeleteEntity",
            "%26key%3Dname",
            "#",
            "?",
        ]
    ),
)


@given(number=HOSTILE, subject=HOSTILE, text=HOSTILE)
def test_no_event_reaches_a_parameter_but_value(number: str, subject: str, text: str) -> None:
    """Whatever an event holds, tokens, entity, key and delete_all stay ours, and it travels only as `value`."""
    data = {"customer_number": number, "remote_id": text[:64], "status": text}
    for options in ({}, {"key_from": "subject"}):
        target = outsmart(**options)
        calls = [
            *walked(target, task(event("deleted", data, subject=subject)), [said(1)], spare=True).requests,
            *walked(
                target, task(event("updated", {**JET, **data}, subject=subject)), [said([]), said()], spare=True
            ).requests,
        ]
        for call in calls:
            wanted = "DeleteEntity/" if "delete_all" in dict(call.params) else "relations/"
            assert call.url == BASE + wanted
            names = [name for name, _ in call.params]
            assert len(names) == len(set(names))
            fixed = {name: value for name, value in call.params if name != "value"}
            assert fixed.items() <= {
                *TOKENS,
                ("delete_all", "false"),
                ("entity", "relation"),
                ("key", "debtor_number"),
                ("operator", "eq"),
                ("includeFreefields", "true"),
            }
            assert dict(call.params).get("value", number) in {number, subject}


@given(
    native=st.dictionaries(
        st.sampled_from(["token", "software_token", "test", "delete_all", "entity", "key", "value", "debtor_number"]),
        st.text(max_size=20),
        min_size=1,
    )
)
def test_no_native_field_is_a_parameter(native: dict[str, str]) -> None:
    """The names of query parameters are no native fields."""
    assert failure(walked(outsmart(), task(created(native={"outsmart": native})))).reason == "unmappable"


JSON = json_values("code", "messages", "response", "debtor_number", most=4)
ENVELOPE = st.fixed_dictionaries(
    {"code": st.sampled_from([200, 1007, 1300, 1301, 1600, 9999]) | JSON},
    optional={"messages": JSON | st.just([f"{TOKEN} {SOFTWARE}"]), "response": JSON},
)
BODIES = st.binary(max_size=200) | (JSON | ENVELOPE).map(encoded)


@given(
    status=st.sampled_from([200, 200, 201, 204, 301, 400, 401, 404, 429, 500, 503]),
    body=BODIES,
    steps=st.sampled_from(["post", "posts", "find", "delete"]),
)
def test_reading_never_breaks_and_tells_no_secret(status: int, body: bytes, steps: str) -> None:
    """Arbitrary answers give results or our own errors, and no message holds a token."""
    asked = {"post": [post(RECORD)], "posts": [post(RECORD)] * 3, "find": [find("C-1")], "delete": [delete("C-1")]}[
        steps
    ]
    told = ""
    try:
        assert len(outsmart().read(asked, Response(status, {}, body))) == len(asked)
    except TargetError as error:
        told = str(error)
    assert TOKEN not in told
    assert SOFTWARE not in told


@given(data=JSON)
def test_a_record_of_any_shape_can_be_merged(data: Any) -> None:
    """What the vendor shows may have any shape: the walk ends well or with an error of ours."""
    odd = data if isinstance(data, dict) else {"FreeFields": data, "name": data}
    shown = answer(encoded({"code": 200, "response": [{**RECORD, **odd, "debtor_number": "C-1"}]}))
    walk = walked(outsmart(), task(patched(status="x"), "C-1"), [shown, said(0), shown], spare=True)
    assert isinstance(walk.end, Applied | TargetError)


def test_deep_answers_do_no_harm() -> None:
    """An answer nested to the limit of the reader is judged like any other."""
    deep = b"[" * 900 + b"]" * 900
    shown = Response(
        200,
        {},
        b'{"code": 200, "response": [{"debtor_number": "C-1", "name": %b}, {"debtor_number": %b}]}' % (deep, deep),
    )
    assert isinstance(walked(outsmart(), task(created()), [said(0), shown]).end, RetryableError)
