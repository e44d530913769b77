"""What is said to a vendor beside deliveries: log-ins and probes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.delivery.watch import Watch
from worker.errors import ClosedError, HeldBackError, OutageError, RepeatError, TargetError
from worker.sending.skew import skew
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response
from worker.targets.base import Exchange, Target

SURE_SOON = 0.05  # seconds between looks at the lease

Send = Callable[[Request, Slot], Awaitable[Response]]


@dataclass(slots=True)
class Parley:
    """Talks to one connection's vendor; every request has a slot of the gate.

    `session` counts the sessions so far, `under_way` the requests without an answer yet; `changed` is told that there
    is one less. `ahead`: the seconds by which our clock was ahead of the vendor's at the
    last probe, if it told.
    """

    target: Target
    send: Send
    slot: Callable[[], Awaitable[Slot]]
    now: Callable[[], datetime]
    fresh: Callable[[], bool]
    watch: Watch
    changed: Callable[[], None]
    session: int = 0
    under_way: int = 0
    ahead: float | None = None

    async def be_sure(self) -> None:
        """Wait until it is certain that the connection is still ours; where it is not, this is cancelled."""
        while not self.fresh():  # noqa: ASYNC110 -- the lease is renewed by whatever is written next
            await asyncio.sleep(SURE_SOON)

    async def open_session(self, slot: Slot, exchange: Exchange) -> None:
        """Say what the vendor wants to hear before any other call; each request has a slot of its own."""
        request = next(exchange, None)
        while request is not None:
            request = await self.said(slot, exchange, request)
            if request is not None:
                slot = await self.slot()
        slot.release()

    async def said(self, slot: Slot, exchange: Exchange, request: Request) -> Request | None:
        """Say one thing; return the next, None when there is no more to say or it was refused."""
        await self.be_sure()
        began, response = monotonic(), None
        refused: TargetError | None = None
        try:
            response = await self._sent(request, slot)
            following = exchange.send(response)
        except StopIteration:
            slot.done()
        except HeldBackError as held_back:
            exchange.close()
            refused = held_back
        except Exception as bug:  # noqa: BLE001 -- an odd answer, or a bug of ours, closes this connection alone
            exchange.close()
            refused = error = refusal(bug)
            closed = error if isinstance(error, ClosedError) else OutageError(error.detail)
            slot.done(closed)
        else:
            slot.done()
            return following
        finally:
            slot.release()
            self.watch.called((), request, response, refused, monotonic() - began)
        return None

    async def probe(self, slot: Slot) -> TargetError | None:
        """Ask something harmless, to learn whether address and credentials are right by now."""
        try:
            await self.be_sure()
            return await self._probed(slot)
        finally:
            slot.release()

    async def _probed(self, slot: Slot) -> TargetError | None:
        step = self.target.probe()
        answer: Any
        request, response, began = None, None, monotonic()
        try:
            request = self.target.request([step], self.now())
            response = await self._sent(request, slot)
            self.ahead = skew(response, self.now())
            (answer,) = self.target.read([step], response)
        except Exception as bug:  # noqa: BLE001 -- as above
            answer = refusal(bug)
        if isinstance(answer, RepeatError):
            self.renew_session()
            answer = answer.otherwise
        refused = answer if isinstance(answer, TargetError) else None
        slot.done(refused)
        self.watch.called((), request, response, refused, monotonic() - began)
        return refused

    async def _sent(self, request: Request, slot: Slot) -> Response:
        self.under_way += 1
        try:
            return await self.send(request, slot)
        finally:
            self.under_way -= 1
            self.changed()

    def renew_session(self) -> None:
        """Make the next call wait for a new session."""
        self.session += 1
        self.target.forget_session()


def refusal(error: Exception) -> TargetError:
    """Return what the target refused us with; a bug that its answer met counts as an outage."""
    if isinstance(error, TargetError):
        return error
    met = OutageError(f"Its answer meets a bug of ours: {type(error).__name__}.")
    met.__cause__ = error
    return met


def monotonic() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()
