"""The command `doctor`: finds what is broken, and says how to mend it."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Thread
from typing import Any

import aiohttp
import nats
import pytest
from aiohttp import web
from nats.js.api import StreamConfig

from tests.brokers.servers import TestServer
from tests.cli.conftest import folder, furnished, journal_file
from tests.cli.house import command, delivery
from worker.cli.exits import Exit
from worker.journal.identity import Identity
from worker.journal.journal import Journal
from worker.sandbox.server import Running, sandboxes

__all__ = ["folder", "furnished", "journal_file"]

OUTSMART = "RELATION_WORKER_CONNECTIONS__ACME_OUTSMART__"


@asynccontextmanager
async def late(vendor: Running, by: timedelta) -> AsyncIterator[str]:
    """Pass calls on to a vendor whose clock goes wrong."""

    async def passed(request: web.Request) -> web.Response:
        root = vendor.settings["base_url"].split("/", 3)
        url = f"{root[0]}//{root[2]}{request.path_qs}"
        async with aiohttp.ClientSession() as session, session.request(request.method, url) as answer:
            date = format_datetime(datetime.now(UTC) - by, usegmt=True)
            return web.Response(status=answer.status, body=await answer.read(), headers={"Date": date})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", passed)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    rest = vendor.settings["base_url"].split("/", 3)[3:]
    yield "/".join([f"http://127.0.0.1:{runner.addresses[0][1]}", *rest])
    await runner.cleanup()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run a loop in a thread of its own, for those whom commands call."""
    made = asyncio.new_event_loop()
    thread = Thread(target=made.run_forever)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()
    made.close()


@pytest.fixture
def vendor(loop: asyncio.AbstractEventLoop) -> Iterator[Running]:
    """Run OutSmart's sandbox."""
    running = sandboxes("outsmart")
    yield asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result()["outsmart"]
    asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result()


def examined(*more: str) -> tuple[int, list[dict[str, Any]]]:
    told = command("doctor", "--json", *more)
    found: Any = told.json
    return told.code, found["findings"]


def bad(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["check"], each["about"]) for each in found if each["verdict"] == "bad"]


def use(vendor: Running, monkeypatch: pytest.MonkeyPatch, **others: str) -> None:
    for option in ("base_url", "token", "software_token"):
        monkeypatch.setenv(OUTSMART + option.upper(), others.get(option, vendor.settings[option]))


def test_sound_set_up(folder: Path, nats_url: str, vendor: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """With good settings, broker and credentials nothing is bad, before the first start as well."""
    (folder / "relation-worker.toml").write_text(
        f'[broker]\nurl = "{nats_url}"\n[connections.acme-outsmart]\ntarget = "outsmart"\n'
    )
    use(vendor, monkeypatch)

    code, found = examined()

    assert (code, bad(found)) == (Exit.DONE, [])
    assert {"settings", "broker", "streams", "journal", "credentials", "clock", "quotas"} == {
        each["check"] for each in found
    }
    assert not (folder / "relation-worker.db").exists()


BROKEN = """
[worker]
instanse = "main"
[broker]
url = "nats://user:s3cr3t-word@127.0.0.1:4222"
[connections.acme-outsmart]
target = "outsmart"
[connections.north]
target = "silvasoft"
username = "it@acme.example"
quotas = ["0/s"]
[connections.east]
target = "onoffice"
[connections.west]
target = "onoffice"
[connections.south]
target = "silvasoft"
username = "it@acme.example"
quotas = ["2/s"]
[connections.centre]
target = "silvasoft"
username = "it@acme.example"
quotas = ["2/s", "50/min", "5000/h"]
"""
SECRETS = {
    "NORTH__API_KEY": "silvasoft-key-1",
    "SOUTH__API_KEY": "silvasoft-key-2",
    "CENTRE__API_KEY": "silvasoft-key-3",
    "EAST__TOKEN": "onoffice-token-1",
    "EAST__SECRET": "onoffice-secret-1",
    "WEST__TOKEN": "onoffice-token-1",
    "WEST__SECRET": "onoffice-secret-1",
}


def test_broken_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown key, credentials in an URL, a quota of zero and a double account are found, and what lies behind."""
    (folder / "relation-worker.toml").write_text(BROKEN)
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"RELATION_WORKER_CONNECTIONS__{name}", value)

    code, found = examined("--no-calls")

    assert code == Exit.FAILED
    settings = {about for check, about in bad(found) if check == "settings"}
    assert {"worker.instanse", "broker.url", "connections.north.quotas.0"} <= settings
    assert settings & {"connections.east", "connections.west"}
    assert any(each.startswith("connections.acme-outsmart") for each in settings)
    assert {("quotas", "south"), ("quotas", "centre")} <= set(bad(found))
    assert "s3cr3t-word" not in str(found)
    assert all(each["mend"] for each in found if each["verdict"] == "bad")


@pytest.mark.usefixtures("furnished")
def test_broken_surroundings(
    own_nats_server: TestServer,
    vendor: Running,
    loop: asyncio.AbstractEventLoop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wrong stream, a wrong token, a vendor's clock five minutes off and a lost connection are all found."""
    asyncio.run(spoil(own_nats_server.url))
    monkeypatch.setenv("RELATION_WORKER_BROKER__URL", own_nats_server.url)
    monkeypatch.setenv("RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__ENABLED", "false")
    proxy = late(vendor, timedelta(minutes=5))
    url = asyncio.run_coroutine_threadsafe(proxy.__aenter__(), loop).result()
    use(vendor, monkeypatch, base_url=url, token="wrong-token")

    code, found = examined()
    asyncio.run_coroutine_threadsafe(proxy.__aexit__(None, None, None), loop).result()

    assert code == Exit.FAILED
    assert sorted(bad(found)) == [
        ("clock", "outsmart of acme-outsmart"),
        ("credentials", "acme-outsmart"),
        ("journal", "acme-onoffice"),
        ("journal", "connections"),
        ("streams", "RELATIONS"),
    ]
    said = {(each["check"], each["about"]): each["said"] + each["mend"] for each in found if each["mend"]}
    assert re.search("clock is (299|30[0-2]) s ahead", said["clock", "outsmart of acme-outsmart"])
    assert "retention is limits, must be workqueue" in said["streams", "RELATIONS"]
    assert "connections rekey acme-onoffice" in said["journal", "acme-onoffice"]
    assert "connections retire gone" in said["journal", "connections"]
    assert "wrong-token" not in str(found)


async def spoil(url: str) -> None:
    """Make a stream that loses events, and a journal that knows other accounts."""
    client = await nats.connect(url)
    await client.jetstream().add_stream(StreamConfig(name="RELATIONS", subjects=["relation.>"]))
    await client.close()
    journal = await Journal.open("sqlite:///relation-worker.db")
    await journal.accounts.identify("acme-onoffice", Identity("onoffice", "other.example", "0" * 16))
    await journal.accounts.identify("gone", Identity("onoffice", "other.example", "1" * 16))
    await journal.take([delivery(9, "cust-9", "e-9", "gone")])
    await journal.close()


def test_nobody_there(folder: Path) -> None:
    """A broker that does not answer and a database that is away are told each by itself, for people too."""
    (folder / "relation-worker.toml").write_text(
        '[broker]\nurl = "nats://127.0.0.1:1"\n[journal]\nurl = "postgresql://worker@127.0.0.1:1/relations"\n'
    )

    code, found = examined()
    told = command("doctor")

    assert (code, bad(found)) == (
        Exit.FAILED,
        [("broker", "nats://127.0.0.1:1"), ("journal", "postgresql://worker@127.0.0.1:1/relations")],
    )
    assert told.out.count("BAD") == 2
    assert "2 to mend" in told.out


def test_unreadable_settings(folder: Path) -> None:
    """A file that is no TOML is the one finding."""
    (folder / "relation-worker.toml").write_text("[broker\n")

    code, found = examined()

    assert code == Exit.FAILED
    assert [each["check"] for each in found] == ["settings"]
