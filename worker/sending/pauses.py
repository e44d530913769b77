"""Why a gate is closed, by whom and until when."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Probe = Literal["credentials", "clock", "address", "outage"]

ORDER: tuple[Probe, ...] = ("credentials", "clock", "address", "outage")
# First and longest wait between two probes, in seconds.
PROBES: dict[str, tuple[float, float]] = {
    "credentials": (60.0, 3_600.0),
    # A clock is set within seconds when somebody or NTP gets to it; and a probe costs one harmless call.
    "clock": (2.0, 30.0),
    "address": (30.0, 900.0),
    "outage": (2.0, 30.0),
}
# A pause by anything else is a person's.
MACHINES = frozenset({"hint", "vendor", *PROBES})
LONGEST = 86_400.0
# A gate that closes again so soon after a good probe goes on with the interval it had.
RELAPSE_SECONDS = 10.0
UNUSED_PROBE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Pause:
    """A connection takes nothing; `until` None: until it is resumed or a probe succeeds."""

    by: str
    why: str
    since: datetime
    until: datetime | None


@dataclass(slots=True)
class _Held:
    pause: Pause
    until: float
    ramp: bool
    interval: float = 0.0
    probe_at: float = math.inf


class Pauses:
    """All pauses of one gate, `held` by who made them; it is open when there is none."""

    def __init__(self, clock: Callable[[], float], wall: Callable[[], datetime]) -> None:
        self.probing: Probe | None = None
        self._clock = clock
        self._wall = wall
        self.held: dict[str, _Held] = {}
        self._relapse: dict[str, tuple[float, float]] = {}

    @property
    def current(self) -> Pause | None:
        """Return the pause to show: a person's before a machine's, then the longest."""
        if not self.held:
            return None
        first = max(self.held.values(), key=lambda held: (held.pause.by not in MACHINES, held.until))
        return first.pause

    def add(self, seconds: float | None, why: str, by: str, *, ramp: bool) -> None:
        """Hold the gate; a machine never shortens its own pause, a person's last word counts."""
        now = self._clock()
        if by in MACHINES and seconds is not None:
            seconds = min(seconds, LONGEST)
        until = math.inf if seconds is None else now + seconds
        before = self.held.get(by)
        if before is not None and by in MACHINES and before.until >= until:
            return
        self.held[by] = self._hold(seconds, why, by, until, ramp=ramp or (before is not None and before.ramp))

    def lift(self, by: str) -> bool:
        """Take back a machine's own pause, or, for a person, all; return whether to reopen with a ramp."""
        gone = [by] if by in MACHINES else list(self.held)
        lifted = [held for each in gone if (held := self.held.pop(each, None)) is not None]
        return any(held.ramp for held in lifted)

    def expire(self, now: float) -> bool:
        """Drop what is over; return whether to reopen with a ramp."""
        gone = [by for by, held in self.held.items() if held.until <= now]
        lifted = [self.held.pop(by) for by in gone]
        return any(held.ramp for held in lifted)

    def ends_at(self) -> float:
        """Return when the next pause is over by itself."""
        return min([held.until for held in self.held.values()]) if self.held else math.inf

    def held_until(self) -> float:
        """Return when all are over by themselves."""
        return max((held.until for held in self.held.values()), default=-math.inf)

    def opens_at(self) -> float:
        """Return when a slot, or a probe's slot, may be handed out; infinity while a probe is out."""
        if not self.held:
            return -math.inf
        if self.probing is not None:
            return math.inf
        return max(held.probe_at if held.interval else held.until for held in self.held.values())

    def due(self) -> Probe | None:
        """Return what the slot that is handed out now must prove."""
        return next((kind for kind in ORDER if kind in self.held and self.held[kind].interval), None)

    def probed(self, kind: Probe, *, used: bool, good: bool) -> bool:
        """Note how a probe ended; return whether the gate reopens with a ramp."""
        self.probing = None
        held = self.held.get(kind)
        if held is None:
            return False
        if good:
            self._relapse[kind] = (self._clock() + RELAPSE_SECONDS, held.interval)
            return self.lift(kind)
        if used:
            held.interval = min(held.interval * 2, PROBES[kind][1])
        held.probe_at = self._clock() + (held.interval if used else UNUSED_PROBE_SECONDS)
        return False

    def _hold(self, seconds: float | None, why: str, by: str, until: float, *, ramp: bool) -> _Held:
        now = self._wall()
        pause = Pause(by, why, now, None if seconds is None else _later(now, seconds))
        held = _Held(pause, until, ramp)
        if seconds is None and by in PROBES:
            held.interval = self._interval(by, *PROBES[by])
            held.probe_at = self._clock() + held.interval
        return held

    def _interval(self, by: str, first: float, longest: float) -> float:
        relapse_until, interval = self._relapse.get(by, (-math.inf, 0.0))
        return min(interval * 2, longest) if self._clock() < relapse_until else first


def _later(now: datetime, seconds: float) -> datetime:
    try:
        return now + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
