"""The doctor beside a running worker, and at a broker whose clock goes wrong."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.brokers.servers import TestServer
from tests.cli.conftest import folder
from tests.cli.doctor.test_doctor import examined, loop, use, vendor
from tests.faults.house import provided
from tests.faults.proxy import Proxy
from tests.faults.working import WorkerProcess
from worker.sandbox.server import Running

__all__ = ["folder", "loop", "vendor"]

SETTINGS = '[broker]\nurl = "{url}"\n[console]\nport = 0\n[connections.acme-outsmart]\ntarget = "outsmart"\n'
TIME = re.compile(rb'"ts":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)')


class Late(Proxy):
    """Sets the time back that a nats-server tells; the text stays as long as it was."""

    def changed(self, part: bytes) -> bytes:
        return TIME.sub(lambda found: b'"ts":"' + earlier(found[1]), part)


def earlier(text: bytes) -> bytes:
    at = datetime.fromisoformat(text.decode()).replace(tzinfo=UTC) - timedelta(minutes=5)
    return at.strftime("%Y-%m-%dT%H:%M:%S").encode()


@contextmanager
def running(config: Path) -> Iterator[WorkerProcess]:
    """Run a worker while the doctor looks."""
    worker = WorkerProcess(config, config.with_suffix(".log"))
    own = asyncio.new_event_loop()
    own.run_until_complete(worker.start())
    thread = Thread(target=own.run_forever)
    thread.start()
    yield worker
    asyncio.run_coroutine_threadsafe(worker.stop(), own).result()
    own.call_soon_threadsafe(own.stop)
    thread.join()
    own.close()


def of(found: list[dict[str, Any]], check: str, about: str) -> dict[str, Any]:
    return next(each for each in found if each["check"] == check and about in each["about"])


@pytest.mark.process
def test_owner_makes_the_call(folder: Path, nats_url: str, vendor: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a worker has the connection it makes the doctor's call itself, and its answer is told."""
    config = folder / "relation-worker.toml"
    config.write_text(SETTINGS.format(url=nats_url))
    use(vendor, monkeypatch)

    with running(config) as worker:
        before = vendor.sandbox.calls.count
        code, found = examined()
        said = worker.said()

    assert code == 0, found
    assert vendor.sandbox.calls.count == before + 1
    assert of(found, "credentials", "acme-outsmart")["said"] == "address and credentials are right"
    assert of(found, "clock", "outsmart of acme-outsmart")["verdict"] == "good"
    assert "Traceback" not in said


def test_broker_whose_clock_is_late(
    folder: Path, own_nats_server: TestServer, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker whose clock is five minutes behind is found, with what to set."""
    config = folder / "relation-worker.toml"
    proxy = Late(own_nats_server.port)
    asyncio.run_coroutine_threadsafe(proxy.__aenter__(), loop).result()
    monkeypatch.setenv("RELATION_WORKER_CONSOLE__ENABLED", "false")
    config.write_text(f'[broker]\nurl = "nats://127.0.0.1:{proxy.port}"\n')
    asyncio.run(provided(own_nats_server.url))

    code, found = examined("--no-calls")
    asyncio.run_coroutine_threadsafe(proxy.__aexit__(), loop).result()

    told = of(found, "clock", "broker")
    assert code == 1, found
    assert re.search("clock is (299|30[0-2]) s ahead of its", told["said"])
    assert "timedatectl" in told["mend"]
