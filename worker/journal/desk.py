"""Where questions are asked of the journal and work is given to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from worker.journal.flush import Work
from worker.journal.reader import Reader
from worker.journal.rows import Change
from worker.journal.session import Session
from worker.journal.writer import Answer, Writer

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Desk:
    """Two readers and a writer; what is asked is a function over a session.

    People have a reader of their own: who looks through a million rows keeps no delivery waiting.
    """

    reader: Reader
    people: Reader
    writer: Writer

    async def read(self, question: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a function that only reads returns; raises JournalError."""
        return await self.reader.read(question, *args, **kwargs)

    async def browse(self, question: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a function returns that reads for people; raises JournalError."""
        return await self.people.read(question, *args, **kwargs)

    async def write(self, function: Callable[[Session], R], *names: str, kind: str = "other") -> R:
        """Return what a function returns once what it wrote is on disk; raises JournalError."""
        written: R = await self.writer.write(Work(frozenset(names), (), function, kind))
        return written

    def commit(self, changes: tuple[Change, ...], names: frozenset[str]) -> Answer:
        """Write changes with the next group."""
        return self.writer.write(Work(names, changes))

    async def close(self) -> None:
        await self.writer.close()
        await self.reader.close()
        await self.people.close()
