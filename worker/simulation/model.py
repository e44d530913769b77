"""A vendor that is nothing but latency and limits, and the target that calls it."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from schemas.relation import Link, Party
from worker.errors import RateLimitedError, RetryableError, UnknownOutcomeError
from worker.sandbox.quota import Limiter
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response
from worker.targets.base import Applied, Course, Exchange, Step, Task

URL = "https://vendor.invalid/"
TOO_FAST, BROKEN = 429, 500


class Model:
    """A target of one step: everything that it is given can be created."""

    name = "model"
    kind: Literal["link", "party"] = "link"
    mapping = "model/1"

    def __init__(self, batch: int) -> None:
        self._batch = "all" if batch > 1 else None

    def identity(self) -> tuple[str, str]:
        """Return what no two models share."""
        return "vendor.invalid", "model"

    def keyless(self, data: Link | Party) -> bool:  # noqa: ARG002 -- the protocol's
        """Say that a create always leaves a trace, so that every event is called for."""
        return False

    def course(self, task: Task) -> Course:
        """Ask once."""
        yield Step(body=task.event.subject, batch=self._batch)
        return Applied("created", task.event.subject)

    def probe(self) -> Step:
        """Ask for nothing."""
        return Step(body="")

    def exchange(self, now: datetime) -> Exchange | None:  # noqa: ARG002 -- the protocol's
        """Need no session."""
        return None

    def forget_session(self) -> None:
        """Have none to forget."""

    def request(self, steps: Sequence[Step], now: datetime) -> Request:  # noqa: ARG002 -- the protocol's
        """Return a request that carries nothing: only its time matters."""
        return Request("POST", URL, body=str(len(steps)).encode())

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        """Return nothing for each step, or why there is none."""
        if response.status == TOO_FAST:
            raise RateLimitedError("too fast")
        if response.status == BROKEN:
            raise RetryableError("broken")
        return [None] * len(steps)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the vendor answers: `latency` is there and back; `jitter` is added each way, from 0 up to it.

    `setup` seconds more before a call on a fresh connection arrives; `fail` and `hang` are shares of the calls
    that it took: answered with an error, or never.
    """

    latency: float
    jitter: float = 0.0
    setup: float = 0.0
    fail: float = 0.0
    hang: float = 0.0
    timeout: float = 30.0


@dataclass(slots=True)
class Vendor:
    """The vendor's end: when calls arrived, and which it refused."""

    behaviour: Behaviour
    limiter: Limiter | None
    chance: random.Random
    arrived: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    _idle: int = 0

    async def send(self, request: Request, slot: Slot) -> Response:
        """Take one call there and back."""
        loop = asyncio.get_running_loop()
        slot.charge()
        written = loop.time()
        await asyncio.sleep(self._way() + self._connect())
        response = self._answer(loop.time())
        if response is None:
            await asyncio.sleep(max(0.0, written + self.behaviour.timeout - loop.time()))
            slot.lost()
            raise UnknownOutcomeError(f"no answer from {request.url}")
        await asyncio.sleep(self._way())
        self._idle += 1
        slot.answered(response.status, response.headers)
        return Response(response.status, response.headers, b"", loop.time() - written)

    def _way(self) -> float:
        return self.behaviour.latency / 2 + self.chance.uniform(0.0, self.behaviour.jitter)

    def _connect(self) -> float:
        if self._idle:
            self._idle -= 1
            return 0.0
        return self.behaviour.setup

    def _answer(self, now: float) -> Response | None:
        wait = self.limiter.admit(now) if self.limiter else None
        self.arrived.append(now)
        if wait is not None:
            self.refused.append(now)
            return Response(TOO_FAST, {"retry-after": str(max(1, round(wait + 0.5)))})
        fate = self.chance.random()
        if fate < self.behaviour.hang:
            return None
        return Response(BROKEN if fate < self.behaviour.hang + self.behaviour.fail else 200)
