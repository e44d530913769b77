"""Commits when it is idle and gathers while it is busy; there is no timer."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Protocol

from worker.journal.database import opened
from worker.journal.errors import JournalError
from worker.journal.flush import Ending, Flush, Work
from worker.journal.port import Database
from worker.journal.session import Session

Answer = asyncio.Future[Any]
Flushed = Callable[[float, int], None]  # seconds, and how many changes


def unheard(_seconds: float, _changes: int) -> None:
    """Hear nothing."""


class Writer(Protocol):
    """Takes work and answers it when it is on disk."""

    def write(self, work: Work) -> Answer:
        """Queue work; the answer comes after the commit, in the loop."""
        ...

    async def close(self) -> None:
        """Write what is queued, then end."""
        ...


def resolve(answers: Sequence[Answer], endings: Sequence[Ending]) -> None:
    """Hand out endings; who has stopped waiting is passed over."""
    for answer, ending in zip(answers, endings, strict=True):
        if answer.done():
            continue
        if isinstance(ending, Exception):
            answer.set_exception(ending)
        else:
            answer.set_result(ending)


class Flusher:
    """Writes on one connection, which it opens anew when it broke; `flushed` hears how long each write took."""

    def __init__(self, place: Database, flush: Flush, session: Session, flushed: Flushed) -> None:
        self._place = place
        self._flush = flush
        self._flushed = flushed
        self._session: Session | None = session

    def write(self, works: Sequence[Work]) -> list[Ending]:
        """Return an ending for each piece of work, whatever happens."""
        try:
            if self._session is None:
                self._session = opened(self._place)
            began = perf_counter()
            endings = self._flush.write(self._session, works)
            self._flushed(perf_counter() - began, sum(len(work.changes) or 1 for work in works))
        except Exception as error:  # noqa: BLE001  # whoever waits for the commit is told, whatever it was
            if self._session is not None and self._place.is_broken(self._session):
                self.close()
            return [self._place.explained(error) for _ in works]
        return endings

    def close(self) -> None:
        if self._session is not None:
            self._session.connection.close()
            self._session = None


class InlineWriter:
    """Writes in the loop itself, once an iteration; for virtual time."""

    def __init__(self, flusher: Flusher, loop: asyncio.AbstractEventLoop) -> None:
        self._flusher = flusher
        self._loop = loop
        self._queue: list[tuple[Work, Answer]] = []

    def write(self, work: Work) -> Answer:
        if not self._queue:
            self._loop.call_soon(self._write)
        answer = self._loop.create_future()
        self._queue.append((work, answer))
        return answer

    async def close(self) -> None:
        self._write()
        self._flusher.close()

    def _write(self) -> None:
        queued, self._queue = self._queue, []
        if queued:
            resolve([answer for _, answer in queued], self._flusher.write([work for work, _ in queued]))


class ThreadWriter:
    """Writes in a thread of its own."""

    def __init__(self, flusher: Flusher, loop: asyncio.AbstractEventLoop) -> None:
        self._flusher = flusher
        self._loop = loop
        self._queue: deque[tuple[Work, Answer]] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def write(self, work: Work) -> Answer:
        answer = self._loop.create_future()
        if self._closing:
            answer.set_exception(JournalError("the journal is closed"))
            return answer
        self._queue.append((work, answer))
        if not self._wake.is_set():  # it is cleared before the queue is emptied, so what is queued now is seen
            self._wake.set()
        return answer

    async def close(self) -> None:
        self._closing = True
        self._wake.set()
        await self._loop.run_in_executor(None, self._thread.join)
        self._flusher.close()

    def _run(self) -> None:
        while not (self._closing and not self._queue):
            self._wake.wait()
            self._wake.clear()
            queued = [self._queue.popleft() for _ in range(len(self._queue))]
            if queued:
                endings = self._flusher.write([work for work, _ in queued])
                self._loop.call_soon_threadsafe(resolve, [answer for _, answer in queued], endings)
