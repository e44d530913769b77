"""Commits what was decided, until it is on disk."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from worker.journal.errors import JournalAwayError, JournalError, LeaseLostError, TakenError, UnkeptError
from worker.journal.journal import Journal
from worker.journal.rows import Change

PATIENCE = 1.0  # seconds between tries while the journal cannot write

Then = Callable[[], None]


def nothing() -> None:
    """Go on with nothing."""


@dataclass(slots=True, eq=False, repr=False)  # a bug's report in the log shows no event
class Kept:
    """Changes that are written together or not at all, and what follows from either."""

    changes: Sequence[Change]
    then: Then
    taken: Then = nothing


class Keeper:
    """Writes for one connection; an outcome that could not be written yet is never dropped or told.

    What is decided in one turn of the loop is given to the journal as one piece of work. `failed` hears of bugs:
    what can never be written, and what does not go on.
    """

    def __init__(
        self,
        journal: Journal,
        tell: Callable[[str], None],
        lost: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._journal = journal
        self._tell = tell
        self._lost = lost
        self._failed = failed
        self._gathered: list[Kept] = []
        self._closed = False

    def keep(self, changes: Sequence[Change], then: Then = nothing, taken: Then = nothing) -> None:
        """Commit with the next group and go on with `then`, or with `taken` if another relation has its id."""
        self._gather([Kept(changes, then, taken)])

    def keep_now(self, group: Sequence[Kept]) -> None:
        """Commit these at once, behind what was gathered until now."""
        self._gathered.extend(group)
        self._commit_gathered()

    async def kept(self, change: Change) -> None:
        """Return when a change is on disk."""
        done = asyncio.get_running_loop().create_future()
        self.keep((change,), partial(resolve, done))
        await done

    def close(self) -> None:
        """Try nothing again: what is not written by now is found out anew by the next owner."""
        self._closed = True

    def _gather(self, group: Sequence[Kept]) -> None:
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._commit_gathered)
        self._gathered.extend(group)

    def _commit_gathered(self) -> None:
        group, self._gathered = self._gathered, []
        if group:  # else it has gone with what could not wait
            self._commit(group)

    def _commit(self, group: Sequence[Kept]) -> None:
        try:
            answer = self._journal.commit(*chain.from_iterable(each.changes for each in group))
        except Exception as bug:  # noqa: BLE001 -- handed on; who gave the changes has more to do
            self._failed(bug)
        else:
            answer.add_done_callback(partial(self._written, group))

    def _written(self, group: Sequence[Kept], answer: "asyncio.Future[None]") -> None:
        if answer.cancelled():
            return
        error = answer.exception()
        if error is None:
            for each in group:
                self._go_on(each.then)
        elif isinstance(error, LeaseLostError):
            if not self._closed:  # else somebody works it by now, and that may be us again
                self._lost()
        elif len(group) > 1 and not isinstance(error, JournalAwayError):
            for each in group:  # so that what is wrong with one is the others' no more
                self._commit([each])
        elif isinstance(error, TakenError):
            self._go_on(group[0].taken)
        elif isinstance(error, JournalError) and not isinstance(error, UnkeptError):
            self._tell(f"The journal cannot write, trying again: {error}")
            asyncio.get_running_loop().call_later(PATIENCE, self._again, group)
        else:
            self._failed(error)

    def _again(self, group: Sequence[Kept]) -> None:
        if not self._closed:
            self._gather(group)

    def _go_on(self, then: Then) -> None:
        try:
            then()
        except Exception as bug:  # noqa: BLE001 -- handed on; it keeps no other from going on
            self._failed(bug)


def resolve(done: "asyncio.Future[None]") -> None:
    """Let go on who waits, if anybody still does."""
    if not done.done():
        done.set_result(None)
