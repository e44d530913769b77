"""Every scenario by name."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.faults.row import Outcome
from tests.faults.scenarios import broker, crash, credentials, embedded, intake, machine, stopping, vendor


@dataclass(frozen=True, slots=True)
class Scenario:
    """How to play it, how often in full, and how often in the short form (0: not there)."""

    play: Callable[[int], Awaitable[Outcome]]
    full: int = 1
    short: int = 0

    @property
    def is_short(self) -> bool:
        """Whether continuous integration plays it."""
        return self.short > 0

    def runs(self, *, short: bool) -> int:
        return max(1, self.short) if short else self.full


SCENARIOS: Mapping[str, Scenario] = {
    "kill": Scenario(crash.kill_at_random, 25, 3),
    "failpoints": Scenario(crash.kill_at_failpoints, 30, 4),
    "broker-restart": Scenario(broker.restarted, 5, 1),
    "broker-cut": Scenario(broker.cut, 5, 1),
    "embedded": Scenario(embedded.orphaned, 6, 2),
    "publish-refused": Scenario(broker.refused, 4, 0),
    "unknown-outcome": Scenario(vendor.unknown_outcome, 4, 1),
    "hang": Scenario(vendor.not_applied, 3, 0),
    "slow": Scenario(vendor.slow, 2, 0),
    "storm-503": Scenario(vendor.outage, 2, 0),
    "flapping": Scenario(vendor.flapping, 2, 0),
    "bodies": Scenario(vendor.bodies, 2, 1),
    "storm-429": Scenario(vendor.refusals, 10, 1),
    "duplicates": Scenario(intake.duplicates, 3, 1),
    "poison": Scenario(intake.poisoned, 20, 1),
    "journal-fails": Scenario(machine.journal_fails, 4, 1),
    "clock": Scenario(machine.clock_jumps, 4, 1),
    "frozen": Scenario(machine.owner_freezes, 4, 1),
    "owner-dies": Scenario(machine.owner_dies, 3, 0),
    "expiry": Scenario(credentials.expired, 3, 0),
    "sigterm": Scenario(stopping.stopped, 5, 1),
    "sigterm-twice": Scenario(stopping.twice, 2, 0),
}
