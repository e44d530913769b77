"""Commits what was decided, until it is on disk."""

import asyncio
from collections.abc import Callable
from functools import partial

from worker.journal.errors import JournalError, LeaseLostError, TakenError
from worker.journal.journal import Journal
from worker.journal.rows import Change

PATIENCE = 1.0  # seconds between tries while the journal cannot write

Then = Callable[[], None]


def nothing() -> None:
    """Go on with nothing."""


class Keeper:
    """Writes for one connection; an outcome that could not be written yet is never dropped or told."""

    def __init__(self, journal: Journal, tell: Callable[[str], None], lost: Callable[[], None]) -> None:
        self._journal = journal
        self._tell = tell
        self._lost = lost
        self._closed = False

    def keep(self, changes: tuple[Change, ...], then: Then = nothing, taken: Then = nothing) -> None:
        """Commit with the next group and go on with `then`, or with `taken` if another relation has its id."""
        future = asyncio.ensure_future(self._journal.commit(*changes))
        future.add_done_callback(partial(self._kept, changes, then, taken))

    async def kept(self, change: Change) -> None:
        """Return when a change is on disk."""
        done = asyncio.get_running_loop().create_future()
        self.keep((change,), partial(resolve, done))
        await done

    def close(self) -> None:
        """Try nothing again: what is not written by now is found out anew by the next owner."""
        self._closed = True

    def _kept(self, changes: tuple[Change, ...], then: Then, taken: Then, future: "asyncio.Future[None]") -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            then()
        elif isinstance(error, LeaseLostError):
            if not self._closed:  # else somebody works it by now, and that may be us again
                self._lost()
        elif isinstance(error, TakenError):
            taken()
        elif isinstance(error, JournalError):
            self._tell(f"The journal cannot write, trying again: {error}")
            asyncio.get_running_loop().call_later(PATIENCE, self._again, changes, then, taken)
        else:
            raise error

    def _again(self, changes: tuple[Change, ...], then: Then, taken: Then) -> None:
        if not self._closed:
            self.keep(changes, then, taken)


def resolve(done: "asyncio.Future[None]") -> None:
    """Let go on who waits, if anybody still does."""
    if not done.done():
        done.set_result(None)
