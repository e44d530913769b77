import asyncio
import random
from typing import Any

import orjson

from schemas.cloudevent import Event
from tests.delivery.world import BEGINNING, Happening, event_of
from worker.delivery.connection import Connection, Shared
from worker.delivery.report import Reporter
from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Received, Settled
from worker.outcome.result import Teller
from worker.sandbox.quota import Limiter
from worker.sandbox.quota import Quota as Limit
from worker.sending.quota import Quota
from worker.simulation.loop import run
from worker.simulation.model import Behaviour, Model, Vendor
from worker.simulation.run import Silence
from worker.targets.options import ConnectionSettings

CONNECTIONS, EVENTS = 200, 12
TROUBLED = {"c0": "slow", "c1": "limited", "c2": "paused"}


class House:
    """Two hundred connections in one worker, of which three may have trouble."""

    def __init__(self, *, trouble: bool) -> None:
        self.trouble = trouble
        self.took: dict[str, list[float]] = {}
        self.ended = asyncio.Event()
        self.came: dict[tuple[str, int], float] = {}

    async def live(self) -> None:
        """Bring every healthy connection's events to their end."""
        loop = asyncio.get_running_loop()
        journal = await Journal.open("sqlite://", inline=True, clock=lambda: BEGINNING.timestamp() + loop.time())
        reporter = Reporter(Silence(), journal, lambda _: None)
        connections = {name: self.connection(name, journal, reporter) for name in map("c{}".format, range(CONNECTIONS))}
        for each in connections.values():
            await each.start("never owned")
        if self.trouble:
            connections["c2"].gate.pause(None, "tried out", "a person")
        position = 0
        for _ in range(EVENTS):
            for name, each in connections.items():
                position += 1
                await self.emit(journal, each, name, position)
            await asyncio.sleep(0.3)
        await self.ended.wait()
        for each in connections.values():
            each.abort()
        await journal.close()

    async def emit(self, journal: Journal, connection: Connection, name: str, position: int) -> None:
        event = happened(position)
        received = Received("RELATIONS", position, "relation", BEGINNING, (), orjson.dumps(position))
        row = Delivery(name, position, "/w", event.subject, event.id, b"d", "create", received)
        self.came[name, position] = asyncio.get_running_loop().time()
        taken = await journal.take([row])
        connection.offer([(fresh, event) for fresh in taken.fresh])

    def connection(self, name: str, journal: Journal, reporter: Reporter) -> Connection:
        trouble = TROUBLED.get(name) if self.trouble else None
        behaviour = Behaviour(latency=20.0 if trouble == "slow" else 0.1)
        limiter = Limiter((Limit.parse("1/min"),)) if trouble == "limited" else None
        vendor = Vendor(behaviour, limiter, random.Random(1))
        shared: Any = Shared(
            journal=journal,
            reporter=reporter,
            teller=Teller("t", "0"),
            decode=lambda row: happened(row.position),
            now=lambda: BEGINNING,
            tell=lambda _: None,
            lost=lambda _: None,
            settled=self.settled,
            failed=lambda _name, _error: None,
        )
        settings = ConnectionSettings(target="model", quotas=(Quota(5, 1.0),), in_flight=4)
        return Connection(name, settings, Model(1), shared, vendor.send, 2**18)

    def settled(self, name: str, settled: list[Settled]) -> None:
        now = asyncio.get_running_loop().time()
        self.took.setdefault(name, []).extend(now - self.came[name, each.position] for each in settled)
        healthy = [values for other, values in self.took.items() if other not in TROUBLED]
        if sum(map(len, healthy)) == EVENTS * (CONNECTIONS - len(TROUBLED)):
            self.ended.set()


def happened(position: int) -> Event:
    return event_of(position, Happening("created", f"s{position}", {}))


def figures(house: House) -> tuple[float, float]:
    """Return mean and 99th percentile of what healthy events took."""
    took = sorted(value for name, values in house.took.items() if name not in TROUBLED for value in values)
    return sum(took) / len(took), took[int(len(took) * 0.99)]


def test_trouble_of_one_connection_is_nobody_elses() -> None:
    """Three connections that are slow, limited and paused leave the others' mean and p99 within a tenth."""
    healthy, troubled = House(trouble=False), House(trouble=True)
    run(healthy.live())
    run(troubled.live())

    for before, after in zip(figures(healthy), figures(troubled), strict=True):
        assert after <= 1.1 * before
