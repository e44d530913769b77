"""When to try again, and when to give up."""

import random
from dataclasses import dataclass

from worker.delivery.held import Held
from worker.errors import RetryableError, TargetError


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long one connection tries; all in seconds."""

    max_attempts: int
    give_up_after: float
    base: float
    cap: float
    look_after: float
    look_attempts: int

    def backoff(self, attempts: int, chance: random.Random) -> float:
        """Return the wait after this many attempts: exponential with full jitter."""
        ceiling = min(self.cap, self.base * 2.0 ** min(attempts - 1, 60))
        return chance.uniform(0.0, ceiling)

    def is_spent(self, held: Held, error: TargetError) -> bool:
        """Say whether the attempts that `held` counts are all that this error is given."""
        most = error.most if isinstance(error, RetryableError) else None
        allowed = self.max_attempts if most is None else min(most, self.max_attempts)
        return held.attempts >= allowed or held.tried_seconds > self.give_up_after
