"""The right to make one call."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Literal, Protocol

from worker.errors import HeldBackError, TargetError
from worker.sending.pauses import Probe
from worker.sending.reserve import Block
from worker.sending.wire import NO_HEADERS

Fate = Literal["answered", "lost", "unsent"]


class SpentSlotError(Exception):
    """The slot has paid for a call already, or was given back: nothing may be sent."""


class Keeper(Protocol):
    """What a slot tells its gate."""

    def now(self) -> float: ...

    @property
    def entitled(self) -> Callable[[], bool]:
        """Whether we may call at this very moment."""
        ...

    def over(self, slot: "Slot", fate: Fate, headers: Mapping[str, str]) -> None:
        """Hear that the call no longer stands in the way of others at the vendor."""
        ...

    def back(self, slot: "Slot", error: TargetError | None, relations: Collection[str], *, judged: bool) -> None:
        """Take the slot back; `judged`: somebody read the answer."""
        ...


class Slot:
    """One call: charge it when it is written, say how it went, and give the slot back.

    Whatever is left out `release` makes good, so that a slot belongs into a `finally`: an unused one costs
    nothing, a call cut off half way counts as one that may have arrived.
    """

    __slots__ = (
        "_charged",
        "_gate",
        "beside",
        "blocks",
        "fate",
        "hinted",
        "idle",
        "latency",
        "live",
        "probe",
        "status",
        "valid_until",
        "written",
    )

    def __init__(self, gate: Keeper, *, idle: bool, probe: Probe | None) -> None:
        self._gate = gate
        self._charged = False
        self.idle = idle
        self.probe = probe
        self.live = True
        self.beside = 0
        self.hinted = 0.0
        self.written = 0.0
        self.latency = 0.0
        self.status = 0
        self.fate: Fate | None = None
        self.blocks: tuple[Block, ...] = ()
        self.valid_until = math.inf

    @property
    def charged(self) -> bool:
        return self._charged

    def seconds(self) -> float:
        """Return how long ago the call was written."""
        return self._gate.now() - self.written

    def charge(self) -> None:
        """Pay for the call that is written now; raises SpentSlotError, or HeldBackError when it must not be yet."""
        now = self._gate.now()
        if self._charged or not self.live:
            raise SpentSlotError("a slot pays for one call, once")
        if now > self.valid_until:
            raise HeldBackError("nothing sent: the journal took too long, and the call's place in the quota is gone")
        if not self._gate.entitled():
            raise HeldBackError("nothing sent: the connection may be somebody else's by now")
        self._charged = True
        self.written = now

    def answered(self, status: int = 200, headers: Mapping[str, str] = NO_HEADERS) -> None:
        """Note that the first byte of an answer is here; header names are in lower case."""
        if self._charged and self.fate is None:
            self.status = status
            self.latency = self._gate.now() - self.written
            self.fate = "answered"
            self._gate.over(self, "answered", headers)

    def lost(self) -> None:
        """Note that no answer will come, though the call may have arrived."""
        if self._charged and self.fate is None:
            self.fate = "lost"
            self._gate.over(self, "lost", NO_HEADERS)

    def unsent(self) -> None:
        """Note that the call has certainly not left: it costs no quota."""
        if self.fate is None:
            self.fate = "unsent"
            self._gate.over(self, "unsent", NO_HEADERS)

    def done(self, error: TargetError | None = None, relations: Collection[str] = ()) -> None:
        """Give the slot back with what the answer was taken for; `relations`: those that the call carried."""
        if self.live:
            if self.fate is None:
                self.answered()
            self._end(error, relations, judged=True)

    def release(self) -> None:
        """Give the slot back, however the call stands; after `done` this does nothing."""
        if self.live:
            self.lost()
            self._end(None, (), judged=False)

    def _end(self, error: TargetError | None, relations: Collection[str], *, judged: bool) -> None:
        if self.fate is None:
            self.unsent()
        self.live = False
        self._gate.back(self, error, relations, judged=judged)
