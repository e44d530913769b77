"""Every scenario by name."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.faults.row import Outcome
from tests.faults.scenarios import crash


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
}
