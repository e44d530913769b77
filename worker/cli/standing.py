"""How each connection stands, from settings and journal."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from worker.cli.output import moment

if TYPE_CHECKING:
    from worker.journal.journal import Journal
    from worker.journal.rows import Paused
    from worker.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """One connection as `connections list` shows it."""

    name: str
    target: str | None
    state: str
    paused: "Paused | None"
    owner: str | None
    waiting: int
    replaying: int
    unreported: int
    buried: int
    oldest: datetime | None

    @property
    def why(self) -> str | None:
        """Say by whom and why it is paused, or who works it."""
        if (paused := self.paused) is None:
            return self.owner
        until = f", until {moment(paused.until)}" if paused.until else ""
        return f"by {paused.by}{until}: {paused.why}"

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
        }


async def standings(read: "Settings", journal: "Journal") -> list[Standing]:
    """Return all connections of the settings, and those that only the journal knows."""
    from worker.journal.backlog import Backlog

    now = await journal.clock()
    backlog, paused = await journal.backlog(), await journal.paused()
    stored = await journal.accounts.all()
    owners = {one.name: one.owner for one in await journal.leases() if one.until > now}
    retired = {name for name, one in stored.items() if one.retired_at is not None}
    names = sorted({*read.connections, *backlog, *stored} - (retired - backlog.keys()))
    none = Backlog()
    return [
        Standing(
            name=name,
            target=target_of(name, read),
            state=state(name, read, paused.get(name), owners.get(name), retired),
            paused=paused.get(name),
            owner=owners.get(name),
            waiting=(lines := backlog.get(name, none)).live,
            replaying=lines.replay,
            unreported=lines.unreported,
            buried=lines.buried,
            oldest=lines.oldest,
        )
        for name in names
    ]


def target_of(name: str, read: "Settings") -> str | None:
    options = read.connections.get(name)
    return options.target if options else None


def state(name: str, read: "Settings", paused: "Paused | None", owner: str | None, retired: set[str]) -> str:
    """Return what a person wants to know first."""
    from worker.journal.rows import INTAKE

    options = read.connections.get(name)
    if name == INTAKE:
        return "intake"
    if options is None:
        return "retired" if name in retired else "not in the settings"
    if not options.enabled:
        return "disabled"
    if paused is not None:
        return "paused"
    return "at work" if owner else "no worker"
