"""What other processes ask of the owner of a connection: only the owner calls."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from worker.delivery.connection import Connection
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.requests import Request

EVERY = 0.5  # seconds


class Requests:
    """Answers pause, resume and check for the connections that are ours."""

    def __init__(
        self,
        journal: Journal,
        connections: Mapping[str, Connection],
        now: Callable[[], datetime],
        tell: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._connections = connections
        self._now = now
        self._tell = tell
        self._checks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Look for requests until cancelled."""
        while True:
            try:
                await self.turn()
            except JournalError as error:
                self._tell(f"Requests cannot be read: {error}")
            await asyncio.sleep(EVERY)

    async def turn(self) -> None:
        """Answer what waits."""
        ours = [name for name, each in self._connections.items() if each.is_running]
        for request in await self._journal.requests.asked(ours) if ours else ():
            if request.action == "check":
                self.check(request)
            else:
                await self.answer(request, self.steered(request))

    def steered(self, request: Request) -> dict[str, Any]:
        """Pause or resume, as a person asks."""
        connection = self._connections[request.connection]
        match request.action:
            case "pause":
                connection.gate.pause(request.detail.get("seconds"), request.detail["why"], request.asked_by)
            case "resume":
                connection.resume(request.asked_by)
            case other:
                return {"ok": False, "said": f"this worker does not know {other!r}"}
        return {"ok": True}

    def check(self, request: Request) -> None:
        """Probe a connection beside everything else."""
        task = asyncio.create_task(self.checked(request))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def checked(self, request: Request) -> None:
        """Make one harmless call, in turn with all others, and answer."""
        connection = self._connections[request.connection]
        began = asyncio.get_running_loop().time()
        error = await connection.engine.caller.parley.probe(await connection.gate.slot())
        said = error.detail if error else "address and credentials are right"
        seconds = round(asyncio.get_running_loop().time() - began, 3)
        ahead = connection.engine.caller.parley.ahead
        await self.answer(request, {"ok": error is None, "said": said, "seconds": seconds, "ahead": ahead})

    async def answer(self, request: Request, said: dict[str, Any]) -> None:
        """Write the answer where the asker looks for it."""
        await self._journal.requests.answer(request.id, said, self._now())
