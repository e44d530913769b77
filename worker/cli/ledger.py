"""The journal as commands open it: beside a worker that may be running."""

import asyncio
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from worker.cli.exits import Exit, Problem

if TYPE_CHECKING:
    from worker.journal.journal import Journal
    from worker.settings import Settings

Answer = TypeVar("Answer")
SQLITE = "sqlite:///"


def with_journal(read: "Settings", ask: "Callable[[Journal], Awaitable[Answer]]") -> Answer:
    """Open the journal, ask, close it."""

    async def asked() -> Answer:
        async with opened(read) as journal:
            return await ask(journal)

    return asyncio.run(asked())


@asynccontextmanager
async def opened(read: "Settings") -> "AsyncIterator[Journal]":
    """Open the journal of the settings; a command never makes a new one."""
    from worker.journal.journal import Journal

    check_file(read)
    section = read.journal
    password = section.password.get_secret_value() if section.password else None
    journal = await Journal.open(section.url, password=password)
    try:
        yield journal
    finally:
        await journal.close()


def check_file(read: "Settings") -> None:
    file = Path(read.journal.url.removeprefix(SQLITE))
    if read.journal.url.startswith(SQLITE) and not file.is_file():
        hint = "a worker makes it when it starts: relation-worker run"
        raise Problem(f"there is no journal at {file}", Exit.UNREACHABLE, hint=hint)


def person() -> str:
    """Return who sits at this terminal, for pauses and the audit."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "cli"
