"""Starts that must be refused: with what is wrong, how to mend it, and nothing touched."""

import resource
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import nats
import pytest
from nats.js.api import RetentionPolicy

from tests.brokers.servers import TestServer
from tests.faults.house import toml
from worker.journal.journal import Journal
from worker.journal.tables import version

pytestmark = pytest.mark.process
OLD = b'INFO {"server_id":"x","version":"2.10.29","proto":1,"headers":true,"max_payload":1048576,"jetstream":true}\r\n'


def command(folder: Path, *words: str, prepare: Callable[[], None] | None = None) -> tuple[int, str]:
    """Run one command of the real program in a folder; return its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "worker", *words, "--config", str(folder / "worker.toml")],
        capture_output=True,
        check=False,
        timeout=60,
        preexec_fn=prepare,
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def refused(folder: Path, *, prepare: Callable[[], None] | None = None) -> str:
    """Start a worker that must not start; return what it said."""
    code, said = command(folder, "run", prepare=prepare)

    assert code in {1, 2, 4}, said
    assert "Traceback" not in said
    assert said.startswith("error: "), said
    return " ".join(said.split())


def written(
    folder: Path,
    journal: Path,
    broker: str = "nats://127.0.0.1:1",
    connections: Mapping[str, Mapping[str, object]] | None = None,
) -> None:
    """Write a worker's settings."""
    tables = {
        "broker": {"url": broker},
        "journal": {"url": f"sqlite:///{journal}"},
        "console": {"port": 0},
        "connections": connections or {},
    }
    (folder / "worker.toml").write_text(toml(tables))


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE theirs (x)")
    database.close()


def damaged(path: Path) -> None:
    foreign(path)
    path.write_bytes(path.read_bytes()[:100] + b"\x00" * 400)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_text("dear diary"), ["no SQLite database", "name another file"]),
        (foreign, ["belongs to some other program", "name another file"]),
        (damaged, ["journal.db"]),
    ],
    ids=["text", "foreign", "damaged"],
)
def test_file_that_is_no_journal(tmp_path: Path, make: Callable[[Path], None], words: list[str]) -> None:
    """A file that is no journal of ours is left as it is."""
    journal = tmp_path / "journal.db"
    make(journal)
    before = journal.read_bytes()
    written(tmp_path, journal)

    said = refused(tmp_path)

    assert all(word in said for word in words), said
    assert journal.read_bytes() == before


async def test_newer_journal(tmp_path: Path) -> None:
    """A journal of a newer worker is not touched by an older one."""
    journal = tmp_path / "journal.db"
    await (await Journal.open(f"sqlite:///{journal}")).close()
    with sqlite3.connect(journal) as database:
        database.execute(f"UPDATE {version.name} SET version_num = '9999'")
    database.close()
    before = journal.read_bytes()
    written(tmp_path, journal)

    assert "newer relation-worker" in refused(tmp_path)
    assert journal.read_bytes() == before


@pytest.mark.parametrize("folder", ["/proc", "/nowhere/at/all"])
def test_folder_that_cannot_be_written(tmp_path: Path, folder: str) -> None:
    """A folder in which nobody may write, or that is not there, is named."""
    written(tmp_path, Path(folder) / "journal.db")

    assert folder in refused(tmp_path)


@pytest.mark.parametrize("size", [0, 10_000])
def test_full_disk(tmp_path: Path, size: int) -> None:
    """A journal that cannot be written is refused at the start."""
    written(tmp_path, tmp_path / "journal.db")

    said = refused(tmp_path, prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))

    assert "journal.db" in said


async def test_streams_with_other_settings(tmp_path: Path, own_nats_server: TestServer) -> None:
    """A stream of ours with other settings is named with what differs, and stays as it is."""
    client = await nats.connect(own_nats_server.url)
    js = client.jetstream()
    await js.add_stream(name="RELATIONS", subjects=["relation.>"], retention=RetentionPolicy.LIMITS)
    written(tmp_path, tmp_path / "journal.db", own_nats_server.url)

    said = refused(tmp_path)
    after = (await js.stream_info("RELATIONS")).config
    await client.close()

    assert "retention is limits, must be workqueue" in said
    assert "nats stream edit RELATIONS" in said
    assert after.retention == RetentionPolicy.LIMITS


@contextmanager
def old_server() -> Iterator[int]:
    """Answer as a nats-server of an older version does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(OLD)
                while part := connection.recv(4096):
                    if b"PING" in part:
                        connection.sendall(b"PONG\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def test_server_that_is_too_old(tmp_path: Path) -> None:
    """A server older than 2.11 is refused, with its version."""
    with old_server() as port:
        written(tmp_path, tmp_path / "journal.db", f"nats://127.0.0.1:{port}")

        assert "version 2.10; at least 2.11 is needed" in refused(tmp_path)


async def test_journal_in_use(tmp_path: Path) -> None:
    """A second worker on one SQLite journal is told who has it."""
    journal = await Journal.open(f"sqlite:///{tmp_path / 'journal.db'}", worker="the-first-1234")
    written(tmp_path, tmp_path / "journal.db")

    said = refused(tmp_path)
    await journal.close()

    assert "in use by the-first-1234" in said
