"""Each connection at a glance: what waits, what the quotas leave, when it will be done."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.console.flow import Flow, Minute
from worker.delivery.connection import Connection
from worker.delivery.forecast import excess, most_a_second, outlook
from worker.delivery.standing import Standing, standings
from worker.journal.journal import Journal
from worker.journal.rows import INTAKE
from worker.sending.gate import Gate
from worker.settings import Settings

FRESH = 1.0  # seconds for which what was read serves everybody who looks
MANY = 20  # deliveries that wait before a queue that grows is worth a word
STEADY = 1.2  # so much more must come in than go out


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How much of one quota is used now; `seconds` until one more call fits."""

    text: str
    used: int
    calls: int
    seconds: float

    @property
    def share(self) -> float:
        """Part in use, 0 to 1."""
        return min(1.0, self.used / self.calls)


@dataclass(frozen=True, slots=True)
class Card:
    """One connection; figures of its gate only where this worker has it."""

    standing: Standing
    quotas: tuple[QuotaUse, ...]
    in_flight: int
    limit: int
    hour: tuple[Minute, ...]
    taken_a_minute: float
    settled_a_minute: float
    most_a_minute: float | None
    forecast: float | None
    is_ours: bool

    @property
    def name(self) -> str:
        """The connection's name."""
        return self.standing.name

    @property
    def settled_in_hour(self) -> int:
        """Deliveries that ended within the last hour."""
        return sum(minute.settled for minute in self.hour)

    @property
    def inflow(self) -> str | None:
        """Say so when more comes in than can go out."""
        if self.standing.waiting <= MANY or self.standing.state != "at work":
            return None
        if self.most_a_minute is not None and self.taken_a_minute > self.most_a_minute:
            return excess(self.taken_a_minute / 60, self.most_a_minute / 60)
        if self.taken_a_minute > self.settled_a_minute * STEADY:
            return (
                f"{self.taken_a_minute:,.0f} events a minute come in and {self.settled_a_minute:,.0f} go out: "
                "the backlog grows"
            )
        return None

    def as_json(self) -> dict[str, Any]:
        return {
            **self.standing.as_json(),
            "here": self.is_ours,
            "in_flight": self.in_flight,
            "in_flight_limit": self.limit,
            "quotas": [{"quota": each.text, "used": each.used, "calls": each.calls} for each in self.quotas],
            "taken_a_minute": round(self.taken_a_minute, 2),
            "settled_a_minute": round(self.settled_a_minute, 2),
            "settled_in_hour": self.settled_in_hour,
            "forecast_seconds": None if self.forecast is None or math.isinf(self.forecast) else round(self.forecast, 1),
            "warning": self.inflow,
        }


@dataclass(slots=True)
class Board:
    """Reads all cards, at most once a second however many look."""

    settings: Settings
    journal: Journal
    connections: Mapping[str, Connection]
    flow: Flow
    monotonic: Callable[[], float]
    last: tuple[Card, ...] = ()
    _read_at: float = -math.inf
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def cards(self) -> tuple[Card, ...]:
        """Return how each connection stands now; intake is none."""
        async with self._lock:
            if self.monotonic() - self._read_at > FRESH:
                found = await standings(self.settings.connections, self.journal)
                self.last = tuple(self._card(each) for each in found if each.name != INTAKE)
                self._read_at = self.monotonic()
        return self.last

    def forget(self) -> None:
        """Read anew at the next look: somebody has changed something."""
        self._read_at = -math.inf

    def _card(self, standing: Standing) -> Card:
        connection = self.connections.get(standing.name)
        gate = connection.gate if connection is not None and connection.is_running else None
        taken, settled = self.flow.rates(standing.name)
        batch = connection.settings.batch if connection is not None else 1
        return Card(
            standing=standing,
            quotas=quotas(gate) if gate else (),
            in_flight=gate.in_flight if gate else 0,
            limit=gate.limit if gate else 0,
            hour=tuple(self.flow.hour(standing.name)),
            taken_a_minute=taken,
            settled_a_minute=settled,
            most_a_minute=most(gate, batch) if gate else None,
            forecast=outlook(gate, standing.waiting, batch, settled / 60) if gate else standing.forecast,
            is_ours=gate is not None,
        )


def quotas(gate: Gate) -> tuple[QuotaUse, ...]:
    return tuple(QuotaUse(str(use.quota), use.used, use.quota.calls, use.seconds) for use in gate.use)


def most(gate: Gate, batch: int) -> float | None:
    """Return the deliveries a minute that go out at best, None: nothing bounds them."""
    rate = most_a_second([use.quota for use in gate.use], batch, gate.learned_rate)
    return None if math.isinf(rate) else rate * 60
