"""The API, as programs use it."""

from typing import Any

import aiohttp
import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.console.house import BEARER, MEND, House, event, judged, unmappable
from worker.console.api.openapi import MODELS
from worker.console.routes import api


async def test_description(house: House) -> None:
    """The API describes itself in valid OpenAPI 3.1, every route with a summary and its refusals."""
    told = await house.ask("/api/openapi.json")
    OpenAPIV31SpecValidator(told).validate()

    routed = {(route.method.lower(), route.path.replace(":.+", "")) for route in api()}
    described = {(method, path) for path, methods in told["paths"].items() for method in methods}
    assert routed == described
    names = [one["operationId"] for methods in told["paths"].values() for one in methods.values()]
    assert len(set(names)) == len(names)
    assert all("401" in one["responses"] for methods in told["paths"].values() for one in methods.values())


def shape(name: str, value: dict[str, Any]) -> None:
    assert value.keys() == MODELS[name].keys()


async def test_answers_are_as_described(house: House) -> None:
    """What comes has exactly the members that the description promises."""
    await house.publish(event("1"), unmappable("2"))
    letter = (await house.letters())["e-2"]
    plan = await house.tell("/api/plans", {"select": {"ids": [letter]}, "why": "x"}, status=201)
    shape("Plan", plan)
    shape("Connection", (await house.ask("/api/connections"))[0])
    shape("Group", (await house.ask("/api/dead/groups"))[0])
    shape("Letter", await house.ask(f"/api/dead/letters/{letter}"))
    shape("Progress", await house.ask(f"/api/plans/{plan['id']}"))
    shape("Rehearsal", await house.ask(f"/api/plans/{plan['id']}/rehearsal"))
    shape("Delivery", (await house.ask("/api/events/e-1"))[0])
    shape("Relation", await house.ask("/api/relations/cust-1"))
    shape("Entry", (await house.ask("/api/audit"))[0])
    shape("Page", await house.ask("/api/dead/letters"))


async def test_publish_and_follow(house: House) -> None:
    """An event that is posted goes to the stream, and can be followed by its id, whatever that holds."""
    sent = event("1") | {"id": "a/b c?d"}
    told = await house.tell("/api/events", sent, status=202)
    assert told == {"id": "a/b c?d", "source": "/crm", "subject": "cust-1", "status": "/api/events/a%2Fb%20c%3Fd"}
    await house.heard.count(1)
    (found,) = await house.ask(told["status"])
    assert (found["connection"], found["state"], found["note"]) == ("acme", "applied", "created")
    assert (await house.ask("/api/relations/cust-1"))["states"][0]["remote_id"]


async def test_who_published_is_written_down(house: House) -> None:
    """The audit tells who published which event, and nothing of one that was refused."""
    await house.tell("/api/events", event("1"), status=202)
    await house.tell("/api/events", event("2") | {"type": "relation.exploded"}, status=422)
    (entry,) = await house.ask("/api/audit")

    assert (entry["who"], entry["action"]) == ("api (127.0.0.1)", "event.publish")
    assert entry["detail"] == {"id": "e-1", "source": "/crm", "subject": "cust-1", "type": "relation.created"}


async def test_publish_in_binary_mode(house: House) -> None:
    """The attributes of an event may travel in headers."""
    sent = event("1")
    data = orjson.dumps(sent.pop("data"))
    headers = {f"ce-{name}": value for name, value in sent.items()} | BEARER | {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as plain,
        plain.post(f"{house.url}/api/events", data=data, headers=headers) as got,
    ):
        assert (got.status, got.headers["Location"]) == (202, "/api/events/e-1")
    await house.heard.count(1)
    assert (await house.ask("/api/events/e-1"))[0]["state"] == "applied"


@pytest.mark.parametrize(
    ("sent", "reason", "said"),
    [
        ({}, "malformed", ""),
        ([event("1")], "malformed", "batches"),
        (event("1") | {"type": "relation.exploded"}, "unknown_type", "type"),
        (event("1", email="nobody"), "invalid_data", "email"),
    ],
)
async def test_broken_events_are_refused(house: House, sent: Any, reason: str, said: str) -> None:
    """An event that intake would refuse is refused here, with the same reason and detail."""
    problem = await house.tell("/api/events", sent, status=422)
    assert problem["reason"] == reason
    assert said in problem["detail"]
    assert problem["title"]


async def test_dead_letters_by_program(house: House) -> None:
    """Letters are grouped, listed page by page, discarded, brought back, exported and imported."""
    await house.publish(*(unmappable(str(number)) for number in range(3)))
    (group,) = await house.ask("/api/dead/groups")
    assert (group["count"], group["reason"], group["connections"]) == (3, "unmappable", ["acme"])
    first = await house.ask("/api/dead/letters?most=2")
    rest = await house.ask(f"/api/dead/letters?most=2&after={first['after']}")
    assert (len(first["letters"]), len(rest["letters"]), rest["after"]) == (2, 1, None)
    select = {"fingerprints": [group["fingerprint"]]}
    assert await house.tell("/api/dead/discard", {"select": select, "why": "tests"}) == {"discarded": 3}
    assert (await house.ask("/api/dead/letters?state=discarded"))["letters"][0]["why"] == "tests"
    assert await house.tell("/api/dead/undo", {"select": select}) == {"undone": 3}
    async with (
        aiohttp.ClientSession(headers=BEARER) as plain,
        plain.get(f"{house.url}/api/dead/export?subject=cust-1") as got,
    ):
        lines = await got.read()
        assert (got.content_type, lines.count(b"\n")) == ("application/x-ndjson", 1)
    async with (
        aiohttp.ClientSession(headers=BEARER) as plain,
        plain.post(f"{house.url}/api/dead/import", data=lines) as got,
    ):
        assert [len(names) for names in (await judged(got, 200)).values()] == [0, 1]
    async with (
        aiohttp.ClientSession(headers=BEARER) as plain,
        plain.post(f"{house.url}/api/dead/import", data=lines + b"{damaged\n") as got,
    ):
        assert got.status == 422
        problem = await got.json(content_type="application/problem+json")
        assert "Line 2" in problem["detail"]
        assert (problem["damaged"], problem["lines"]) == (1, [{"line": 2, "detail": "is not JSON"}])


async def test_everything_is_brought_back_only_when_that_is_said(house: House) -> None:
    """A selection that chooses by nothing brings nothing back, unless it says that everything is meant."""
    await house.publish(unmappable("1"), unmappable("2"))
    await house.tell("/api/dead/discard", {"everything": True, "why": "tests"})
    unsaid: list[dict[str, Any]] = [{}, {"select": {}}, {"everything": False}]
    for sent in unsaid:
        assert "Nothing is chosen by" in (await house.tell("/api/dead/undo", sent, status=422))["detail"]
    assert await house.letters() == {}
    assert await house.tell("/api/dead/undo", {"everything": True}) == {"undone": 2}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"why": "   "}, "why: must be at least 1 characters"),
        ({"why": "\n\t"}, "why: must be at least 1 characters"),
        ({"why": "x", "seconds": -1}, "seconds: a duration is seconds, or text like"),
        ({"why": "x", "seconds": "soon"}, "seconds: a duration is seconds, or text like"),
    ],
)
async def test_a_reason_says_something_and_a_duration_is_one(house: House, sent: Any, said: str) -> None:
    """Blanks are no reason, and what is wrong with a duration is told in words."""
    problem = await house.tell("/api/connections/acme/pause", sent, status=422)
    assert said in problem["detail"]
    assert (await house.ask("/api/connections/acme"))["paused"] is None


async def test_replay_by_program(house: House) -> None:
    """A replay is rehearsed, planned, applied and followed to its end; its letters are resolved."""
    await house.publish(*(unmappable(str(number)) for number in range(3)))
    terms = {"select": {"reasons": ["unmappable"]}, "why": "addresses came", "patch": [MEND], "rate": "100/s"}
    rehearsal = await house.tell("/api/plans/rehearse", terms)
    assert (rehearsal["letters"], rehearsal["verdicts"]) == (3, {"send": 3})
    assert '"street":"Kade"' in rehearsal["shown"][0]["request"]["request"]
    plan = (await house.tell("/api/plans", terms, status=201))["id"]
    await house.tell(f"/api/plans/{plan}/apply", {})
    await house.heard.count(6)
    assert (await house.ask(f"/api/plans/{plan}"))["counts"] == {"applied": 3}
    assert await house.letters() == {}
    assert (await house.tell(f"/api/plans/{plan}/apply", {}, status=409))["detail"].endswith("is applied once.")


async def test_plan_held_by_program(house: House) -> None:
    """A plan is paused, resumed and cancelled; in a state that does not allow it nothing happens."""
    await house.publish(unmappable("1"))
    await house.tell("/api/connections/acme/pause", {"why": "so that nothing moves", "seconds": "1h"})
    plan = (await house.tell("/api/plans", {"everything": True, "why": "x"}, status=201))["id"]
    await house.tell(f"/api/plans/{plan}/pause", {}, status=409)
    for action, state in (("apply", "running"), ("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert (await house.tell(f"/api/plans/{plan}/{action}", {}))["state"] == state
    assert [one["id"] for one in await house.ask("/api/plans")] == [plan]
    resumed = await house.tell("/api/connections/acme/resume", {})
    assert (resumed["connection"], resumed["action"]) == ("acme", "resume")


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/api/plans", {"why": "x"}, 422),
        ("/api/plans", {"everything": True}, 422),
        ("/api/plans", {"everything": True, "why": "x"}, 404),
        ("/api/plans", {"everything": True, "why": "x", "canary": -1}, 422),
        ("/api/plans", {"everything": True, "why": "x", "rate": "fast"}, 422),
        ("/api/plans", {"select": {"reason": ["rejected"]}, "why": "x"}, 422),
        ("/api/plans", [], 422),
        ("/api/dead/discard", {"select": {"ids": ["no-such"]}, "why": "x"}, 404),
        ("/api/dead/discard", {"select": {"ids": ["no-such"]}}, 422),
        ("/api/dead/undo", {"select": {"ids": ["no-such"]}}, 404),
        ("/api/plans/no-such/apply", {}, 404),
        ("/api/plans/no-such/apply", {"surprise": 1}, 422),
        ("/api/connections/nobody/pause", {"why": "x"}, 404),
        ("/api/connections/acme/pause", {"why": "x", "seconds": "soon"}, 422),
        ("/api/connections/acme/pause", {}, 422),
    ],
)
async def test_what_cannot_be_done(house: House, path: str, sent: Any, status: int) -> None:
    """What is unknown, or makes no sense, is a problem document, and changes nothing."""
    problem = await house.tell(path, sent, status=status)
    assert problem["status"] == status
    assert problem["detail"]
    assert await house.ask("/api/audit") == []


async def test_unknown_things_by_program(house: House) -> None:
    """What is not there is a problem of status 404; so is an address that is none."""
    for path in ("dead/letters/x", "plans/x", "plans/x/rehearsal", "events/x", "relations/x", "connections/x", "x"):
        await house.ask(f"/api/{path}", status=404)
    await house.tell("/api/audit", {}, status=405)
    await house.ask("/api/audit?most=0", status=400)


async def test_bodies_that_are_no_json(house: House) -> None:
    """A body that is no JSON, or does not say that it is, is refused."""
    for body, kind, status in ((b"{", "application/json", 400), (b"{}", "text/plain", 415)):
        headers = {**BEARER, "Content-Type": kind}
        async with (
            aiohttp.ClientSession() as plain,
            plain.post(f"{house.url}/api/plans", data=body, headers=headers) as got,
        ):
            assert (got.status, got.content_type) == (status, "application/problem+json")
