from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from schemas.result import Effect
from tests.targets.walk import Walk, task, walked_over
from worker.errors import (
    ClosedError,
    RateLimitedError,
    RetryableError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sandbox.faults import Fault
from worker.sandbox.server import Running, sandboxes
from worker.sending.wire import Request, Response, Send
from worker.targets.base import Applied, Target
from worker.targets.registry import TARGETS


@dataclass(frozen=True)
class Case:
    """One target's part in the suite: what is created, changed and deleted, and how that ends there."""

    created: Mapping[str, Any]
    updated: Mapping[str, Any]
    deleted: Mapping[str, Any]
    operation: str  # what the sandbox calls the call that creates
    options: Mapping[str, Any]
    changed: Effect = "updated"
    removed: Effect = "deleted"
    again: Effect = "absent"


LINK = {"kind": "link", "parents": [{"record_id": 417}], "children": [{"record_id": 8102}]}
PERSON = {"kind": "party", "party_type": "person"}
ADDRESS = {"street": "Kade", "house_number": "7", "postal_code": "9711AB", "city": "Groningen", "country_code": "NL"}

CASES: Mapping[str, Case] = {
    "onoffice": Case(
        created=LINK | {"relation_type": "estate:address:owner"},
        updated={"kind": "link", "children": [{"record_id": 8103}]},
        deleted={"kind": "link"},
        operation="create",
        options={},
        changed="replaced",
    ),
    "superoffice": Case(
        created=LINK | {"relation_type": "5", "comment": "holding"},
        updated={"kind": "link", "comment": None, "direction": "reversed"},
        deleted={"kind": "link"},
        operation="create",
        options={},
    ),
    "outsmart": Case(
        created=PERSON | {"customer_number": "C-1", "family_name": "Visser", "given_name": "Jet", "address": ADDRESS},
        updated=PERSON | {"telephone": "0501234567"},
        deleted=PERSON,
        operation="upsert",
        options={},
    ),
    "silvasoft": Case(
        created=PERSON | {"customer_number": "5012", "family_name": "Visser", "given_name": "Jet", "address": ADDRESS},
        updated=PERSON | {"telephone": "0501234567"},
        deleted=PERSON,
        operation="create",
        options={"on_delete": "deactivate"},
        removed="deactivated",
        again="deactivated",
    ),
}


@pytest.fixture(params=sorted(CASES))
async def running(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    """Serve a vendor of each kind on a socket."""
    async with sandboxes(request.param) as found:
        yield found[request.param]


@pytest.fixture
async def send() -> AsyncIterator[Send]:
    """Return a client that does nothing but send."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def sent(request: Request) -> Response:
            try:
                async with session.request(
                    request.method,
                    request.url,
                    params=request.params,
                    headers=request.headers,
                    data=request.body,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(5),
                ) as answer:
                    headers = {name.lower(): value for name, value in answer.headers.items()}
                    return Response(answer.status, headers, await answer.read())
            except (aiohttp.ClientError, TimeoutError) as error:
                raise UnknownOutcomeError("the connection broke") from error

        yield sent


def connected(running: Running, **options: Any) -> Target:
    entry = TARGETS[running.name]
    return entry.target(entry.settings.model_validate({**running.settings, **CASES[running.name].options, **options}))


def event(verb: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": f"e-{verb}", "type": f"relation.{verb}", "subject": "s-1", "data": dict(data)}


def ended(walk: Walk) -> Applied:
    assert isinstance(walk.end, Applied), (walk.end, walk.pauses)
    return walk.end


async def created(running: Running, send: Send, target: Target) -> Applied:
    return ended(await walked_over(send, target, task(event("created", CASES[running.name].created))))


async def test_life(running: Running, send: Send) -> None:
    """A relation is created, changed and deleted, and the vendor shows it at each moment."""
    case, target = CASES[running.name], connected(running)
    first = await created(running, send, target)
    assert first.effect == "created"
    assert len(running.sandbox.state()) == 1
    before = running.sandbox.state()

    second = ended(await walked_over(send, target, task(event("updated", case.updated), first.remote_id)))
    assert second.effect == case.changed
    assert len(running.sandbox.state()) == 1
    assert running.sandbox.state() != before

    third = ended(await walked_over(send, target, task(event("deleted", case.deleted), second.remote_id)))
    assert third.effect == case.removed
    assert len(running.sandbox.state()) == (case.removed == "deactivated")

    fourth = ended(await walked_over(send, target, task(event("deleted", case.deleted), second.remote_id)))
    assert fourth.effect == case.again


async def test_natural_key(running: Running, send: Send) -> None:
    """A relation that the journal does not know is not made twice by its update."""
    target = connected(running)
    await created(running, send, target)
    given = task(event("updated", CASES[running.name].created))

    end = ended(await walked_over(send, target, given))

    assert end.effect in {"updated", "unchanged"}
    assert len(running.sandbox.state()) == 1


async def test_cut_after_the_write(running: Running, send: Send) -> None:
    """A create that was done before the connection broke is not done again."""
    target = connected(running)
    running.sandbox.spoil(Fault(kind="reset", operation=CASES[running.name].operation, applied="first", times=1))

    walk = await walked_over(send, target, task(event("created", CASES[running.name].created)))
    if not isinstance(walk.end, Applied):  # a repeatable step, which the dispatcher just repeats
        walk = await walked_over(send, target, task(event("created", CASES[running.name].created)))

    assert ended(walk).effect in {"created", "updated"}
    assert len(running.sandbox.state()) == 1
    assert sum(effect.kind == "create" for effect in running.sandbox.effects.all()) == 1


async def test_cut_before_the_write(running: Running, send: Send) -> None:
    """A create that was not done before the connection broke is done."""
    target = connected(running)
    running.sandbox.spoil(Fault(kind="reset", operation=CASES[running.name].operation, applied="no", times=1))

    walk = await walked_over(send, target, task(event("created", CASES[running.name].created)))
    if not isinstance(walk.end, Applied):
        walk = await walked_over(send, target, task(event("created", CASES[running.name].created)))

    assert ended(walk).effect == "created"
    assert len(running.sandbox.state()) == 1


async def test_too_fast(running: Running, send: Send) -> None:
    """A refusal for speed pauses and costs nothing: the same step comes again."""
    target = connected(running)
    running.sandbox.spoil(Fault(kind="answer", operation=CASES[running.name].operation, status=429, times=1))

    walk = await walked_over(send, target, task(event("created", CASES[running.name].created)), pauses=1)

    assert [type(pause) for pause in walk.pauses] == [RateLimitedError]
    assert ended(walk).effect == "created"


@pytest.mark.parametrize("kind", ["html", "answer"])
async def test_server_errors(running: Running, send: Send, kind: Any) -> None:
    """A page or a server's error is never taken for success, nor for a reason to bury."""
    target = connected(running)
    running.sandbox.spoil(
        Fault(kind=kind, operation=CASES[running.name].operation, status=500 if kind == "answer" else 200)
    )

    walk = await walked_over(send, target, task(event("created", CASES[running.name].created)))

    assert isinstance(walk.end, RetryableError | UnknownOutcomeError)
    assert running.sandbox.effects.all() == []


async def test_wrong_credentials(running: Running, send: Send) -> None:
    """Credentials that fail pause the connection and bury nothing."""
    secret = next(name for name in ("secret", "system_user_token", "token", "api_key") if name in running.settings)

    walk = await walked_over(
        send, connected(running, **{secret: "wrong"}), task(event("created", CASES[running.name].created))
    )

    assert walk.end is None
    assert [type(pause) for pause in walk.pauses] == [UnauthorizedError]


async def test_probe(running: Running, send: Send) -> None:
    """A probe changes nothing, and tells right credentials from wrong ones."""
    target = connected(running)
    await created(running, send, target)
    before = running.sandbox.effects.count
    step = target.probe()

    answers = target.read([step], await send(target.request([step], datetime.now(UTC))))

    assert not isinstance(answers[0], ClosedError)
    assert running.sandbox.effects.count == before
