"""Journals on each database: a file, in memory, and a real PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journal.servers import PostgreSQL
from worker.journal.journal import Journal

Open = Callable[..., Awaitable[Journal]]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Run one PostgreSQL for the session."""
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the URL of a file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> str:
    """Give the URL of an empty schema."""
    return postgresql.schema()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Give the URL of a journal that outlives its process, on each database."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Open journals, and close what is left open."""
    journals: list[Journal] = []

    async def open_journal(url: str, **options: Any) -> Journal:
        journals.append(await Journal.open(url, **options))
        return journals[-1]

    yield open_journal
    for journal in journals:
        await journal.close()


@pytest.fixture(params=["sqlite", "inline", "postgresql"])
async def journal(request: pytest.FixtureRequest, opened: Open) -> Journal:
    """Give an empty journal of each kind."""
    if request.param == "inline":
        return await opened("sqlite://", inline=True)
    return await opened(request.getfixturevalue(f"{request.param}_url"))
