"""What the journal says of a pause is what held last. Real journal, virtual time."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.world import BEGINNING, Happening, Run, Temper, World
from worker.delivery.connection import Connection
from worker.delivery.keep import PATIENCE, Keeper
from worker.delivery.pausing import LONG, Pausing
from worker.delivery.requests import Requests
from worker.journal.journal import Journal
from worker.journal.rows import Paused
from worker.sending.pauses import Pause

pytestmark = pytest.mark.looptime

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
REFUSE = "CREATE TRIGGER refuse BEFORE INSERT ON connections BEGIN SELECT RAISE(ABORT, 'no pause is noted'); END"
ACCEPT = "DROP TRIGGER refuse"


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """Return a journal that is written in the loop."""
    made = await Journal.open(f"sqlite:///{tmp_path}/journal.db", inline=True)
    yield made
    await made.close()


def pausing(journal: Journal) -> Pausing:
    """Return what notes the pauses of one connection."""
    return Pausing("acme", Keeper(journal, lambda _: None, lambda: None, unexpected), lambda: NOW)


def unexpected(bug: BaseException) -> None:
    """Fail the test."""
    raise bug


def pause(seconds: float | None = None) -> Pause:
    """Return a pause of so many seconds, or until somebody resumes."""
    return Pause("gate", "too fast", NOW, None if seconds is None else NOW + timedelta(seconds=seconds))


def tell_database(folder: Path, said: str) -> None:
    """Say something to the database beside the journal."""
    with closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as database:
        database.execute(said)


async def test_what_holds_stands_last_though_the_journal_could_not_write(journal: Journal, tmp_path: Path) -> None:
    """A pause that could not be written is over when it can: a late write does not bring it back."""
    tell_database(tmp_path, REFUSE)
    noted = pausing(journal)
    noted.changed(pause())
    await asyncio.sleep(PATIENCE / 2)
    noted.changed(None)
    await asyncio.sleep(PATIENCE / 4)
    tell_database(tmp_path, ACCEPT)
    await asyncio.sleep(3 * PATIENCE)

    assert await journal.paused() == {}


async def test_pause_and_its_end_are_written_as_they_come(journal: Journal) -> None:
    """Whoever reads the journal meanwhile sees the pause."""
    noted = pausing(journal)
    noted.changed(pause(60))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert list(await journal.paused()) == ["acme"]
    noted.changed(None)
    await asyncio.sleep(0.1)

    assert await journal.paused() == {}


async def test_a_short_pause_is_not_written(journal: Journal) -> None:
    """It is over before anybody could read of it."""
    noted = pausing(journal)
    noted.changed(pause(LONG - 1))
    await asyncio.sleep(0.1)

    assert await journal.paused() == {}


class Returned(Run):
    """A worker that comes back when the pause of the one before it has run out."""

    said: dict[str, Paused] | None = None

    async def _start(self, journal: Journal, *rest: Any) -> Connection:
        await journal.commit(Paused("world", "hint", "too fast", BEGINNING - timedelta(minutes=2)))
        return await Run._start(self, journal, *rest)

    async def _emit(self, journal: Journal, connection: Any) -> None:
        await Run._emit(self, journal, connection)
        await asyncio.sleep(1)
        self.said = await journal.paused()


class Resumed(Run):
    """A worker whose journal tells of a pause that its gate knows nothing of, when somebody resumes."""

    said: dict[str, Paused] | None = None

    async def _emit(self, journal: Journal, connection: Any) -> None:
        await Run._emit(self, journal, connection)
        await journal.commit(Paused("world", "ann", "moving house", None))
        await journal.requests.ask("world", "resume", {}, "ann", BEGINNING)
        await Requests(journal, {"world": connection()}, lambda: BEGINNING, print).turn()
        await asyncio.sleep(1)
        self.said = await journal.paused()


@pytest.mark.parametrize("kind", [Returned, Resumed])
async def test_journal_tells_of_no_pause_that_the_gate_does_not_keep(kind: type[Returned] | type[Resumed]) -> None:
    """A pause that ran out between two workers is over for all who read of it, and resuming always ends one."""
    run = kind(World(Temper(), random.Random(1)), [Happening("created", "s", {})])
    await run.play()

    assert run.said == {}
