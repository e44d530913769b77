"""Answers questions beside the writer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from worker.journal.database import UNKEPT, explained, opened
from worker.journal.port import Database
from worker.journal.session import Session

P = ParamSpec("P")
R = TypeVar("R")
Question = Callable[Concatenate[Session, P], R]


class Reader(Protocol):
    """Runs functions over a session that only read."""

    async def read(self, question: Question[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the question returns; raises JournalError."""
        ...

    async def close(self) -> None:
        """End."""
        ...


class InlineReader:
    """Reads in the loop itself, over the writer's session."""

    def __init__(self, place: Database, session: Session) -> None:
        self._place = place
        self._session = session

    async def read(self, question: Question[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return question(self._session, *args, **kwargs)
        except self._place.errors + UNKEPT as error:
            raise explained(self._place, error) from error

    async def close(self) -> None:
        """Leave the session: it is the writer's to close."""


class ThreadReader:
    """Reads in a thread of its own, over its own connection."""

    def __init__(self, place: Database) -> None:
        self._place = place
        self._session: Session | None = None
        self._thread = ThreadPoolExecutor(1, "journal-reader")

    async def read(self, question: Question[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        def ask() -> R:
            return self._ask(lambda session: question(session, *args, **kwargs))

        return await asyncio.get_running_loop().run_in_executor(self._thread, ask)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _ask(self, question: Callable[[Session], R]) -> R:
        try:
            if self._session is None:
                self._session = opened(self._place)
            return question(self._session)
        except self._place.errors + UNKEPT as error:
            if self._session is not None and self._place.is_broken(self._session):
                self._close()
            raise explained(self._place, error) from error

    def _close(self) -> None:
        if self._session is not None:
            self._session.connection.close()
            self._session = None
