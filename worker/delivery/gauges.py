"""How each connection of this worker stands, for a scrape and for a warning."""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from worker.delivery.connection import Connection
from worker.delivery.forecast import Pace, most_a_second, outlook, told
from worker.delivery.telling import Telling
from worker.journal.backlog import Backlog
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.telemetry.metrics import Figures, Process
from worker.telemetry.saying import Good

EVERY = 5.0  # seconds between looks at the journal
NOTHING = Backlog()


@dataclass(slots=True)
class Gauges:
    """Counts what waits from time to time; the gates are asked at the scrape itself."""

    journal: Journal
    connections: Mapping[str, Connection]
    tellings: Mapping[str, Telling]
    is_connected: Callable[[], bool]
    takes: Callable[[], bool]
    now: Callable[[], datetime]
    tell: Callable[[str], None]
    backlog: dict[str, Backlog] = field(default_factory=dict)
    replays: Counter[str] = field(default_factory=Counter)
    warned: set[str] = field(default_factory=set)
    paces: defaultdict[str, Pace] = field(default_factory=lambda: defaultdict(Pace))

    async def run(self) -> None:
        """Look until cancelled; a journal that does not answer is others' to tell of."""
        while True:
            try:
                await self.turn()
            except JournalError:
                self.backlog = {}
            await asyncio.sleep(EVERY)

    async def turn(self) -> None:
        """Look once."""
        self.backlog = await self.journal.backlog()
        counted = Counter[str]()
        if self.takes():  # one worker tells of what all share
            for plan in await self.journal.replays.running():
                counted.update(await self.journal.replays.counts(plan.id))
        self.replays = counted
        at = asyncio.get_running_loop().time()
        for name, connection in self.connections.items():
            if connection.is_running:
                self.warn(name, connection, at)
            else:
                self.paces.pop(name, None)
                self.warned.discard(name)

    def warn(self, name: str, connection: Connection, at: float) -> None:
        """Say once when more comes in than the quotas let out, and once when that is over."""
        waiting = self.backlog.get(name, NOTHING).live
        pace = self.paces[name]
        pace.note(at, waiting, self.tellings[name].settled)
        options, gate = connection.settings, connection.gate
        most = most_a_second(options.quotas, options.batch, gate.learned_rate)
        if pace.exceeds(most) and name not in self.warned:
            self.warned.add(name)
            seconds = outlook(gate, waiting, options.batch, pace.outflow)
            self.tell(
                f"{name}: {pace.inflow * 60:,.0f} events a minute come in and its quota allows {most * 60:,.0f}; "
                f"{waiting:,} wait, and would take about {told(seconds)} if no more came"
            )
        elif name in self.warned and not pace.exceeds(most) and not waiting:
            self.warned.discard(name)
            self.tell(Good(f"{name}: its backlog is drained"))

    def publish(self) -> None:
        """Hand the times waited to the metrics."""
        for telling in self.tellings.values():
            telling.publish()

    def look(self) -> Process:
        """Return the figures of this moment."""
        ours = [(name, each) for name, each in self.connections.items() if each.is_running]
        return Process(
            connections=tuple(self.figures(name, each) for name, each in ours),
            broker_connected=self.is_connected(),
            taking=self.takes(),
            replays=self.replays,
        )

    def figures(self, name: str, connection: Connection) -> Figures:
        """Return one connection's."""
        gate, backlog = connection.gate, self.backlog.get(name, NOTHING)
        seconds = outlook(gate, backlog.live, connection.settings.batch, self.paces[name].outflow)
        return Figures(
            connection=name,
            target=connection.target.name,
            backlog=backlog.live,
            in_flight=gate.in_flight,
            in_flight_limit=gate.limit,
            paused=gate.paused is not None,
            forecast_seconds=None if math.isinf(seconds) else seconds,
            oldest_seconds=max(0.0, (self.now() - backlog.oldest).total_seconds()) if backlog.oldest else None,
            quotas={str(use.quota): min(1.0, use.used / use.quota.calls) for use in gate.use},
        )
