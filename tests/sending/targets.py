"""Targets in virtual time that behave as vendors do under load, and a crew that sends to them."""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from worker.errors import RateLimitedError, TargetError, UnknownOutcomeError
from worker.sending.gate import Gate
from worker.sending.quota import Quota
from worker.sending.slot import Slot

Semantics = Literal["sliding", "fixed", "bucket"]
Header = Literal["seconds", "none"]

# A target answers a slot; the error is what the worker makes of the answer.
Answer = Callable[[Slot], Awaitable[TargetError | None]]


def time() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Limited:
    """Refuses what exceeds a limit that it tells nobody, with a Retry-After or without."""

    quota: Quota
    semantics: Semantics = "sliding"
    header: Header = "seconds"
    latency: float = 0.1
    calls: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    _log: deque[float] = field(default_factory=deque)
    _tokens: float = math.nan
    _filled: float = 0.0

    async def __call__(self, slot: Slot) -> TargetError | None:
        await asyncio.sleep(self.latency / 2)
        self.calls.append(time())
        wait = self._wait(time())
        await asyncio.sleep(self.latency / 2)
        if wait is None:
            slot.answered(200)
            return None
        self.refused.append(time())
        slot.answered(429, {"retry-after": str(math.ceil(wait))} if self.header == "seconds" else {})
        return RateLimitedError("HTTP 429")

    def refused_share(self, begin: float, end: float) -> float:
        """Return how many of the calls in this stretch were refused."""
        refused = sum(begin <= moment < end for moment in self.refused)
        return refused / max(1, sum(begin <= moment < end for moment in self.calls))

    def _wait(self, now: float) -> float | None:
        return {"sliding": self._sliding, "fixed": self._fixed, "bucket": self._bucket}[self.semantics](now)

    def _sliding(self, now: float) -> float | None:
        while self._log and self._log[0] <= now - self.quota.seconds:
            self._log.popleft()
        return self._enter(now, self._log[0] + self.quota.seconds - now if self._log else 0.0)

    def _fixed(self, now: float) -> float | None:
        begin = now - (now + 0.37 * self.quota.seconds) % self.quota.seconds
        while self._log and self._log[0] < begin:
            self._log.popleft()
        return self._enter(now, begin + self.quota.seconds - now)

    def _enter(self, now: float, wait: float) -> float | None:
        if len(self._log) >= self.quota.calls:
            return wait
        self._log.append(now)
        return None

    def _bucket(self, now: float) -> float | None:
        rate = self.quota.calls / self.quota.seconds
        tokens = self.quota.calls if math.isnan(self._tokens) else self._tokens + (now - self._filled) * rate
        self._tokens, self._filled = min(tokens, float(self.quota.calls)), now
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / rate
        self._tokens -= 1.0
        return None


@dataclass
class Crew:
    """Sends as fast as the gate lets it, and notes what was in flight."""

    gate: Gate
    target: Answer
    crew: int = 100
    ok: list[float] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    in_flight: list[tuple[float, int, int]] = field(default_factory=list)

    async def work(self, seconds: float) -> None:
        """Work for so long."""
        until = time() + seconds
        members = [asyncio.ensure_future(self._member(number, until)) for number in range(self.crew)]
        _, late = await asyncio.wait(members, timeout=seconds)
        for member in late:
            member.cancel()
        for done in await asyncio.gather(*members, return_exceptions=True):
            if done is not None and not isinstance(done, asyncio.CancelledError):
                raise done

    async def _member(self, number: int, until: float) -> None:
        call = 0
        while time() < until:
            slot = await self.gate.slot()
            try:
                call += 1
                await self._call(slot, f"{number}/{call}")
            finally:
                slot.release()

    async def _call(self, slot: Slot, relation: str) -> None:
        self.in_flight.append((time(), self.gate.in_flight, self.gate.limit))
        slot.charge()
        began = time()
        try:
            error = await asyncio.wait_for(self.target(slot), 10.0)
        except TimeoutError:
            slot.lost()
            error = UnknownOutcomeError("no answer")
        (self.ok if error is None else self.failed).append(time())
        self.latencies.append(time() - began)
        slot.done(error, (relation,))


@dataclass
class Queueing:
    """Works on so many calls at a time and lets the others queue."""

    workers: int
    seconds: float
    _line: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._line = asyncio.Semaphore(self.workers)

    async def __call__(self, slot: Slot) -> TargetError | None:
        async with self._line:
            await asyncio.sleep(self.seconds)
        slot.answered(200)
        return None


@dataclass
class Deferring:
    """Answers late what comes faster than a rate: each call in excess waits for its turn."""

    rate: float
    seconds: float
    _turn: float = 0.0

    async def __call__(self, slot: Slot) -> TargetError | None:
        self._turn = max(self._turn + 1.0 / self.rate, time())
        await asyncio.sleep(self._turn - time() + self.seconds)
        slot.answered(200)
        return None


@dataclass
class Collapsing:
    """Is quick up to a knee; beyond it nothing is answered in time."""

    knee: int
    seconds: float
    _busy: int = 0

    async def __call__(self, slot: Slot) -> TargetError | None:
        self._busy += 1
        try:
            await asyncio.sleep(self.seconds if self._busy <= self.knee else 60.0)
        finally:
            self._busy -= 1
        slot.answered(200)
        return None


@dataclass
class Flapping:
    """Is there for a while, then answers 503 for a while."""

    on: float
    off: float
    seconds: float
    calls: int = 0
    refused: int = 0

    async def __call__(self, slot: Slot) -> TargetError | None:
        await asyncio.sleep(self.seconds)
        self.calls += 1
        if time() % (self.on + self.off) < self.on:
            slot.answered(200)
            return None
        self.refused += 1
        slot.answered(503)
        return UnknownOutcomeError("HTTP 503")
