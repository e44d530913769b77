"""One connection to a vendor: one request, then its answer, then the next."""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Protocol, cast

from worker.sending.http.answer import Answer
from worker.sending.http.head import Origin

Heard = Callable[[int, Mapping[str, str]], None]


class Timeouts(Protocol):
    """Seconds for the parts of one call, and for all of it."""

    @property
    def connect(self) -> float: ...
    @property
    def first_byte(self) -> float: ...
    @property
    def idle(self) -> float: ...
    @property
    def total(self) -> float: ...


class Pipe(asyncio.Protocol):
    """Writes requests and reads answers; nothing is ever written twice.

    `lost` is told when the connection is gone. One timer serves all time-outs: what only puts them off is a number.
    """

    __slots__ = (
        "_answer",
        "_due",
        "_future",
        "_heard",
        "_idle",
        "_loop",
        "_lost",
        "_over_at",
        "_silent_at",
        "_timer",
        "_transport",
        "_wait",
        "is_open",
        "kept_at",
        "origin",
    )

    def __init__(self, origin: Origin, loop: asyncio.AbstractEventLoop, lost: "Callable[[Pipe], None]") -> None:
        self.origin = origin
        self.is_open = False
        self.kept_at = 0.0
        self._loop = loop
        self._lost = lost
        self._transport: asyncio.Transport
        self._answer: Answer | None = None
        self._future: asyncio.Future[Answer] | None = None
        self._heard: Heard
        self._wait = self._idle = 0.0
        self._silent_at = self._over_at = self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def ask(
        self, request: bytes, timeouts: Timeouts, over_at: float, heard: Heard, most_bytes: int
    ) -> "asyncio.Future[Answer]":
        """Write one request; the answer comes whole, or says why not. `heard` is told its status and headers."""
        self._answer = Answer(most_bytes)
        self._future = future = self._loop.create_future()
        self._heard = heard
        self._wait, self._idle = timeouts.first_byte, timeouts.idle
        self._silent_at, self._over_at = self._loop.time() + self._wait, over_at
        self._watch()
        self._transport.write(request)
        return future

    def close(self) -> None:
        """Cut the connection; an answer that is awaited is broken off."""
        if self.is_open:
            self.is_open = False
            if self._answer is not None:
                self._answer.failure = "the connection was cut at our end"
            self._transport.abort()

    # What the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is none by inheritance
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Take a part of the answer; what nobody asked for ends the connection."""
        answer = self._answer
        if answer is None:
            self.close()
            return
        was_unknown = not answer.status
        answer.feed(data)
        if was_unknown and answer.status:
            self._wait = self._idle
            self._heard(answer.status, answer.headers)
        if answer.is_whole or answer.failure:
            self._done(answer)
        else:
            self._silent_at = self._loop.time() + self._wait
            self._watch()

    def connection_lost(self, error: Exception | None) -> None:
        """End what is under way."""
        self.is_open = False
        if self._answer is not None:
            self._answer.end(error)
            self._done(self._answer)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._lost(self)

    def _done(self, answer: Answer) -> None:
        """Hand the answer over; what was answered before it was sent whole leaves no connection to use again."""
        future, self._future, self._answer = self._future, None, None
        answer.close()
        answer.keeps = answer.keeps and not self._transport.get_write_buffer_size()
        if not answer.keeps:
            self.close()
        if future is not None and not future.done():
            future.set_result(answer)

    def _watch(self) -> None:
        """Have the timer go off at the next time-out, or earlier."""
        at = min(self._silent_at, self._over_at)
        if self._timer is not None:
            if self._due <= at:
                return
            self._timer.cancel()
        self._due = at
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        """Give up an answer that takes too long; wait on where it was only put off."""
        self._timer = None
        answer, now = self._answer, self._loop.time()
        if answer is None:
            return
        if now >= self._over_at:
            answer.failure = "it took too long"
        elif now >= self._silent_at:
            answer.failure = "it was silent for too long"
        else:
            self._watch()
            return
        answer.keeps = False
        self._done(answer)
