"""How each connection stands, from its options and the journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any

from worker.delivery.forecast import FEW, SHORTEST, WITHIN, drained_in, excess, most_a_second
from worker.journal.backlog import Backlog
from worker.journal.journal import Journal
from worker.journal.rows import INTAKE, Paused
from worker.targets.options import ConnectionSettings

NOTHING = Backlog()


@dataclass(frozen=True, slots=True)
class Standing:
    """One connection as every face shows it; `inflow`: deliveries a second of late, where a backlog makes it matter."""

    name: str
    target: str | None
    state: str
    paused: Paused | None
    owner: str | None
    most: float
    waiting: int
    replaying: int
    unreported: int
    buried: int
    oldest: datetime | None
    forecast: float | None
    inflow: float = 0.0

    @property
    def warning(self) -> str | None:
        """Say so when more comes in than the quotas let out."""
        return excess(self.inflow, self.most) if self.inflow > self.most else None

    def as_json(self) -> dict[str, Any]:
        paused = self.paused
        return {
            "connection": self.name,
            "target": self.target,
            "state": self.state,
            "paused": None
            if paused is None
            else {
                "by": paused.by,
                "why": paused.why,
                "until": paused.until.isoformat() if paused.until else None,
            },
            "worked_by": self.owner,
            "waiting": self.waiting,
            "replaying": self.replaying,
            "unreported": self.unreported,
            "buried": self.buried,
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "forecast_seconds": self.forecast,
            "warning": self.warning,
        }


async def standings(connections: Mapping[str, ConnectionSettings], journal: Journal) -> list[Standing]:
    """Return all connections of the settings, and those that only the journal knows."""
    now = await journal.clock()
    backlog, paused = await journal.backlog(), await journal.paused()
    stored = await journal.accounts.all()
    owners = {one.name: one.owner for one in await journal.leases() if one.until > now}
    retired = {name for name, one in stored.items() if one.retired_at is not None}
    names = sorted({*connections, *backlog, *stored} - (retired - backlog.keys()))
    return [
        Standing(
            name=name,
            target=options.target if (options := connections.get(name)) else None,
            state=state(name, options, paused.get(name), owners.get(name), retired),
            paused=paused.get(name),
            owner=owners.get(name),
            most=most_a_second(options.quotas, options.batch) if options else inf,
            waiting=(lines := backlog.get(name, NOTHING)).live,
            replaying=lines.replay,
            unreported=lines.unreported,
            buried=lines.buried,
            oldest=lines.oldest,
            forecast=forecast(options, paused.get(name), lines.live),
            inflow=await inflow(journal, name, now) if options and lines.live > FEW else 0.0,
        )
        for name in names
    ]


async def inflow(journal: Journal, name: str, now: datetime) -> float:
    """Return the deliveries a second that came in of late, 0 before there is enough to tell."""
    arrived = await journal.arrived(name, now, timedelta(seconds=WITHIN))
    return arrived.count / arrived.seconds if arrived.seconds >= SHORTEST else 0.0


def forecast(options: ConnectionSettings | None, paused: Paused | None, waiting: int) -> float | None:
    """Return in how many seconds the quotas let out what waits, None where it goes nowhere."""
    if options is None or not options.enabled or (paused is not None and waiting):
        return None
    return drained_in(waiting, options.quotas, options.batch)


def state(
    name: str, options: ConnectionSettings | None, paused: Paused | None, owner: str | None, retired: set[str]
) -> str:
    """Return what a person wants to know first."""
    if name == INTAKE:
        return "intake"
    if options is None:
        return "retired" if name in retired else "not in the settings"
    if not options.enabled:
        return "disabled"
    if paused is not None:
        return "paused"
    return "at work" if owner else "no worker"
