"""The real engine in virtual time, against a modelled vendor."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.cloudevent import Event
from schemas.relation import LinkCreated
from worker.brokers.base import Handle, Publication
from worker.delivery.connection import Connection, Shared
from worker.delivery.report import Reporter
from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Received
from worker.outcome.result import Teller
from worker.sandbox.quota import Limiter
from worker.sandbox.quota import Quota as Limit
from worker.simulation.ideal import ideal_end, worst_window
from worker.simulation.loop import run as run_virtually
from worker.simulation.model import Model, Vendor
from worker.simulation.scenario import Finding, Scenario
from worker.targets.options import ConnectionSettings, Timeouts

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "model"
AT_ONCE = 500  # events that one take brings


def simulate(scenario: Scenario) -> Finding:
    """Return what the engine makes of a scenario; the same for the same seed."""
    return run_virtually(Simulation(scenario).run())


class Simulation:
    """One run: journal in memory, a broker that takes everything, time that jumps."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._began = 0.0
        self._outcomes: Counter[str] = Counter()
        self._done = asyncio.Event()
        self._last = 0.0

    async def run(self) -> Finding:
        """Run to the end."""
        scenario, loop = self._scenario, asyncio.get_running_loop()
        self._began = loop.time()
        vendor = self._vendor()
        journal = await Journal.open("sqlite://", inline=True, clock=self._seconds, monotonic=loop.time)
        reporter = Reporter(Silence(), journal, lambda _: None)
        connection = Connection(
            NAME, self._settings(), Model(scenario.batch), self._shared(journal, reporter), vendor.send, 64 * 2**20
        )
        reporting = asyncio.create_task(reporter.run())
        await connection.start("never owned")
        try:
            async with asyncio.timeout(scenario.longest):
                await self._emit(journal, connection)
                await self._done.wait()
        except TimeoutError:
            pass
        await connection.stop(0.0)
        reporting.cancel()
        await journal.close()
        return self._finding(vendor)

    async def _emit(self, journal: Journal, connection: Connection) -> None:
        loop, arrivals = asyncio.get_running_loop(), self._scenario.arrivals
        first = 0
        while first < len(arrivals):
            await asyncio.sleep(max(0.0, self._began + arrivals[first] - loop.time()))
            last = first + 1  # it has come, whatever rounding leaves of its moment
            while last < len(arrivals) and last - first < AT_ONCE and self._began + arrivals[last] <= loop.time():
                last += 1
            rows = [self._delivery(number) for number in range(first, last)]
            taken = await journal.take(rows)
            connection.offer([(row, self._event(row)) for row in taken.fresh])
            first = last

    def _delivery(self, number: int) -> Delivery:
        subject = f"r{number}"
        received = Received("RELATIONS", number + 1, "relation.created.link", self._now(), (), b"{}")
        return Delivery(NAME, number + 1, "/simulation", subject, f"e{number}", b"d", "create", received)

    def _event(self, row: Delivery) -> Event:
        return Event.model_construct(
            specversion="1.0",
            id=row.event_id,
            source=row.source,
            type="relation.created",
            subject=row.subject,
            time=row.received.received_at,
            data=DATA,
            sequence=None,
            expirytime=None,
            correlationid=None,
            causationid=None,
            traceparent=None,
            tracestate=None,
            target=None,
            extensions={},
        )

    def _settings(self) -> ConnectionSettings:
        scenario = self._scenario
        return ConnectionSettings(
            target=NAME,
            quotas=scenario.quotas or (),
            in_flight=scenario.in_flight,
            batch=scenario.batch,
            strict=scenario.strict,
            timeouts=Timeouts(first_byte=scenario.behaviour.timeout),
        )

    def _shared(self, journal: Journal, reporter: Reporter) -> Shared:
        return Shared(
            journal=journal,
            reporter=reporter,
            teller=Teller("simulation", "0"),
            decode=self._event,
            now=self._now,
            tell=lambda _: None,
            lost=lambda _: None,
            settled=self._settled,
            failed=broke,
        )

    def _vendor(self) -> Vendor:
        scenario = self._scenario
        limits = tuple(Limit.parse(text) for text in scenario.limits)
        limiter = Limiter(limits, scenario.semantics, seed=scenario.seed) if limits else None
        return Vendor(scenario.behaviour, limiter, random.Random(scenario.seed))  # noqa: S311 -- jitter

    def _settled(self, _name: str, settled: Sequence[Any]) -> None:
        self._outcomes.update(each.outcome for each in settled)
        self._last = asyncio.get_running_loop().time()
        if self._outcomes.total() == len(self._scenario.arrivals):
            self._done.set()

    def _now(self) -> datetime:
        return BEGINNING + timedelta(seconds=asyncio.get_running_loop().time() - self._began)

    def _seconds(self) -> float:
        return self._now().timestamp()

    def _finding(self, vendor: Vendor) -> Finding:
        scenario = self._scenario
        ideal = ideal_end(scenario.arrivals, scenario.batch, scenario.quotas, scenario.behaviour.latency)
        arrived = [moment - self._began for moment in vendor.arrived]
        return Finding(
            events=len(scenario.arrivals),
            drain_seconds=self._last - self._began,
            ideal_seconds=ideal,
            refused_calls=len(vendor.refused),
            worst_window=worst_window(arrived, scenario.quotas),
            dead_letters=self._outcomes["dead_lettered"],
            waiting=len(scenario.arrivals) - self._outcomes.total(),
            calls=arrived,
            refused=[moment - self._began for moment in vendor.refused],
        )


DATA = LinkCreated.model_validate(
    {"kind": "link", "relation_type": "a:b", "parents": [{"record_id": 1}], "children": [{"record_id": 2}]}
)


def broke(name: str, error: BaseException) -> None:
    """Let a bug of the engine end the simulation, not be waited for."""
    raise RuntimeError(f"{name} broke") from error


class Silence:
    """A broker that takes every result and gives nothing."""

    connected = True
    max_payload = 2**20
    url = ""

    async def start(self) -> None:
        """Be there."""

    async def take(self, handle: Handle) -> None:
        """Hand over nothing."""

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Take everything."""

    async def stop(self) -> None:
        """Be gone."""
