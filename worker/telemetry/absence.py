"""Says that something is away: once, then seldom, and once when it is back."""

import time
from collections.abc import Callable
from math import inf

FIRST, LONGEST = 5.0, 60.0  # seconds between two sayings of one absence


class Absence:
    """What many notice and try again each second is one thing to whoever reads the log."""

    def __init__(self, tell: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._monotonic = monotonic
        self._began: float | None = None
        self._ended = -inf
        self._due = -inf
        self._wait = FIRST
        self._is_said = False

    def __call__(self, text: str) -> None:
        """Hear in a sentence that it is away; said at once if that is news, else when its time has come."""
        now = self._monotonic()
        if self._began is None:
            self._begin(now)
        assert self._began is not None
        if now < self._due:
            return
        self._tell(f"{text} (for {now - self._began:.0f} s by now)" if self._is_said else text)
        self._is_said = True
        self._due, self._wait = now + self._wait, min(LONGEST, self._wait * 2)

    def over(self, text: str) -> None:
        """Hear that it is back; said with how long it took, if its absence was."""
        if self._began is None:
            return
        now = self._monotonic()
        if self._is_said:
            self._tell(f"{text}, after {now - self._began:.0f} s")
        self._began, self._ended = None, now

    def _begin(self, now: float) -> None:
        """Take what comes and goes for one absence: it is said no more often."""
        if now - self._ended > LONGEST:
            self._due, self._wait = now, FIRST
        self._began, self._is_said = now, False
