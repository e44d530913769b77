"""How far the demo is, connection by connection."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Row:
    """One connection, or what concerns none."""

    events: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    backlog: int = 0
    in_flight: int = 0
    quota: str = ""
    paused: str = ""
    calls: int = 0
    refused: int = 0

    @property
    def done(self) -> int:
        """Events that have their outcome."""
        return sum(self.outcomes.values())

    def as_json(self) -> dict[str, Any]:
        """Return the row as a program reads it."""
        return {
            "events": self.events,
            "applied": self.outcomes["applied"],
            "superseded": self.outcomes["superseded"],
            "dead_lettered": self.outcomes["dead_lettered"],
            "calls": self.calls,
            "refused": self.refused,
        }


@dataclass(slots=True)
class Progress:
    """All rows, the clock, and what has been found at the end."""

    rows: dict[str, Row]
    seconds: float = 0.0
    first_applied: float | None = None
    mismatches: dict[str, list[str]] = field(default_factory=dict)
    ended: bool = False

    @property
    def events(self) -> int:
        """Messages that were published."""
        return sum(row.events for row in self.rows.values())

    @property
    def done(self) -> int:
        """Messages that have their outcome."""
        return sum(row.done for row in self.rows.values())

    @property
    def effects_match(self) -> bool:
        """Whether vendors, results and journal agree, and everything has an outcome."""
        return self.ended and self.done == self.events and not any(self.mismatches.values())

    def as_json(self) -> dict[str, Any]:
        """Return the one object that `demo --json` prints."""
        rows = {name: row.as_json() for name, row in sorted(self.rows.items())}
        totals = {name: sum(row[name] for row in rows.values()) for name in next(iter(rows.values()))}
        return {
            **totals,
            "seconds": round(self.seconds, 3),
            "first_applied_seconds": self.first_applied and round(self.first_applied, 3),
            "connections": rows,
            "effects_match": self.effects_match,
            "mismatches": {name: found for name, found in self.mismatches.items() if found},
        }
