"""One vendor's front door: quota, faults, latency and the logs."""

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from worker.sandbox.calls import Call, CallLog
from worker.sandbox.clock import Clock
from worker.sandbox.effects import EffectLog
from worker.sandbox.exchange import Answer, Asked, Vendor
from worker.sandbox.faults import Fault, Faults, Rule
from worker.sandbox.hints import Form, hint
from worker.sandbox.misconduct import misbehave, plain
from worker.sandbox.quota import Limiter, Quota, Semantics

REAL = Clock()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the vendor allows, and how it says no.

    `hint` is the form of the header on a refusal, `announce` one that stands on every other answer.
    """

    quotas: tuple[Quota, ...] = ()
    semantics: Semantics = "sliding"
    phase: float | None = None
    seed: int = 0
    count_refused: bool = False
    hint: Form = "seconds"
    announce: Form = "none"

    @classmethod
    def of(cls, *quotas: str, semantics: Semantics = "sliding", hint: Form = "seconds") -> "Limits":
        return cls(tuple(map(Quota.parse, quotas)), semantics, hint=hint)

    def limiter(self) -> Limiter:
        return Limiter(self.quotas, self.semantics, phase=self.phase, seed=self.seed, count_refused=self.count_refused)


class Sandbox:
    """A vendor behind a socket; `latency` and up to `jitter` seconds pass between its work and its answer."""

    def __init__(
        self,
        vendor: Vendor,
        limits: Limits | None = None,
        *,
        faults: Iterable[Fault] = (),
        latency: float = 0.0,
        jitter: float = 0.0,
        seed: int = 0,
        keep: int | None = None,
        clock: Clock = REAL,
    ) -> None:
        self.vendor = vendor
        self.clock = clock
        self.effects = EffectLog(clock, keep)
        self.calls = CallLog(clock, keep)
        self.faults = Faults()
        self.latency = latency
        self.jitter = jitter
        self._draw = random.Random(seed)  # noqa: S311 -- jitter, the same again from the same seed
        self.limit(limits or Limits())
        for fault in faults:
            self.spoil(fault)

    def limit(self, limits: Limits) -> None:
        """Put other limits in force, with nothing used up."""
        self.limits = limits
        self._limiter = limits.limiter() if limits.quotas else None

    def spoil(self, fault: Fault) -> Rule:
        """Install a fault from this moment on."""
        return self.faults.install(fault, self.clock.monotonic())

    def state(self) -> dict[str, dict[str, Any]]:
        """Return all records as they are now, by key."""
        return self.vendor.state()

    def reset(self) -> None:
        """Begin anew: no records, no log, no faults, nothing used up; credentials stay."""
        self.vendor.reset()
        self.effects.clear()
        self.calls.clear()
        self.faults.clear()
        self.limit(self.limits)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Take one call from the socket to its answer."""
        call = self.calls.arrive(request.method, request.path)
        try:
            response = await self._respond(request, call)
            self.calls.answer(call, response.status)
        finally:
            self.calls.leave()
        return response

    async def _respond(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        wait = self._limiter.admit(call.arrived) if self._limiter else None
        body = await request.read() if request.can_read_body else b""
        if wait is not None:
            self.calls.refuse(call)
            return self._refusal(wait)
        asked = self._asked(request, call, body)
        fault = self.faults.pick(asked, self.vendor) if self.faults else None
        if fault is not None:
            call.fault = fault.kind
        if fault is not None and fault.kind != "refuse":
            return await misbehave(fault, request, partial(self._work, asked), asked.at)
        if fault is not None:
            asked = self._asked(request, call, body, fault)
        answer = self._work(asked)
        if self.latency or self.jitter:
            await asyncio.sleep(self.latency + self._draw.uniform(0, self.jitter))
        return self._announced(answer)

    def _asked(self, request: web.BaseRequest, call: Call, body: bytes, fault: Fault | None = None) -> Asked:
        return Asked(
            call.number,
            request.method,
            call.path,
            request.query,
            request.headers,
            body,
            call.arrived,
            call.at,
            secure=request.secure,
            refusal=fault.refusal if fault else None,
        )

    def _work(self, asked: Asked) -> Answer:
        return self.vendor.answer(asked, self.effects)

    def _refusal(self, wait: float) -> web.Response:
        response = plain(self.vendor.too_fast())
        quota, left, _ = self._tightest()
        response.headers.update(hint(self.limits.hint, wait, self.clock.wall(), quota, left))
        return response

    def _announced(self, answer: Answer) -> web.Response:
        response = plain(answer)
        if self._limiter and self.limits.announce != "none":
            quota, left, wait = self._tightest()
            response.headers.update(hint(self.limits.announce, wait, self.clock.wall(), quota, left))
        return response

    def _tightest(self) -> tuple[Quota, int, float]:
        assert self._limiter is not None, "only a limited sandbox speaks of its quota"
        return self._limiter.tightest(self.clock.monotonic())
