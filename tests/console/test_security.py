"""Who gets in, and what they may do."""

import io
from pathlib import Path

import aiohttp
import pytest

from tests.console.house import BEARER, READER, TOKEN, House, inhabited, unmappable
from worker.console.guard import is_ours, is_safe_place
from worker.telemetry.saying import Needed


async def test_only_with_a_token(house: House) -> None:
    """Without a token, or with a wrong one, a page is the log-in and the API a problem; probes are for all."""
    assert "Who is there?" in await house.page("/dead", status=401)
    assert "Who is there?" in await house.page("/?token=wrong", status=401)
    assert "not a token of this worker" in await house.post("/login", status=401, token="wrong")
    for token in ("wrong", "", TOKEN[:-1], TOKEN + "x", "\u00fc"):
        problem = await house.ask("/api/connections", status=401, token=token.encode().decode("latin-1"))
        assert (problem["status"], problem["title"]) == (401, "Unauthorized")
    assert "alive" in await house.page("/healthz")
    assert "ready" in await house.page("/readyz")
    assert "relation_worker_build_info" in await house.page("/metrics")


async def test_printed_address_becomes_a_session(house: House) -> None:
    """The token in the address is exchanged for a cookie that no script and no other site gets."""
    async with house.session.get(f"{house.url}/?token={TOKEN}", allow_redirects=False) as response:
        cookie = next(iter(response.cookies.values()))
        assert (response.status, response.headers["Location"]) == (303, "/")
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert TOKEN not in cookie.value
    assert "acme" in await house.page("/")

    secret = await house.enter()
    await house.post("/logout", status=200, form=secret)
    await house.page("/", status=401)
    assert "Dead letters" in await house.post("/login", token=TOKEN, next="/dead")


async def test_broken_sessions(house: House) -> None:
    """A cookie that is forged, cut, from the future or of another role is none."""
    assert house.worker.console
    access = house.worker.console.access
    key = access.key(READER)
    assert key
    good = access.session(key)
    mark, _, signature = good.partition(".")
    begun, _, number = mark.partition("-")
    for value in (
        "",
        ".",
        mark,
        f"{mark}.",
        f"{int(begun) + 9}-{number}.{signature}",
        f"{begun}.{signature}",
        f"{mark}0.{signature}",
        f"x.{signature}",
        f"9{mark}.{signature}",
    ):
        assert house.worker.console.access.visitor(value) is None
    found = house.worker.console.access.visitor(good)
    assert found
    assert found.role == "reader"


async def test_forged_forms(house: House) -> None:
    """A form without this session's secret, or from another site, changes nothing."""
    secret = await house.enter()
    pause = "/connections/acme/pause"
    assert "not from this session" in await house.post(pause, status=403, why="x")
    assert "not from this session" in await house.post(pause, status=403, why="x", form="0" * 64)
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        async with house.session.post(house.url + pause, data={"form": secret, "why": "x"}, headers=headers) as got:
            assert got.status == 403
    async with house.session.post(f"{house.url}/api/dead/undo", json={"everything": True}) as got:
        assert got.status == 403
    everything = {"everything": True}
    async with house.session.post(f"{house.url}/api/dead/undo", json=everything, headers={"X-Form": secret}) as got:
        assert got.status == 404
    assert (await house.ask("/api/connections/acme"))["paused"] is None
    assert await house.ask("/api/audit") == []


async def test_reader_looks_and_changes_nothing(house: House) -> None:
    """The read-only token sees every page, and is refused every change."""
    await house.publish(unmappable("1"))
    letter = (await house.letters())["e-1"]
    secret = await house.enter(READER)
    page = await house.page(f"/dead/letters/{letter}")
    assert "Unmappable" in page
    assert "Discard" not in page
    assert "Pause" not in await house.page("/")
    assert "may look, not change" in await house.post(f"/dead/letters/{letter}/discard", 403, form=secret, why="x")
    assert (await house.ask("/api/connections", token=READER))[0]["connection"] == "acme"
    for path in ("/api/dead/discard", "/api/plans", "/api/events", "/api/connections/acme/pause"):
        assert (await house.tell(path, {}, status=403, token=READER))["detail"] == "This token may look, not change."


@pytest.mark.parametrize("token", [TOKEN, READER])
async def test_logging_out_ends_the_session(house: House, token: str) -> None:
    """Whoever is logged in can log out; then the session's cookie opens nothing, though somebody has kept it."""
    secret = await house.enter(token)
    kept = {each.key: each.value for each in house.session.cookie_jar}
    assert "not from this session" in await house.post("/logout", 403, form="0" * 64)
    await house.page("/dead")
    assert "Who is there?" in await house.post("/logout", form=secret)
    async with aiohttp.ClientSession() as other:
        async with other.get(f"{house.url}/dead", cookies=kept) as got:
            assert got.status == 401
        async with other.post(
            f"{house.url}/connections/acme/pause", data={"form": secret, "why": "x"}, cookies=kept
        ) as got:
            assert got.status == 401
    await house.enter(token)
    await house.page("/dead")


async def test_other_names_are_refused(house: House) -> None:
    """A page that bends its own name to this address gets nothing (DNS rebinding); probes may use any."""
    for host, status in (("evil.example", 421), ("127.0.0.1", 200), ("localhost:1", 200), ("[::1]:80", 200)):
        async with house.session.get(f"{house.url}/api/connections", headers={**BEARER, "Host": host}) as got:
            assert got.status == status
    async with house.session.get(f"{house.url}/healthz", headers={"Host": "evil.example"}) as got:
        assert got.status == 200


@pytest.mark.parametrize("host", ["", "[", "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.x"])
def test_names_that_are_not_ours(host: str) -> None:
    """Only addresses, localhost and names of the settings are ours."""
    assert not is_ours(host, {"console.example"})
    assert is_ours("CONSOLE.example:8321", {"console.example"})


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example", "", "dead", "/a b"])
def test_log_in_leads_nowhere_else(place: str) -> None:
    """After the log-in the way leads only to our own pages."""
    assert not is_safe_place(place)
    assert is_safe_place("/dead?reason=rejected")


async def test_headers_of_every_answer(house: House) -> None:
    """Every answer forbids foreign scripts, framing, sniffing and keeping; only what is public may be kept."""
    await house.enter()
    for path in ("/", "/dead", "/nowhere", "/api/connections", "/api/openapi.json", "/healthz", "/login"):
        async with house.session.get(house.url + path) as got:
            policy = got.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert got.headers["X-Content-Type-Options"] == "nosniff"
            assert got.headers["Referrer-Policy"] == "same-origin"
            assert got.headers["Cache-Control"] == "no-store"
    page = await house.page("/")
    assert " style=" not in page
    assert "onclick" not in page
    assert page.count("<script") == 1
    async with house.session.get(f"{house.url}/static/console.css") as got:
        assert got.content_type == "text/css"
        assert "Cache-Control" not in got.headers


async def test_bodies_are_bounded(house: House) -> None:
    """What is larger than the worker takes is refused with a problem."""
    headers = {**BEARER, "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as plain,
        plain.post(f"{house.url}/api/plans", data=io.BytesIO(b" " * (5 * 2**20)), headers=headers) as got,
    ):
        assert (got.status, got.content_type) == (413, "application/problem+json")


async def test_made_token_is_in_the_printed_address(tmp_path: Path, nats_url: str) -> None:
    """Without a token in the settings one is made and printed; one of the settings is never told."""
    async with inhabited(tmp_path, nats_url, token=None) as house:
        (line,) = [line for line in house.told if "console is at" in line]
        assert isinstance(line, Needed)  # at no level is it left out
        entrance = line.rpartition(" ")[2]
        async with house.session.get(entrance) as got:
            assert (got.status, got.url.path_qs) == (200, "/")


async def test_taken_port(tmp_path: Path, nats_url: str, house: House) -> None:
    """Where the port is taken the worker works on, and says what to do."""
    assert house.worker.console
    assert not [line for line in house.told if TOKEN in line]
    (tmp_path / "other").mkdir()
    async with inhabited(tmp_path / "other", nats_url, port=house.worker.console.port) as other:
        assert other.worker.console is None
        assert any("cannot listen on 127.0.0.1" in line and "console.port" in line for line in other.told)


async def test_figures_are_for_this_machine_or_a_token(tmp_path: Path, nats_url: str) -> None:
    """Bound to more than loopback, the figures ask for the token too."""
    async with inhabited(tmp_path, nats_url, host="0.0.0.0") as house:
        assert house.worker.console
        url = f"http://127.0.0.1:{house.worker.console.port}/metrics"
        async with aiohttp.ClientSession() as plain:
            async with plain.get(url) as got:
                assert got.status == 401
            async with plain.get(url, headers={"Authorization": f"Bearer {READER}"}) as got:
                assert got.status == 200


async def test_each_operator_is_known_by_name(tmp_path: Path, nats_url: str) -> None:
    """Where operators have tokens of their own, the audit names them, from the console and from programs alike."""
    operators = {"ann": "anns-own-token", "bob": "bobs-own-token"}
    async with inhabited(tmp_path, nats_url, token=None, operators=operators) as house:
        assert not [line for line in house.told if "?token=" in line]
        secret = await house.enter("anns-own-token")
        assert "ann \u00b7" in await house.page("/")
        await house.post("/connections/acme/pause", form=secret, why="a look")
        await house.tell("/api/connections/acme/resume", {}, token="bobs-own-token")
        told = [(one["action"], one["who"]) for one in await house.ask("/api/audit", token=READER)]
        assert told == [("resume", "bob (api, 127.0.0.1)"), ("pause", "ann (console, 127.0.0.1)")]
        assert "ann (console, 127.0.0.1)" in await house.page("/audit")
        assert (await house.ask("/api/audit", 401, token=TOKEN))["status"] == 401
        assert (await house.tell("/api/connections/acme/pause", {"why": "x"}, 403, token=READER))["status"] == 403
