"""The promises of opening a file: what cannot be used is refused, said and left alone."""

import contextlib
import os
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from tests.journal.conftest import Open
from tests.journal.makers import delivery, settled
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.writer import ThreadWriter


def digest(path: Path) -> str:
    """Return what a file holds, in short."""
    return sha256(path.read_bytes()).hexdigest()


async def refused(url: str) -> str:
    """Return why a journal is not opened, having looked that a file is not touched."""
    path = Path(url.removeprefix("sqlite:///"))
    before = digest(path)
    with pytest.raises(JournalError) as caught:
        await Journal.open(url, worker="worker 1 on here")
    assert digest(path) == before
    return str(caught.value)


async def test_text_file(sqlite_url: str, tmp_path: Path) -> None:
    """A file that is no database is refused."""
    (tmp_path / "journal.db").write_text("Dear diary, " * 500)

    assert "no SQLite database" in await refused(sqlite_url)


async def test_foreign_database(sqlite_url: str, tmp_path: Path) -> None:
    """Another program's database is refused, and stays in the mode it was in."""
    with sqlite3.connect(tmp_path / "journal.db") as other:
        other.execute("CREATE TABLE deliveries (id)")
    other.close()

    assert "some other program" in await refused(sqlite_url)


async def test_damaged_file(sqlite_url: str, tmp_path: Path, opened: Open) -> None:
    """A file with a destroyed page is refused, with how to restore it."""
    journal = await opened(sqlite_url)
    await journal.take([delivery(position, body=b"x" * 3000) for position in range(1, 200)])
    await journal.close()
    with (tmp_path / "journal.db").open("r+b") as file:
        file.seek(4096 * 40)
        file.write(os.urandom(4096 * 10))

    assert "damaged" in await refused(sqlite_url)


async def test_newer_version(sqlite_url: str, tmp_path: Path, opened: Open) -> None:
    """A journal of a newer worker is refused, with which version to install."""
    await (await opened(sqlite_url)).close()
    with sqlite3.connect(tmp_path / "journal.db") as raw:
        raw.execute("UPDATE journal_version SET version_num = '9999'")
    raw.close()

    assert "newer relation-worker" in await refused(sqlite_url)


async def test_missing_folder(tmp_path: Path) -> None:
    """A folder that is not there is said."""
    with pytest.raises(JournalError, match="folder"):
        await Journal.open(f"sqlite:///{tmp_path}/none/journal.db")
    with pytest.raises(JournalError, match="folder"):
        await Journal.open(f"sqlite:///{tmp_path}/none/journal.db", worker="me")


@pytest.mark.parametrize("worker", [None, "me"])
async def test_folder_instead_of_a_file(tmp_path: Path, worker: str | None) -> None:
    """A folder is no journal."""
    with pytest.raises(JournalError):
        await Journal.open(f"sqlite:///{tmp_path}", worker=worker)


async def test_other_schemes() -> None:
    """Only the two databases are known."""
    with pytest.raises(JournalError, match="postgresql://"):
        await Journal.open("mysql://x")


async def test_second_worker_is_told_who_has_it(sqlite_url: str, opened: Open) -> None:
    """One worker at a time has a file; the CLI reads and writes beside it."""
    first = await opened(sqlite_url, worker="worker 42 on host")

    with pytest.raises(JournalError, match="in use by worker 42 on host"):
        await Journal.open(sqlite_url, worker="worker 43 on host")
    cli = await opened(sqlite_url)
    await cli.audit.append("ann", "look", None, delivery(1).received.received_at)
    assert len(await first.audit.newest(9)) == 1

    await first.close()
    await opened(sqlite_url, worker="worker 43 on host")


async def test_restart_need_not_wait_for_leases(sqlite_url: str, opened: Open) -> None:
    """Who has the file has it alone, so the leases of whoever had it before are over."""
    first = await opened(sqlite_url, worker="one")
    await first.acquire("acme", "one", 3600)
    await first.close()

    second = await opened(sqlite_url, worker="two")

    assert await second.acquire("acme", "two", 10) is not None


async def test_start_beside_a_writer_is_told(
    sqlite_url: str, tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that cannot write at its start says why and lets go of the file; the next one has it."""
    monkeypatch.setattr("worker.journal.sqlite.PATIENCE", 0.0)
    first = await opened(sqlite_url, worker="one")
    await first.acquire("acme", "one", 3600)
    await first.close()

    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as raw:
        raw.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="another process is writing"):
            await Journal.open(sqlite_url, worker="two")

    await opened(sqlite_url, worker="three")


async def test_full_disk_rejects_and_recovers(sqlite_url: str, opened: Open) -> None:
    """What finds no room is rejected with what to do; when there is room the journal goes on."""
    journal = await opened(sqlite_url)
    await journal.take([delivery(1)])
    writer = journal._desk.writer
    assert isinstance(writer, ThreadWriter)
    assert writer._flusher._session is not None
    session = writer._flusher._session
    pages = session.say("PRAGMA page_count").fetchall()[0][0]
    session.say(f"PRAGMA max_page_count = {pages}").fetchall()

    with pytest.raises(JournalError, match="disk is full"):
        await journal.take([delivery(position, body=b"x" * 10_000) for position in range(2, 50)])
    assert await journal.last_position() == 1

    session.say("PRAGMA max_page_count = 1000000").fetchall()
    await journal.take([delivery(2)])
    await journal.commit(settled(delivery(1)))
    assert [each.position for each in await journal.waiting("acme", 0, 9, 99)] == [2]


async def test_journal_survives_a_restart(sqlite_url: str, opened: Open) -> None:
    """What was committed is there when the file is opened again."""
    first = await opened(sqlite_url)
    await first.take([delivery(1)])
    await first.close()

    second = await opened(sqlite_url)

    assert await second.waiting("acme", 0, 9, 99) == [delivery(1)]


async def test_path_with_odd_characters(tmp_path: Path, opened: Open) -> None:
    """A path may hold blanks and percent-encoded characters."""
    await opened(f"sqlite:///{tmp_path}/my%20journal%3F.db")

    assert (tmp_path / "my journal?.db").exists()
