"""Sees what another worker took: nobody offers it here."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from worker.delivery.connection import Connection
from worker.journal.errors import JournalError
from worker.journal.journal import Journal

EVERY = 0.2  # seconds


class Following:
    """Looks how far intake is, unless it is ours, and lets our connections load what is new."""

    def __init__(self, journal: Journal, connections: Mapping[str, Connection], takes: Callable[[], bool]) -> None:
        self._journal = journal
        self._connections = connections
        self._takes = takes
        self._seen = -1

    async def run(self) -> None:
        """Follow until cancelled; while the journal does not answer, others say so."""
        while True:
            with suppress(JournalError):
                await self.turn()
            await asyncio.sleep(EVERY)

    async def turn(self) -> None:
        """Look once; when intake goes from us to another, look at everything again."""
        if self._takes():
            self._seen = -1
            return
        position = await self._journal.last_position()
        if position != self._seen:
            self._seen = position
            for connection in self._connections.values():
                connection.stir()
