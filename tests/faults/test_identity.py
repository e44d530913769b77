"""Connections that mean another account than before: refused with commands, and the commands work."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.test_starting import command, refused, written
from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Received

pytestmark = pytest.mark.process
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SUPEROFFICE = {"target": "superoffice", "auth": "ticket", "relation_types": {"holding": 5}}
SECRETS = ("TICKET", "APP_TOKEN")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every connection of these tests its secrets."""
    for name in ("ACME", "OTHER"):
        for secret in SECRETS:
            monkeypatch.setenv(f"RELATION_WORKER_CONNECTIONS__{name}__{secret}", "sandbox-secret-1")


def configured(folder: Path, **customers: str) -> None:
    """Write settings with one connection for each name, to the account given."""
    connections: dict[str, dict[str, object]] = {
        name: {**SUPEROFFICE, "customer_id": customer} for name, customer in customers.items()
    }
    written(folder, folder / "journal.db", connections=connections)
    for name in {"acme", "other"} - customers.keys():
        for secret in SECRETS:
            os.environ.pop(f"RELATION_WORKER_CONNECTIONS__{name.upper()}__{secret}", None)


def starts(folder: Path) -> None:
    """Start a worker that may start (it waits for its broker then), and stop it in good order."""
    command_line = [sys.executable, "-m", "worker", "run", "--config", str(folder / "worker.toml")]
    said = b""
    with subprocess.Popen(command_line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if b"does not answer" in line:
                process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    assert b"does not answer" in said, said
    assert code == 0, said


async def waiting(folder: Path, connection: str) -> int:
    """Return how many deliveries wait for a connection."""
    journal = await Journal.open(f"sqlite:///{folder / 'journal.db'}")
    backlog = await journal.backlog()
    await journal.close()
    return backlog[connection].live if connection in backlog else 0


async def known(folder: Path) -> None:
    """Let a worker see the connection `acme`, and one event wait for it."""
    configured(folder, acme="Cust1")
    starts(folder)
    journal = await Journal.open(f"sqlite:///{folder / 'journal.db'}")
    received = Received("RELATIONS", 1, "relation.created.link", NOON, (), b"{}")
    await journal.take([Delivery("acme", 1, "/crm", "holding-1", "e-1", b"digest", "create", received)])
    await journal.close()


async def test_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under another name the events that wait would be forgotten; `rename` brings them along."""
    await known(tmp_path)
    for secret in SECRETS:
        monkeypatch.setenv(f"RELATION_WORKER_CONNECTIONS__OTHER__{secret}", "sandbox-secret-1")
    configured(tmp_path, other="Cust1")

    said = refused(tmp_path)
    assert "connections rename acme" in said
    assert command(tmp_path, "connections", "rename", "acme", "other")[0] == 0
    starts(tmp_path)

    assert await waiting(tmp_path, "other") == 1


async def test_removed(tmp_path: Path) -> None:
    """A connection that is gone while events wait for it is retired by a person only."""
    await known(tmp_path)
    configured(tmp_path)

    assert "connections retire acme" in refused(tmp_path)
    code, said = command(tmp_path, "connections", "retire", "acme")
    assert code == 0, said
    starts(tmp_path)


async def test_repointed(tmp_path: Path) -> None:
    """Another account under a known name is refused; if it is the same by another key, `rekey` says so."""
    await known(tmp_path)
    configured(tmp_path, acme="Cust2")

    said = refused(tmp_path)
    assert "acme is known as another account" in said
    assert "connections rekey acme" in said
    assert await waiting(tmp_path, "acme") == 1

    assert command(tmp_path, "connections", "rekey", "acme")[0] == 0
    starts(tmp_path)

    assert await waiting(tmp_path, "acme") == 1


async def test_repointed_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new account gets a new name; what waits for the old one is given up by a person only, and goes nowhere."""
    await known(tmp_path)
    configured(tmp_path, acme="Cust2")
    assert "give it a new name" in refused(tmp_path)
    for secret in SECRETS:
        monkeypatch.setenv(f"RELATION_WORKER_CONNECTIONS__OTHER__{secret}", "sandbox-secret-1")
    configured(tmp_path, other="Cust2")

    said = refused(tmp_path)
    assert "connections retire acme" in said
    assert command(tmp_path, "connections", "retire", "acme")[0] == 0
    starts(tmp_path)

    assert (await waiting(tmp_path, "acme"), await waiting(tmp_path, "other")) == (1, 0)


async def test_doubled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two connections to one account would double its quota: refused, with what to do if it was renamed."""
    await known(tmp_path)
    for secret in SECRETS:
        monkeypatch.setenv(f"RELATION_WORKER_CONNECTIONS__OTHER__{secret}", "sandbox-secret-1")
    configured(tmp_path, acme="Cust1", other="Cust1")

    assert "same account" in refused(tmp_path)
