"""The noun `connections`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pytest

from tests.cli.house import SECRETS, SETTINGS, command, delivery
from worker.cli.exits import Exit
from worker.journal.identity import Identity
from worker.journal.journal import Journal
from worker.sandbox.server import Running, sandboxes

pytestmark = pytest.mark.usefixtures("furnished")
T = TypeVar("T")
OUTSMART = "RELATION_WORKER_CONNECTIONS__ACME_OUTSMART__"


def journal(ask: Callable[[Journal], Awaitable[T]]) -> T:
    async def asked() -> T:
        opened = await Journal.open("sqlite:///relation-worker.db")
        try:
            return await ask(opened)
        finally:
            await opened.close()

    return asyncio.run(asked())


def listed() -> dict[str, Any]:
    found: Any = command("connections", "list", "--json").json
    return {one["connection"]: one for one in found}


def test_list_tells_state_and_backlog() -> None:
    """Each connection is told with what waits, what is buried and why it is paused."""
    found = listed()

    onoffice, outsmart = found["acme-onoffice"], found["acme-outsmart"]
    assert (onoffice["state"], onoffice["waiting"], onoffice["buried"]) == ("no worker", 1, 1)
    assert (outsmart["state"], outsmart["paused"]["by"]) == ("paused", "vendor")
    assert "by vendor: credentials" in command("connections", "list").out


def test_list_warns_where_more_comes_in_than_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that gets more than its quota lets out is told with both figures, for people and programs."""
    monkeypatch.setenv("RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__QUOTAS", "6/min")
    monkeypatch.setenv("RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__BATCH", "1")
    assert listed()["acme-onoffice"]["warning"] is None
    now = datetime.now(UTC)
    plain = [delivery(100 + number, f"cust-{number}", f"e-{number}") for number in range(150)]
    came = [
        replace(each, received=replace(each.received, received_at=now - timedelta(seconds=150 - number)))
        for number, each in enumerate(plain)
    ]
    journal(lambda opened: opened.take(came))

    warning = listed()["acme-onoffice"]["warning"]
    assert warning.startswith(("60 events", "59 events"))
    assert "the quota allows 6" in warning
    assert warning in command("connections", "list").out
    assert listed()["acme-outsmart"]["warning"] is None


def test_pause_and_resume_without_a_worker() -> None:
    """While no worker has it, a pause is written down for the next one, and kept in the audit."""
    told = command("connections", "pause", "acme-onoffice", "--why", "audit at the customer's", "--for", "2h")
    paused = listed()["acme-onoffice"]["paused"]
    resumed = command("connections", "resume", "acme-onoffice", "--json")

    assert told.code == Exit.DONE
    assert "it holds from the next start" in told.out
    assert paused["why"] == "audit at the customer's"
    assert datetime.fromisoformat(paused["until"]) > datetime.now(UTC)
    assert resumed.json == {"connection": "acme-onoffice", "action": "resume", "worked_by": None}
    assert listed()["acme-onoffice"]["paused"] is None
    entries = journal(lambda opened: opened.audit.newest(5))
    assert [one.action for one in entries] == ["resume", "pause"]


def test_running_worker_is_asked() -> None:
    """A worker that has the connection is asked through the journal, and its answer awaited."""

    async def work(opened: Journal) -> list[Any]:
        await opened.acquire("acme-onoffice", "worker-1", 30.0)
        thread = asyncio.create_task(asyncio.to_thread(command, "connections", "pause", "acme-onoffice", "--json"))
        # Another process asks, so there is no event to wait for.
        while not (asked := await opened.requests.asked(["acme-onoffice"])):  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0.01)
        await opened.requests.answer(asked[0].id, {"ok": True}, datetime.now(UTC))
        return [asked[0].action, asked[0].detail, (await thread).json]

    action, detail, told = journal(work)

    assert (action, detail) == ("pause", {"why": "paused by hand", "seconds": None})
    assert told == {"connection": "acme-onoffice", "action": "pause", "worked_by": "worker-1"}


@pytest.mark.parametrize(
    ("args", "said", "code"),
    [
        (["pause", "acme-onofice"], "did you mean 'acme-onoffice'?", Exit.NOTHING),
        (["resume", "x"], "there is acme-onoffice, acme-outsmart", Exit.NOTHING),
        (["pause", "acme-onoffice", "--for", "soon"], "a duration is", Exit.USAGE),
        (["check", "nobody"], "there is no connection 'nobody'", Exit.NOTHING),
        (["retire", "acme-onoffice"], "is still in the settings", Exit.USAGE),
        (["retire", "never-known"], "is not known here", Exit.FAILED),
        (["rename", "acme-onoffice", "acme-outsmart"], "is in use already", Exit.FAILED),
        (["rename", "old", "new"], "there is no connection 'new'", Exit.NOTHING),
    ],
)
def test_what_cannot_be_done(args: list[str], said: str, code: Exit) -> None:
    """A wrong name, duration or wish is told in one line, and nothing is changed."""
    before = listed()

    told = command("connections", *args)

    assert told.code == code
    assert said in told.err
    assert listed() == before


def test_rename_and_retire(furnished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept for a connection follows its new name; a retired one is asked for no more."""
    (furnished / "relation-worker.toml").write_text(SETTINGS.replace("acme-onoffice", "north"))
    for name in [name for name in SECRETS if "ONOFFICE" in name]:
        monkeypatch.delenv(name)
        monkeypatch.setenv(name.replace("ACME_ONOFFICE", "NORTH"), SECRETS[name])
    assert listed()["acme-onoffice"]["state"] == "not in the settings"

    assert command("connections", "rename", "acme-onoffice", "north").code == Exit.DONE
    assert (listed()["north"]["waiting"], "acme-onoffice" in listed()) == (1, False)

    (furnished / "relation-worker.toml").write_text("")
    for name in SECRETS:
        monkeypatch.delenv(name.replace("ACME_ONOFFICE", "NORTH"), raising=False)
    assert command("connections", "retire", "acme-outsmart").code == Exit.DONE
    assert listed()["acme-outsmart"]["state"] == "retired"


@pytest.fixture
def vendor() -> Iterator[Running]:
    """Run OutSmart's sandbox in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    running = sandboxes("outsmart")
    yield asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result()["outsmart"]
    asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def pointed_at(vendor: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the connection `acme-outsmart` lead to a sandbox."""
    for option in ("base_url", "token", "software_token"):
        monkeypatch.setenv(OUTSMART + option.upper(), vendor.settings[option])


@pytest.mark.parametrize("died", [False, True])
def test_check_hands_nothing_over_for_who_died(vendor: Running, monkeypatch: pytest.MonkeyPatch, *, died: bool) -> None:
    """What a worker left that was killed may have been sent; the next one must hear of it, check or no check."""
    pointed_at(vendor, monkeypatch)
    if died:
        journal(lambda opened: opened.acquire("acme-outsmart", "one that was killed", 0.0))

    assert command("connections", "check", "acme-outsmart").code == Exit.DONE
    (lease,) = [each for each in journal(lambda opened: opened.leases()) if each.name == "acme-outsmart"]

    assert (lease.until.timestamp() == 0) is not died


def test_check_calls_the_vendor_once(vendor: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """One harmless call tells good credentials from bad, and says so for people and programs."""
    pointed_at(vendor, monkeypatch)

    good: Any = command("connections", "check", "acme-outsmart", "--json")
    monkeypatch.setenv(f"{OUTSMART}TOKEN", "wrong-token")
    bad = command("connections", "check", "acme-outsmart")

    assert good.code == Exit.DONE
    assert good.json["acme-outsmart"]["ok"] is True
    assert bad.code == Exit.FAILED
    assert "wrong-token" not in bad.out + bad.err
    assert "no" in bad.out


def test_rekey_confirms_a_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A known connection's new key is stored as the same account's."""
    journal(lambda opened: opened.accounts.identify("acme-onoffice", Identity("onoffice", "host", "0" * 16)))
    monkeypatch.setenv("RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__TOKEN", "rotated-token")

    told = command("connections", "rekey", "acme-onoffice")
    known = journal(lambda opened: opened.accounts.identity("acme-onoffice"))

    assert told.code == Exit.DONE
    assert known is not None
    assert known.account != "0" * 16
