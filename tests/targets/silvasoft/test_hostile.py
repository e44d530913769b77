"""Whatever events and answers hold: no secret and no parameter leaks."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.targets.hostile import encoded, json_values
from tests.targets.silvasoft.vendor import (
    ADDRESS,
    BASE,
    HEADERS,
    JET,
    KEY,
    SHOWN,
    STEPS,
    deleted,
    event,
    person,
    refused,
    silvasoft,
    unnumbered,
)
from tests.targets.walk import NOW, answer, task, walked
from worker.errors import RejectedError, TargetError
from worker.sending.wire import Response
from worker.targets.base import Applied


def test_the_key_is_never_shown() -> None:
    """The key is masked in requests, and words of the vendor that quote it lose it."""
    target = silvasoft()
    request = target.request([STEPS["find"]], NOW)
    assert KEY not in repr(request) + repr(target.identity()) + repr(target.__dict__)
    assert request.masked(f"key {KEY}") == "key ***"
    with pytest.raises(RejectedError) as caught:
        target.read([STEPS["create"]], refused(KEY, f"bad\n{KEY}"))
    assert caught.value.detail == "Silvasoft ***: bad ***"


HOSTILE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=100) | st.sampled_from(
    ["&RelationType=All", "x@y&ApiKey=z", "../updaterelation/", "%26", "#", "?Limit=200", "0"]
)


@given(number=HOSTILE, remote=HOSTILE, name=HOSTILE)
def test_no_event_reaches_address_headers_or_another_parameter(number: str, remote: str, name: str) -> None:
    """Whatever an event holds, it travels in the body or as the value of one look-up, and ids are plain numbers."""
    data = {**JET, "customer_number": number, "family_name": name, "email": "a@b.example&x=y"}
    target = silvasoft(look_before_create="always", on_delete="deactivate")
    events = [
        event("created", data),
        event("updated", {**data, "remote_id": remote[:64]}),
        deleted(customer_number=number, remote_id=remote[:64]),
    ]
    for given_event in events:
        for call in walked(target, task(given_event), [answer([])] * 8, spare=True).requests:
            assert call.url in {BASE + path for path in ("addprivaterelation/", "updaterelation/", "listrelations/")}
            assert dict(call.headers) == HEADERS
            assert len(call.params) == (1 if call.method == "GET" else 0)
            for key, value in call.params:
                assert key in {"RelationNumber", "RelationEmail", "RelationGUID"}
                assert value.isdecimal() or (key, value) == ("RelationEmail", data["email"])
            body = orjson.loads(call.body) if call.body else {}
            assert body.get("CustomerNumber", 1) != 0
            assert isinstance(body.get("RelationGUID", 1), int)


JSON = json_values("errorCode", "errorMessage", *SHOWN, "Relation_Contact", "Email", "Address_PostalCode", most=5)
BODIES = (
    st.binary(max_size=200)
    | JSON.map(encoded)
    | st.just(KEY.encode())
    | st.just(encoded({"errorCode": "x", "errorMessage": KEY}))
)


@given(
    status=st.sampled_from([200, 200, 201, 204, 301, 400, 401, 404, 429, 500, 503]),
    body=BODIES,
    asked=st.sampled_from(sorted(STEPS)),
)
def test_reading_never_breaks_and_tells_no_secret(status: int, body: bytes, asked: str) -> None:
    """Arbitrary answers give a result or our own errors, and no message holds the key."""
    told = ""
    try:
        assert len(silvasoft().read([STEPS[asked]], Response(status, {}, body, at=NOW))) == 1
    except TargetError as error:
        told = str(error)
    assert KEY not in told


@given(rows=st.lists(JSON, max_size=3), number=st.booleans())
def test_a_relation_of_any_shape_can_be_judged(rows: list[Any], *, number: bool) -> None:
    """Whatever the vendor shows of a relation, the walk ends well or with an error of ours."""
    odd = [
        {**(row if isinstance(row, dict) else {"Relation_Contact": row, "Name": row}), "RelationGUID": 5}
        for row in rows
    ]
    response = Response(200, {}, encoded(odd), at=NOW)
    given_event = (
        person(address=ADDRESS, email="a@b.example") if number else unnumbered(address=ADDRESS, email="a@b.example")
    )
    for in_doubt in (False, True):
        walk = walked(silvasoft(), task(given_event, in_doubt=in_doubt), [response] * 8, spare=True)
        assert isinstance(walk.end, Applied | TargetError)


def test_deep_answers_do_no_harm() -> None:
    """An answer nested to the limit of the reader is judged like any other."""
    deep = b"[" * 900 + b"]" * 900
    with pytest.raises(RejectedError):
        silvasoft().read([STEPS["create"]], Response(200, {}, b'{"errorCode": %b}' % deep))
    odd = Response(
        200, {}, b'[{"RelationGUID": 7, "CustomerNumber": 5012, "Name": %b, "IsCustomer": %b}]' % (deep, deep)
    )
    assert walked(silvasoft(), task(person()), [odd]).end == Applied("created", "7")
