"""Says that something is away: once, then seldom, and once when it is back."""

import re
import time
from collections.abc import Callable
from math import inf

from worker.telemetry.saying import Good

FIRST, LONGEST = 5.0, 60.0  # seconds between two sayings of one absence


class Absence:
    """What many notice and try again each second is one thing to whoever reads the log.

    Where one alone notices, another text is another reason: up to so many `reasons` are news, and said at once.
    """

    def __init__(
        self, tell: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic, *, reasons: int = 1
    ) -> None:
        self._tell = tell
        self._monotonic = monotonic
        self._reasons = reasons
        self._heard: set[str] = set()
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
        if not self._is_news(text) and now < self._due:
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
            self._tell(Good(f"{text}, after {now - self._began:.0f} s"))
        self._began, self._ended = None, now

    def _begin(self, now: float) -> None:
        """Take what comes and goes for one absence: it is said no more often."""
        if now - self._ended > LONGEST:
            self._due, self._wait = now, FIRST
            self._heard.clear()
        self._began, self._is_said = now, False

    def _is_news(self, text: str) -> bool:
        """Note a reason; say whether it is another one, whatever figures it holds."""
        reason = re.sub(r"\d+", "", text)
        if reason in self._heard or len(self._heard) >= self._reasons:
            return False
        self._heard.add(reason)
        return len(self._heard) > 1
