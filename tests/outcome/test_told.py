from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cloudevent import Event
from schemas.dead_letter import DeadLettered
from schemas.relation import data_model
from schemas.result import Applied as AppliedResult
from schemas.result import ResultAttributes
from schemas.result import Superseded as SupersededResult
from worker.delivery.attempt import Fold
from worker.delivery.held import Held, hold
from worker.delivery.settle import Settler
from worker.errors import RejectedError, RetryableError, WorkerError
from worker.journal.rows import Delivery, KnownRelation, Received, Try
from worker.outcome.case_file import BODY_LIMIT, ORIGINAL_LIMIT
from worker.outcome.ending import Burial, End, LastCall, Success, Superseded
from worker.outcome.result import Teller
from worker.sending.wire import Request, Response
from worker.targets.base import Applied

CAME = datetime(2026, 3, 2, 8, 15, 4, 131000, tzinfo=UTC)
ENDED = CAME + timedelta(seconds=2)
SECRET = "7Kq-secret-9zX"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def held(body: bytes = b"{}", headers: tuple[tuple[str, str], ...] = ()) -> Held:
    data = data_model("party", "create").model_validate({"kind": "party", "party_type": "organization", "name": "N"})
    event = Event.model_construct(
        specversion="1.0",
        id="e-1",
        source="/crm",
        type="relation.created",
        subject="s",
        time=CAME,
        sequence="42",
        expirytime=None,
        correlationid="c",
        causationid="upstream",
        traceparent=TRACE,
        tracestate=None,
        target=None,
        extensions={"partitionkey": "p"},
        data=data,
    )
    received = Received("RELATIONS", 7, "relation.created", CAME, headers, body)
    return hold(Delivery("acme", 1, "/crm", "s", "e-1", b"d", "create", received), event)


def told(end: End, one: Held | None = None) -> dict[str, Any]:
    """Return the event that is told of an end."""
    settler = Settler("acme", "outsmart", "outsmart/1", Teller("main", "1.0.0"))
    event: dict[str, Any] = orjson.loads(settler.ended(one or held(), "create", end, ENDED).result)
    return event


def burial(error: WorkerError | None = None, **more: Any) -> Burial:
    return Burial(error or RejectedError("OutSmart 1300: insert failed", reason="rejected", code="1300"), **more)


def call(text: str = SECRET, secrets: tuple[str, ...] = (SECRET,), *, masked_query: bool = False) -> LastCall:
    request = Request(
        "POST",
        "https://vendor.example/x",
        (("token", text), ("q", "1")),
        {"ApiKey": text},
        text.encode(),
        secrets,
        masked_query=masked_query,
    )
    return LastCall(request, Response(401, {"x-echo": text}, f"you said {text}".encode(), 0.4, ENDED))


@pytest.mark.parametrize(
    ("end", "model"),
    [
        (Success(Applied("created", "C-1", ("language",), ("odd",)), ("e-0",)), AppliedResult),
        (Superseded("stale", None, "43"), SupersededResult),
        (Superseded("merged", "e-2"), SupersededResult),
        (burial(last_call=call(), tries=(Try(CAME, 0.1, 1, "retry", 500, "x"),)), DeadLettered),
    ],
)
def test_results_fit_the_contract(end: End, model: Any) -> None:
    """Whatever ended, its event has the attributes and the data that are published."""
    event = told(end)
    data = event.pop("data")

    ResultAttributes.model_validate(event)
    model.model_validate(data)
    assert (event["causationid"], event["correlationid"], event["traceparent"]) == ("e-1", "c", TRACE)
    assert (event["partitionkey"], event["connection"], event["subject"]) == ("p", "acme", "s")


def test_the_same_outcome_has_the_same_id() -> None:
    """A repeat of a result can be known by its id; another outcome of the event has another."""
    assert told(Superseded("stale", None))["id"] == told(Superseded("stale", None))["id"]
    assert told(Superseded("stale", None))["id"] != told(burial())["id"]


def test_time_is_split_into_waiting_and_calls() -> None:
    """What was not spent inside calls was spent waiting."""
    one = held()
    one.sent_seconds = 0.5
    timings = told(Success(Applied("created", "C-1")), one)["data"]["timings"]

    assert (timings["waited_seconds"], timings["sent_seconds"]) == (1.5, 0.5)


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=6, max_size=40), st.booleans())
def test_no_secret_is_told(secret: str, masked_query: bool) -> None:
    """A secret that was sent, answered or named in an error stands nowhere in the case."""
    secret = f"S{secret}"
    error = RejectedError(f"it answered {secret}", reason="rejected")
    case = told(burial(error, last_call=call(secret, (secret,), masked_query=masked_query)))["data"]

    assert secret not in orjson.loads(orjson.dumps(case["last_call"]))["request"]
    for text in (
        case["detail"],
        case["last_call"]["url"],
        case["last_call"]["response"],
        *case["last_call"]["headers"].values(),
    ):
        assert secret not in text


def test_a_secret_at_the_cut_is_not_half_shown() -> None:
    """Bodies are masked before they are cut."""
    padding = "x" * (BODY_LIMIT - 4)
    case = told(burial(last_call=call(padding + SECRET)))["data"]

    assert SECRET[:4] not in case["last_call"]["request"]


def test_the_original_is_cut_and_counted() -> None:
    """A large input is told in part, with the size and digest of the whole; bytes that are no text as base64."""
    large = told(burial(), held(b"a" * (ORIGINAL_LIMIT + 5)))["data"]["original"]
    odd = told(burial(), held(b"\xff\xfe"))["data"]["original"]

    assert (large["cut"], large["size"], len(large["body"])) == (True, ORIGINAL_LIMIT + 5, ORIGINAL_LIMIT)
    assert (odd["cut"], odd["body_base64"]) == (False, "//4=")


@pytest.mark.parametrize(
    ("headers", "mode"),
    [
        ((), "structured"),
        ((("Content-Type", "application/json"),), "structured"),
        ((("Ce-Specversion", "1.0"),), "binary"),
        ((("Ce-Specversion", ""), ("Content-Type", "application/json")), "binary"),
        ((("Ce-Specversion", "1.0"), ("Content-Type", "application/cloudevents+json")), "structured"),
    ],
)
def test_mode_of_the_original(headers: tuple[tuple[str, str], ...], mode: str) -> None:
    """The mode that is told is the one by which intake read the message."""
    assert told(burial(), held(headers=headers))["data"]["original"]["mode"] == mode


def test_absorbed_events_are_told_by_their_carrier() -> None:
    """Each absorbed event has an outcome that names its carrier, and the carrier names them."""
    settler = Settler("acme", "outsmart", "outsmart/1", Teller("main", "1.0.0"))
    first, last = held(), held()
    fold = Fold((first, last), "create", last.event.data)
    settled = settler.applied(fold, Applied("created", "C-1"), KnownRelation(None, None), ENDED)
    data = [orjson.loads(each.result)["data"] for each in settled]

    assert [each["outcome"] for each in data] == ["superseded", "applied"]
    assert data[0]["superseded"] == {"why": "merged", "by": "e-1"}
    assert data[1]["absorbed"] == ["e-1"]


def test_attempts_count_the_one_that_succeeded() -> None:
    """What ended well after two failures took three attempts."""
    one = held()
    one.attempts = 2

    assert told(Success(Applied("created", "C-1")), one)["data"]["attempts"] == 3
    assert told(burial(RetryableError("HTTP 500")), one)["data"]["attempts"] == 2
