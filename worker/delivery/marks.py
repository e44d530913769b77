"""Notes in the journal what is about to be sent."""

import asyncio
from collections.abc import Sequence
from functools import partial

from worker.delivery.held import Held
from worker.journal.journal import Journal
from worker.journal.rows import Mark


class Marks:
    """Writes the marks of one connection; those of one turn of the loop are one piece of work for the journal."""

    def __init__(self, connection: str, journal: Journal) -> None:
        self._connection = connection
        self._journal = journal
        self._positions: list[int] = []
        self._waiting: list[asyncio.Future[None]] = []

    async def write(self, members: Sequence[Held]) -> None:
        """Return when these are marked on disk; what the journal raises passes through."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._commit)
        written = loop.create_future()
        self._waiting.append(written)
        self._positions += [member.position for member in members]
        await written
        for member in members:
            member.marked = True

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        positions, self._positions = self._positions, []
        try:
            answer = self._journal.commit(Mark(self._connection, tuple(positions)))
        except Exception as error:  # noqa: BLE001 -- raised where it is waited for
            refuse(waiting, error)
        else:
            answer.add_done_callback(partial(hand_on, waiting))


def hand_on(waiting: Sequence["asyncio.Future[None]"], answer: "asyncio.Future[None]") -> None:
    """Give the journal's answer to each who still waits for it."""
    error = None if answer.cancelled() else answer.exception()
    if error is not None:
        refuse(waiting, error)
        return
    for written in waiting:
        if answer.cancelled():
            written.cancel()
        elif not written.done():
            written.set_result(None)


def refuse(waiting: Sequence["asyncio.Future[None]"], error: BaseException) -> None:
    """Raise an error in each who still waits."""
    for written in waiting:
        if not written.done():
            written.set_exception(error)
