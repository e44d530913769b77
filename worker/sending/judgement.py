"""What becomes of a gate when a call has been judged."""

import math
from collections.abc import Collection

from worker.errors import (
    AddressError,
    ClockError,
    ClosedError,
    OutageError,
    RateLimitedError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.concurrency import Concurrency
from worker.sending.learned import LearnedQuota
from worker.sending.outage import Outage
from worker.sending.pauses import Pauses
from worker.sending.slot import Slot

UNAVAILABLE = 503
# A refusal that does not say for how long closes the gate for the first, then twice as long, up to the last.
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0


class Judgement:
    """Turns how a call went into a smaller or larger limit, a lesson, or a pause."""

    def __init__(self, pauses: Pauses, concurrency: Concurrency, learned: LearnedQuota) -> None:
        self._pauses = pauses
        self._concurrency = concurrency
        self._learned = learned
        self._outage = Outage()
        self._wait = 0.0
        self._waiting_since = -math.inf

    def judge(self, slot: Slot, error: TargetError | None, relations: Collection[str], now: float) -> None:
        """Draw the consequences of a call that was sent, or that could not be sent."""
        match error:
            case None if slot.fate == "answered":
                self._went_well(slot, now)
            case RateLimitedError():
                self._too_fast(slot, error, now)
            case ClockError():
                self._pauses.add(None, error.detail, "clock", ramp=True)
            case UnauthorizedError():
                self._pauses.add(None, error.detail, "credentials", ramp=True)
            case AddressError():
                self._pauses.add(None, error.detail, "address", ramp=True)
            case ClosedError():
                by = "outage" if error.seconds is None else "vendor"
                self._pauses.add(error.seconds, error.detail, by, ramp=True)
            case RetryableError() | UnknownOutcomeError():
                self._failed(slot, error, relations, now)
            case _ if slot.fate == "answered":
                self._went_well(slot, now)

    def probed(self, slot: Slot, error: TargetError | None, *, judged: bool) -> bool:
        """Note how a probe went; return whether the gate reopens with a ramp."""
        if slot.probe is None:
            return False
        good = judged and slot.fate == "answered" and _proves(slot, error)
        if good:
            self._outage.clear()
        return self._pauses.probed(slot.probe, used=slot.charged, good=good)

    def _too_fast(self, slot: Slot, error: RateLimitedError, now: float) -> None:
        self._concurrency.refused(now, slot.written)
        pause = slot.hinted or error.seconds or self._own_wait(slot)
        if not slot.hinted:
            self._pauses.add(pause, error.detail, "vendor", ramp=True)
        self._waiting_since = now
        if slot.status != UNAVAILABLE:
            self._learned.refused(now, slot.written, pause)

    def _own_wait(self, slot: Slot) -> float:
        """Return how long to wait unasked; calls that were under way together make it longer once."""
        if slot.written > self._waiting_since:
            self._wait = min(max(self._wait * 2, FIRST_WAIT), LONGEST_WAIT)
        return max(self._wait, FIRST_WAIT)

    def _failed(self, slot: Slot, error: TargetError, relations: Collection[str], now: float) -> None:
        if slot.fate != "answered" or slot.status == UNAVAILABLE:
            self._concurrency.refused(now, slot.written)
        if self._outage.failed(relations):
            self._pauses.add(None, f"calls fail, whatever they carry: {error.detail}", "outage", ramp=True)

    def _went_well(self, slot: Slot, now: float) -> None:
        self._outage.ok()
        self._learned.accepted(now)
        self._concurrency.ok(now, slot.written, slot.latency, beside=slot.beside)
        if slot.written > self._waiting_since:
            self._wait = 0.0


def _proves(slot: Slot, error: TargetError | None) -> bool:
    """Whether this answer shows that the cause of the pause is gone."""
    if isinstance(error, (RetryableError, UnknownOutcomeError, OutageError)):
        return False
    if slot.probe == "outage":
        return True
    if slot.probe == "address":
        return not isinstance(error, (AddressError, RateLimitedError))
    return not isinstance(error, ClosedError)
