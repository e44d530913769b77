import gzip
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from aiohttp import (
    ClientConnectionError,
    ClientPayloadError,
    ClientSession,
    ClientTimeout,
    ServerDisconnectedError,
)
from pydantic import ValidationError

from tests.sandbox.waiting import Hands, until
from worker.sandbox.faults import Fault
from worker.sandbox.hints import FORMS, hint
from worker.sandbox.outsmart import OutSmart
from worker.sandbox.quota import Quota
from worker.sandbox.sandbox import Sandbox
from worker.sandbox.server import Running, running

RECORD = {"debtor_number": "C-1", "name": "A", "street": "B", "postal_code": "1", "city": "C"}
SOON = ClientTimeout(total=1.0)


def outsmart(*faults: Fault, hands: Hands | None = None, **options: Any) -> Sandbox:
    if hands is not None:
        options["clock"] = hands.clock()
    return Sandbox(OutSmart(), faults=faults, **options)


def query(there: Running) -> dict[str, str]:
    return {name: there.settings[name] for name in ("token", "software_token")}


async def upsert(client: ClientSession, there: Running, number: str = "C-1") -> tuple[int, bytes]:
    record = {**RECORD, "debtor_number": number}
    url = f"{there.base_url}relations/"
    async with client.post(url, params=query(there), json=[record], timeout=SOON, allow_redirects=False) as answer:
        return answer.status, await answer.read()


async def statuses(client: ClientSession, there: Running, count: int) -> list[int]:
    return [(await upsert(client, there))[0] for _ in range(count)]


@pytest.mark.parametrize(("applied", "effects"), [("no", 0), ("first", 1)])
@pytest.mark.parametrize("kind", ["hang", "reset", "close", "answer", "html", "redirect", "cut", "huge", "gzip_bomb"])
async def test_before_or_after_the_write(client: ClientSession, kind: Any, applied: Any, effects: int) -> None:
    """Each fault leaves the write undone or done, as its rule says, and answers nothing good."""
    fault = Fault(kind=kind, applied=applied, size=1000, times=1)
    async with running(outsmart(fault)) as there:
        try:
            status, body = await upsert(client, there)
        except (ClientConnectionError, ClientPayloadError, TimeoutError):
            status, body = 0, b""
        await until(lambda: there.sandbox.calls.in_flight == 0)

        assert (status, body) != (200, b'{"code":200,"messages":[],"response":1}')
        assert effects == there.sandbox.effects.count
        assert kind == there.sandbox.calls.all()[0].fault
        assert await upsert(client, there) == (200, b'{"code":200,"messages":[],"response":1}')


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset", ConnectionResetError),
        ("close", ServerDisconnectedError),
        ("cut", ClientPayloadError),
        ("hang", TimeoutError),
    ],
)
async def test_how_a_connection_ends(client: ClientSession, kind: Any, error: type[Exception]) -> None:
    """A reset, a close, an end in mid-body and silence look as different as they are."""
    async with running(outsmart(Fault(kind=kind))) as there:
        with pytest.raises((error, ClientConnectionError) if kind == "reset" else error):
            await upsert(client, there)
        await until(lambda: there.sandbox.calls.in_flight == 0)
        call = there.sandbox.calls.all()[0]

        assert (call.answered, call.status) == (None, None)


async def test_applied_after_the_client_has_left(client: ClientSession) -> None:
    """A late write is done although nobody waits for its answer any more."""
    async with running(outsmart(Fault(kind="hang", applied="late", wait=1.25))) as there:
        with pytest.raises(TimeoutError):
            await upsert(client, there)
        assert there.sandbox.effects.count == 0
        await until(lambda: there.sandbox.effects.count > 0)
        assert there.sandbox.effects.all()[0].call == 1


async def test_delay(client: ClientSession) -> None:
    """A delay passes before the answer, the write being done at once or at the end."""
    for applied in ("first", "no"):
        async with running(outsmart(Fault(kind="delay", wait=0.05, applied=applied))) as there:
            began = time.monotonic()
            assert (await upsert(client, there))[0] == 200
            assert time.monotonic() - began >= 0.05
            assert there.sandbox.effects.count == 1


async def test_slow_body(client: ClientSession) -> None:
    """A slow body comes byte by byte."""
    async with running(outsmart(Fault(kind="slow", rate=2000))) as there:
        began = time.monotonic()
        status, body = await upsert(client, there)

        assert (status, body) == (200, b'{"code":200,"messages":[],"response":1}')
        assert time.monotonic() - began >= len(body) / 2000


async def test_huge_body(client: ClientSession) -> None:
    """A huge body has as many bytes as the rule says, and is made piece by piece."""
    async with running(outsmart(Fault(kind="huge", size=5_000_000))) as there:
        total = 0
        async with client.post(f"{there.base_url}relations/", params=query(there), json=[RECORD]) as answer:
            async for piece in answer.content.iter_any():
                total += len(piece)

        assert total == 5_000_000


@pytest.mark.parametrize("size", [1, 1 << 20, (3 << 20) + 7])
async def test_gzip_bomb(size: int) -> None:
    """A bomb is valid gzip, small on the wire and large when unpacked."""
    async with (
        running(outsmart(Fault(kind="gzip_bomb", size=size))) as there,
        ClientSession(auto_decompress=False) as raw,
    ):
        async with raw.post(f"{there.base_url}relations/", params=query(there), json=[RECORD]) as answer:
            packed = await answer.read()
            assert answer.headers["Content-Encoding"] == "gzip"

        assert b" " * size == gzip.decompress(packed)
        assert len(packed) < 5000


async def test_redirect_and_html(client: ClientSession) -> None:
    """A redirect leads to a private address, and a page is no JSON."""
    faults = (Fault(kind="redirect", times=1), Fault(kind="html"))
    async with running(outsmart(*faults)) as there:
        url = f"{there.base_url}relations/"
        async with client.get(url, params=query(there), allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (307, "http://10.0.0.1/")
        async with client.get(url, params=query(there)) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")


@pytest.mark.parametrize("form", list(FORMS))
async def test_answers_with_every_hint(client: ClientSession, form: Any) -> None:
    """An answer on demand has its status, headers, body, and the hint in the form asked for."""
    fault = Fault(
        kind="answer",
        status=429,
        hint=form,
        wait=7,
        headers={"X-Trace": "1"},
        body="slow down",
        content_type="text/plain",
    )
    async with running(outsmart(fault)) as there:
        async with client.get(f"{there.base_url}relations/", params=query(there)) as answer:
            assert (answer.status, answer.headers["X-Trace"], await answer.text()) == (429, "1", "slow down")
            hints = {name for name in answer.headers if "atelimit" in name.lower() or name == "Retry-After"}

        assert hints == hint(form, 7, time.time()).keys()


def test_hint_forms() -> None:
    """Every form has the spelling of its document."""
    quota = Quota(50, 2)
    forms = {form: hint(form, 6.2, 1_790_000_000.5, quota, left=3) for form in FORMS}
    date = parsedate_to_datetime(forms["date"]["Retry-After"]).timestamp()

    assert date == 1_790_000_007
    assert forms["seconds"] == {"Retry-After": "7"}
    assert forms["draft10"] == {"RateLimit-Policy": '"burst";q=50;w=2', "RateLimit": '"burst";r=3;t=7'}
    assert forms["draft7"]["RateLimit"] == "limit=50, remaining=3, reset=7"
    assert {"50", "3", "7"} == set(forms["older"].values())
    assert forms["x"]["X-RateLimit-Reset"] == "1790000007"
    assert [forms[form]["Retry-After"] for form in ("zero", "negative", "garbage", "day")] == [
        "0",
        "-5",
        "soon, perhaps",
        "86400",
    ]
    assert forms["none"] == {}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"times": 2}, [503, 503, 200, 200, 200, 200]),
        ({"skip": 1, "times": 1}, [200, 503, 200, 200, 200, 200]),
        ({"every": 3}, [503, 200, 200, 503, 200, 200]),
        ({"path": "*/projects/*"}, [200] * 6),
        ({"method": "GET"}, [200] * 6),
        ({"operation": "upsert"}, [503] * 6),
        ({"operation": "delete"}, [200] * 6),
        ({"contains": "C-1"}, [503] * 6),
        ({"contains": "C-2"}, [200] * 6),
        ({"probability": 0}, [200] * 6),
    ],
)
async def test_which_calls(client: ClientSession, rule: dict[str, Any], expected: list[int]) -> None:
    """A rule picks its calls by place, content, order and number."""
    async with running(outsmart(Fault(kind="answer", **rule))) as there:
        assert expected == await statuses(client, there, 6)


async def test_chance_comes_from_the_seed(client: ClientSession) -> None:
    """With a probability the same seed spoils the same calls."""
    seen = []
    for seed in (1, 1, 2):
        async with running(outsmart(Fault(kind="answer", probability=0.5, seed=seed))) as there:
            seen.append(await statuses(client, there, 20))

    assert seen[0] == seen[1] != seen[2]
    assert {200, 503} == set(seen[0])


async def test_rules_by_time(client: ClientSession, hands: Hands) -> None:
    """A rule begins and ends by time, and can flap in between."""
    fault = Fault(kind="answer", start=10, seconds=100, on=30, off=20)
    async with running(outsmart(fault, hands=hands)) as there:
        seen = []
        for step in (0, 10, 29, 1, 19, 1, 30, 29):
            hands.move(step)
            seen += await statuses(client, there, 1)

        # Seconds since installed: 0, 10, 39, 40, 59, 60, 90, 119.
        assert seen == [200, 503, 503, 200, 200, 503, 200, 200]


async def test_latency_with_jitter(client: ClientSession) -> None:
    """A sandbox can take its time with every answer, the write being done at once."""
    async with running(outsmart(latency=0.03, jitter=0.01)) as there:
        began = time.monotonic()
        await upsert(client, there)

        assert time.monotonic() - began >= 0.03
        effect, call = there.sandbox.effects.all()[0], there.sandbox.calls.all()[0]
        assert call.arrived <= effect.moment < (call.answered or 0) - 0.02


@pytest.mark.parametrize(
    "wrong", [{}, {"kind": "explode"}, {"kind": "hang", "color": 1}, {"kind": "hang", "probability": 2}]
)
def test_faults_that_are_none(wrong: dict[str, Any]) -> None:
    """A rule that is not understood is refused."""
    with pytest.raises(ValidationError):
        Fault.model_validate(wrong)
