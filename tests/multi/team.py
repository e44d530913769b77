"""Several workers on one PostgreSQL and one broker: real processes over real sockets."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import aiohttp
from nats.errors import Error as NatsError

from tests.faults.events import Made, mixed, stories
from tests.faults.house import House
from tests.faults.row import Outcome
from tests.faults.vendors import Vendors
from tests.faults.working import WorkerProcess
from tests.journal.servers import PostgreSQL
from tests.multi.brokers import Brokers
from worker.brokers.base import BrokerError
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.rows import PRESENCE

CONSOLE = re.compile(r"the console is at (http://[^/]+)/")
NAMES = ("_intake", "onoffice", "outsmart", "silvasoft", "superoffice")


class Team(House):
    """A house with any number of workers; `nodes` of the broker hold every stream."""

    def __init__(
        self,
        scenario: str,
        database: PostgreSQL,
        *,
        nodes: int = 1,
        lease: str = "3s",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(scenario, options)
        self.workers: list[WorkerProcess] = []
        self.journal_url = database.schema().replace(":@", "@")  # an empty password has no place there either
        self._nodes = nodes
        self._lease = lease
        self.brokers: Brokers
        self.journal: Journal

    async def __aenter__(self) -> Self:
        folder = TemporaryDirectory(prefix="relation-worker-multi-", ignore_cleanup_errors=True)
        self.folder = Path(self._stack.enter_context(folder))
        self.brokers = self._stack.enter_context(Brokers(self.folder, self._nodes))
        self.server = self.brokers.servers[0]
        self.broker = {"url": self.brokers.url}
        self.vendors = await self._stack.enter_async_context(Vendors())
        self.journal = await Journal.open(self.journal_url)
        self._stack.push_async_callback(self.journal.close)
        self._stack.push_async_callback(self._end)
        return self

    async def __aexit__(self, kind: object = None, *rest: object) -> None:
        if kind is not None:  # the test shows it
            print(self.problems, *(worker.said()[-3000:] for worker in self.workers), sep="\n")  # noqa: T201 -- as above
        await super().__aexit__(kind, *rest)

    async def _end(self) -> None:
        for worker in self.workers:
            if worker.code is None:
                await worker.kill()

    def configuration(self) -> dict[str, Any]:
        """Return the settings of all workers."""
        settings = super().configuration()
        settings["worker"]["lease"] = self._lease
        settings["broker"]["replicas"] = self._nodes
        return settings

    async def join(self) -> WorkerProcess:
        """Let one more worker start."""
        worker = self.prepared()
        self.workers.append(worker)
        await worker.start()
        assert worker.code is None, worker.said()
        return worker

    async def two(self) -> tuple[WorkerProcess, WorkerProcess]:
        """Let two workers start at once, and share what there is."""
        one, two = await asyncio.gather(self.join(), self.join())
        assert await self.shared(2, 3)
        return one, two

    async def load(self, count: int, first: int = 0, *, updates: int = 2) -> list[Made]:
        """Publish so many relations' lives, again and again while the broker cannot take them."""
        made = mixed(stories(count, first=first, updates=updates), seed=first)

        async def taken() -> bool:
            try:
                await self.publish(made)
            except BrokerError:
                return False
            return True

        await self.until(taken, "the broker to take events")
        return made

    # Looking

    async def owners(self) -> dict[str, int]:
        """Return which process works what; nobody, while the journal does not answer."""
        try:
            now = await self.journal.clock()
            leases = [lease for lease in await self.journal.leases() if lease.until > now]
        except JournalError:
            return {}
        return {lease.name: pid(lease.owner) for lease in leases if not lease.name.startswith(PRESENCE)}

    async def epochs(self) -> list[int]:
        """Return how often each name was taken."""
        return [lease.epoch for lease in await self.journal.leases() if lease.name in NAMES]

    async def shares(self) -> list[int]:
        """Return how many names each process works, the fewest first."""
        return sorted(Counter((await self.owners()).values()).values())

    async def shared(self, *shares: int, seconds: float = 15.0) -> bool:
        """Wait until the names are shared out so."""

        async def so() -> bool:
            return await self.shares() == sorted(shares)

        return await self.until(so, f"shares of {shares}, they are {await self.shares()}", seconds)

    async def taken_from(self, gone: WorkerProcess) -> float:
        """Return after how many seconds nothing is a worker's any more, and everything somebody's."""
        began = time.monotonic()

        async def so() -> bool:
            owners = await self.owners()
            return len(owners) == len(NAMES) and gone.pid not in owners.values()

        await self.until(so, "somebody else to take over", 30.0)
        return time.monotonic() - began

    async def results(self) -> list[dict[str, Any]]:
        """Read as often as it takes: after a node's death the cluster may put a reader where nobody is any more."""
        found: list[dict[str, Any]] = []

        async def read() -> bool:
            try:
                found[:] = await super(Team, self).results()
            except (NatsError, BrokerError):
                return False
            return True

        await self.until(read, "the cluster to read its results")
        return found

    async def ready(self, worker: WorkerProcess) -> bool:
        """Ask a worker's console whether it is ready."""
        found = CONSOLE.search(worker.said())
        assert found, "the console says where it is"
        async with aiohttp.ClientSession() as session, session.get(f"{found[1]}/readyz") as answer:
            return answer.status == HTTPStatus.OK

    async def busy(self, effects: int) -> None:
        """Wait until the vendors have seen so many changes."""

        async def so() -> bool:
            return await self.vendors.count() >= effects

        await self.until(so, f"{effects} changes at the vendors")

    async def verdict(self) -> Outcome:
        """Stop all workers and hold everything against everything."""
        codes = await asyncio.gather(*(worker.stop() for worker in self.workers if worker.code is None))
        self.problems += [f"a worker ended with {code}" for code in codes if code]
        self.problems += [
            f"a worker said: {line[:300]}"
            for worker in self.workers
            for line in worker.said().splitlines()
            if "Traceback" in line or "never retrieved" in line
        ]
        return await super().verdict()


def pid(owner: str) -> int:
    """Read a process out of an owner's name: host, process, something random."""
    return int(owner.rsplit("-", 2)[1])
