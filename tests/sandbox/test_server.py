import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import ClientSession, ServerDisconnectedError

from tests.sandbox.waiting import Hands, until
from worker.sandbox.outsmart import OutSmart
from worker.sandbox.quota import Quota
from worker.sandbox.sandbox import Limits, Sandbox
from worker.sandbox.server import Running, running, sandboxes, serve

RECORD = {"debtor_number": "C-1", "name": "A", "street": "B", "postal_code": "1", "city": "C"}


async def upsert(
    client: ClientSession, there: Running, number: str = "C-1", **change: str
) -> tuple[int, Mapping[str, str]]:
    tokens = {name: there.settings[name] for name in ("token", "software_token")}
    record = {**RECORD, "debtor_number": number, **change}
    async with client.post(f"{there.base_url}relations/", params=tokens, json=[record]) as answer:
        return answer.status, answer.headers


async def admin(client: ClientSession, there: Running, method: str, path: str, body: Any = None, **query: Any) -> Any:
    async with client.request(method, f"{there.root}/_sandbox/{path}", json=body, params=query) as answer:
        return await answer.json()


async def test_all_four() -> None:
    """Without arguments all four start, on ports of their own, with secrets of their own."""
    async with sandboxes() as found, sandboxes("outsmart") as other:
        assert {"onoffice", "superoffice", "outsmart", "silvasoft"} == found.keys()
        assert len({there.root for there in found.values()}) == 4
        assert all(there.settings["target"] == name for name, there in found.items())
        assert found["outsmart"].settings["token"] != other["outsmart"].settings["token"]
        assert found["outsmart"].settings["token"] not in repr(found["outsmart"])


async def test_two_of_one_vendor() -> None:
    """Two sandboxes of one vendor need two names."""
    async with sandboxes(("here", Sandbox(OutSmart())), ("there", Sandbox(OutSmart()))) as found:
        assert list(found) == ["here", "there"]
    with pytest.raises(ValueError, match="two sandboxes"):
        async with sandboxes("outsmart", "outsmart"):
            pass


@pytest.mark.parametrize(
    ("hint", "header"), [("seconds", "Retry-After"), ("draft10", "RateLimit"), ("x", "X-RateLimit-Reset")]
)
async def test_quota(client: ClientSession, hands: Hands, hint: Any, header: str) -> None:
    """A call over the quota is refused in the vendor's way, changes nothing and is counted."""
    sandbox = Sandbox(OutSmart(), Limits.of("2/s", "3/min", hint=hint), clock=hands.clock())
    async with running(sandbox) as there:
        seen: list[int] = []
        for step in (0, 0.5, 0.4, 0.1, 0.9, 58.1):
            hands.move(step)
            status, headers = await upsert(client, there, f"C-{len(seen)}")
            seen.append(status)
            assert (header in headers) is (status == 429)

        assert seen == [200, 200, 429, 200, 429, 200]
        assert (sandbox.calls.refused, sandbox.calls.count) == (2, 6)
        assert list(sandbox.state()) == ["C-0", "C-1", "C-3", "C-5"]


async def test_worst_window(client: ClientSession, hands: Hands) -> None:
    """The fullest window of any length is a share of the quota, refused calls included."""
    sandbox = Sandbox(OutSmart(), clock=hands.clock())
    async with running(sandbox) as there:
        for step in (0, 0.5, 0.5, 0.25, 5):
            hands.move(step)
            await upsert(client, there)

        assert [sandbox.calls.worst_window(*quota) for quota in ((5, 1), (2, 1.1), (5, 100))] == [0.6, 1.5, 1.0]
        assert await admin(client, there, "GET", "worst", quota="2/1.1s") == {"quota": "2/1.1s", "worst": 1.5}


async def test_announced_quota(client: ClientSession, hands: Hands) -> None:
    """Good answers can carry what is left."""
    limits = Limits((Quota(5, 1),), announce="draft10")
    async with running(Sandbox(OutSmart(), limits, clock=hands.clock())) as there:
        left = [(await upsert(client, there))[1]["RateLimit"] for _ in range(2)]

        assert left == ['"burst";r=4;t=1', '"burst";r=3;t=1']


async def test_effect_log(client: ClientSession, hands: Hands) -> None:
    """The log says for each record what was done, when, by which call, and whether it changed anything."""
    sandbox = Sandbox(OutSmart(), clock=hands.clock())
    async with running(sandbox) as there:
        for number, name in (("C-1", "A"), ("C-2", "B"), ("C-1", "A"), ("C-1", "Z")):
            await upsert(client, there, number, name=name)
            hands.move(1)

        log = sandbox.effects
        assert [(each.kind, each.call, bool(each.changed)) for each in log.of("C-1")] == [
            ("create", 1, True),
            ("update", 3, False),
            ("update", 4, True),
        ]
        assert {key: len(found) for key, found in log.by_key().items()} == {"C-1": 3, "C-2": 1}
        assert [each.sequence for each in log.all(after=2)] == [3, 4]
        assert [each.moment for each in log.all()] == [1_000.0, 1_001.0, 1_002.0, 1_003.0]
        assert log.all()[0].time.isoformat() == "2026-09-21T14:13:20.500000+00:00"
        assert [each.moment - log.all()[0].moment for each in log.all(after=1)] == [1.0, 2.0, 3.0]


async def test_logs_can_be_bounded(client: ClientSession) -> None:
    """A bounded log forgets its oldest lines, not its counts."""
    sandbox = Sandbox(OutSmart(), keep=2)
    async with running(sandbox) as there:
        for number in range(5):
            await upsert(client, there, f"C-{number}")

        assert (sandbox.effects.count, len(sandbox.effects.all())) == (5, 2)
        assert (sandbox.calls.count, len(sandbox.calls.all())) == (5, 2)


async def test_admin(client: ClientSession) -> None:
    """From outside all logs can be read, faults and limits set, and everything begun anew."""
    async with sandboxes("outsmart") as found:
        there = found["outsmart"]
        await upsert(client, there)
        effects = await admin(client, there, "GET", "effects", key="C-1")
        calls = await admin(client, there, "GET", "calls")

        assert [each["kind"] for each in effects] == ["create"]
        assert ([each["method"] for each in calls], [each["status"] for each in calls]) == (["POST"], [200])
        assert there.settings["token"] not in str(calls)
        assert list(await admin(client, there, "GET", "state")) == ["C-1"]
        assert await admin(client, there, "GET", "effects", after=1) == []

        rule = await admin(client, there, "POST", "faults", {"kind": "answer", "status": 500})
        assert (await upsert(client, there))[0] == 500
        assert [each["fired"] for each in await admin(client, there, "GET", "faults")] == [1]
        assert await admin(client, there, "DELETE", "faults", number=rule["number"]) == {"removed": True}
        assert (await upsert(client, there))[0] == 200

        await admin(client, there, "POST", "limits", {"quotas": ["1/h"], "hint": "date"})
        assert [(await upsert(client, there))[0] for _ in range(2)] == [200, 429]
        summary = await admin(client, there, "GET", "")
        assert (summary["calls"], summary["refused"], summary["records"]) == (5, 1, 1)
        assert (await admin(client, there, "POST", "reset"))["calls"] == 0
        assert there.sandbox.state() == {}


@pytest.mark.parametrize(
    ("method", "path", "body", "query"),
    [
        ("POST", "faults", {"kind": "explode"}, {}),
        ("POST", "limits", {"quotas": ["many"]}, {}),
        ("POST", "control", {"fly": 1}, {}),
        ("POST", "control", 3, {}),
        ("GET", "worst", None, {}),
        ("GET", "calls", None, {"limit": "x"}),
        ("GET", "nothing", None, {}),
    ],
)
async def test_admin_refuses(client: ClientSession, method: str, path: str, body: Any, query: dict[str, str]) -> None:
    """A request that is not understood is answered with what is wrong."""
    async with sandboxes("outsmart") as found:
        assert (await admin(client, found["outsmart"], method, path, body, **query))["error"]


async def test_two_hundred() -> None:
    """Two hundred sandboxes fit into one process."""
    chosen = [(f"c{number}", Sandbox(OutSmart())) for number in range(200)]
    async with sandboxes(*chosen) as found:
        assert len({there.root for there in found.values()}) == 200


async def test_ends_at_once_with_calls_that_hang(client: ClientSession) -> None:
    """Stopping does not wait for calls that hang on purpose."""
    async with sandboxes("outsmart") as found:
        there = found["outsmart"]
        await admin(client, there, "POST", "faults", {"kind": "hang"})
        waiting = asyncio.create_task(upsert(client, there))
        await until(lambda: there.sandbox.calls.in_flight > 0)
    with pytest.raises(ServerDisconnectedError):
        await asyncio.wait_for(waiting, 5)


def test_serve_tells_where_it_is() -> None:
    """The blocking form names addresses and credentials, and ends when it is interrupted."""
    seen: list[str] = []

    def started(found: Mapping[str, Running]) -> None:
        seen.extend(found)
        host, port = found["silvasoft"].root.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve("silvasoft", started=started)

    assert seen == ["silvasoft"]


async def test_many_calls_side_by_side(client: ClientSession) -> None:
    """Calls side by side are each applied whole, and the most in flight at once is known."""
    async with running(Sandbox(OutSmart(), latency=0.01)) as there:
        await asyncio.gather(*(upsert(client, there, f"C-{number % 7}") for number in range(50)))

        assert 2 <= there.sandbox.calls.most_in_flight <= 50
        assert there.sandbox.calls.in_flight == 0
        assert [sum(each.kind == kind for each in there.sandbox.effects.all()) for kind in ("create", "update")] == [
            7,
            43,
        ]
