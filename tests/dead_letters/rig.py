"""A connection at work on a world, with plans conducted beside it, in virtual time."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from schemas.dead_letter import dead_letter_id
from tests.delivery.world import BAD, BEGINNING, Temper, World
from worker.dead_letters.choosing import Chooser
from worker.dead_letters.conductor import Conductor
from worker.dead_letters.document import Terms
from worker.dead_letters.patching import Patcher
from worker.dead_letters.retaking import Retaker
from worker.dead_letters.service import DeadLetters
from worker.delivery.connection import Connection, Shared
from worker.delivery.report import Reporter
from worker.intake.decode import Decoder
from worker.intake.route import Route, Routes
from worker.journal.journal import Journal
from worker.journal.letters import Filter
from worker.journal.rows import Delivery, Letter, Received, Reported, Settled
from worker.outcome.result import Teller
from worker.sending.quota import Quota
from worker.simulation.run import Silence
from worker.targets.options import ConnectionSettings

NAME = "world"
ALL = Filter(connections=[NAME])
MEND = {"op": "replace", "path": "/data/group", "value": "fine"}
MENDED = Terms("mended", patch=(MEND,))
PATCHER = Patcher(Decoder(), 2**20)


def message(position: int, subject: str, word: str, data: dict[str, Any]) -> bytes:
    """Return an event as it travels."""
    given = {"kind": "party"} if word == "deleted" else {"kind": "party", "party_type": "organization", **data}
    if word == "created":
        given = {"name": "N"} | given
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"e{position}",
            "source": "/w",
            "type": f"relation.{word}",
            "subject": subject,
            "time": BEGINNING.isoformat(),
            "data": given,
        }
    )


@dataclass(slots=True)
class Rig:
    """One worker's share of things: it can crash and be started again, on the same journal and world."""

    journal: Journal
    world: World
    quotas: tuple[Quota, ...] = (Quota(1000, 1.0),)
    options: dict[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()  # connections that somebody else works
    began: float = 0.0
    position: int = 0
    settled: list[Settled] = field(default_factory=list)
    arrived: dict[int, datetime] = field(default_factory=dict)
    broken: BaseException | None = None
    _connection: Connection | None = None
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    @classmethod
    async def open(cls, temper: Temper | None = None, batch: int = 1, **more: Any) -> "Rig":
        loop = asyncio.get_running_loop()
        began = loop.time()
        clock = lambda: BEGINNING.timestamp() + loop.time() - began  # noqa: E731 -- the journal's clock
        journal = await Journal.open("sqlite://", inline=True, clock=clock, monotonic=loop.time)
        world = World(temper or Temper(), random.Random(1), batch)
        options = more.pop("options", {}) | {"batch": batch}
        rig = cls(journal, world, began=began, options=options, **more)
        await rig.start("never owned")
        return rig

    @property
    def connection(self) -> Connection:
        assert self._connection is not None
        return self._connection

    @property
    def service(self) -> DeadLetters:
        return DeadLetters(self.journal, {}, Decoder(), 2**20, self.now)

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=asyncio.get_running_loop().time() - self.began)

    async def start(self, before: Any) -> None:
        """Begin to work."""
        settings = ConnectionSettings(target=NAME, quotas=self.quotas, **{"in_flight": 8, **self.options})
        reporter = Reporter(Silence(), self.journal, lambda _: None)
        connections: dict[str, Connection] = {}
        retaker = Retaker(self.journal, Chooser(self.journal, PATCHER), self.routes, self.now)
        conductor = Conductor(self.journal, PATCHER, connections, retaker, lambda: True, self.now, lambda _: None)
        shared = Shared(
            journal=self.journal,
            reporter=reporter,
            teller=Teller("t", "0"),
            decode=lambda row: Decoder().decode(row.received).event,
            now=self.now,
            tell=lambda _: None,
            lost=lambda _: None,
            settled=lambda _name, settled: self.settled.extend(settled),
            failed=self.broke,
            supply=conductor.supply,
        )
        self._connection = connections[NAME] = Connection(NAME, settings, self.world, shared, self.world.send, 2**22)
        await self._connection.start(before)
        self._tasks = [asyncio.create_task(reporter.run()), asyncio.create_task(conductor.run())]

    def routes(self) -> Routes:
        return Routes([Route(name, "world", "party") for name in (NAME, *self.others)])

    def broke(self, _name: str, error: BaseException) -> None:
        self.broken = error

    async def crash(self) -> None:
        """End without a word, and come back."""
        await self.stop()
        await self.start("abandoned")

    async def stop(self) -> None:
        """End without a word."""
        self.connection.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep(0)

    async def close(self) -> None:
        await self.connection.stop(60.0)
        for task in self._tasks:
            task.cancel()
        await self.journal.close()
        assert self.broken is None, self.broken
        assert self.world.overlaps == 0

    def delivery(self, subject: str, word: str = "created", **data: Any) -> Delivery:
        """Return the row of a new event."""
        self.position += 1
        body = message(self.position, subject, word, data)
        received = Received("RELATIONS", self.position, "relation", self.now(), (), body)
        decoded = Decoder().decode(received)
        event = decoded.event
        return Delivery(NAME, self.position, "/w", subject, event.id, decoded.digest, event.operation, received)

    async def emit(self, *rows: Delivery) -> None:
        """Take events, and hand them to the connection."""
        for row in rows:
            self.arrived[row.position] = self.now()
        taken = await self.journal.take(rows)
        self.connection.offer([(row, Decoder().decode(row.received).event) for row in taken.fresh])

    async def bury(self, count: int, first: int = 0) -> None:
        """Have so many creates refused, each of a relation of its own."""
        await self.emit(*(self.delivery(f"s{number}", group=BAD) for number in range(first, first + count)))
        await self.until(lambda: self.done() >= first + count)
        await asyncio.sleep(1.0)  # they are reported

    async def lay(self, count: int) -> None:
        """Lay so many letters down at once, without a call."""
        rows = [self.delivery(f"s{number}", group=BAD) for number in range(count)]
        now = self.now()
        lying = [
            Settled(NAME, row.position, "dead_lettered", 1, 1, now, b"{}", letter=letter_of(row, now)) for row in rows
        ]
        await self.journal.take([], list(zip(rows, lying, strict=True)))
        await self.journal.commit(*(Reported(NAME, row.position) for row in rows))

    def done(self, outcome: str = "dead_lettered") -> int:
        return sum(each.outcome == outcome for each in self.settled)

    async def until(self, is_so: Any, seconds: float = 100_000.0) -> None:
        """Wait for something to be so."""
        async with asyncio.timeout(seconds):
            while not is_so():
                await asyncio.sleep(0.1)
                assert self.broken is None, self.broken

    async def ended(self, plan: str, seconds: float = 100_000.0) -> str:
        """Wait for a plan's end, and return how it ended."""
        async with asyncio.timeout(seconds):
            while (view := await self.service.progress(plan)).view.state in {"ready", "running"}:
                await asyncio.sleep(1.0)
                assert self.broken is None, self.broken
        return view.view.state

    async def replay(self, terms: Terms = MENDED, wanted: Filter = ALL) -> str:
        """Plan and apply; return the plan's id."""
        view = await self.service.plan(wanted, terms, "ann")
        await self.service.apply(view.id, "ann")
        return view.id

    async def counts(self, plan: str) -> dict[str, int]:
        return dict((await self.service.progress(plan)).counts)


def letter_of(row: Delivery, now: datetime) -> Letter:
    """Return the letter of a delivery that was refused."""
    name = dead_letter_id(NAME, row.source, row.event_id)
    keys = (NAME, row.position, row.source, row.subject, row.event_id, row.operation)
    return Letter(name, *keys, "rejected", "no", "0123456789abcdef", 400, now, b"{}")
