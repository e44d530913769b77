"""What is simulated, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.sandbox.quota import Semantics
from worker.sending.quota import Quota
from worker.simulation.model import Behaviour


@dataclass(frozen=True, slots=True)
class Scenario:
    """Events that come at `arrivals` (seconds from the start, in order), our settings, and the vendor's truth."""

    arrivals: Sequence[float]
    behaviour: Behaviour
    quotas: tuple[Quota, ...] = ()
    limits: tuple[str, ...] = ()
    semantics: Semantics = "sliding"
    in_flight: int = 64
    batch: int = 1
    strict: bool = False
    seed: int = 0
    longest: float = 30 * 86_400.0  # seconds of virtual time, after which it is given up


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of it; moments are seconds from the start."""

    events: int
    drain_seconds: float
    ideal_seconds: float
    refused_calls: int
    worst_window: float
    dead_letters: int
    waiting: int
    calls: Sequence[float] = field(repr=False)
    refused: Sequence[float] = field(repr=False)

    @property
    def share_of_ideal(self) -> float:
        """How much of what was possible was used: 1.0 is all of it."""
        return self.ideal_seconds / self.drain_seconds if self.drain_seconds else 1.0

    def as_json(self) -> dict[str, Any]:
        """Return the figures as a program reads them."""
        return {
            "events": self.events,
            "calls": len(self.calls),
            "share_of_ideal": round(self.share_of_ideal, 6),
            "refused_calls": self.refused_calls,
            "worst_window": round(self.worst_window, 6),
            "dead_letters": self.dead_letters,
            "waiting": self.waiting,
            "drain_seconds": round(self.drain_seconds, 6),
            "ideal_seconds": round(self.ideal_seconds, 6),
        }
