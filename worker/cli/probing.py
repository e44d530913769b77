"""One harmless call to a vendor while no worker has the connection."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from worker.cli.ledger import person
from worker.cli.output import note
from worker.errors import TargetError
from worker.sending.skew import skew

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from worker.journal.journal import Journal
    from worker.sending.wire import Request, Response
    from worker.targets.base import Target
    from worker.targets.options import ConnectionSettings

    Ask = Callable[[Request], Awaitable[Response]]


async def probed(journal: "Journal", name: str, options: "ConnectionSettings", within: float) -> dict[str, Any]:
    """Take the connection's lease, probe it through its own gate, give the lease back."""
    from worker.delivery.ownership import before

    last = {lease.name: lease for lease in await journal.leases()}.get(name)
    lease = await journal.acquire(name, f"{person()} at the command line", within)
    if lease is None:
        return outcome("a worker has taken the connection just now; try again", None)
    began = time.monotonic()
    heard: list[Response] = []
    error: str | None = None
    try:
        async with (
            asyncio.timeout(within),
            door(journal, name, options, heard, fresh=lease.epoch == 1) as (target, ask),
        ):
            await probe(target, ask)
    except TargetError as refused:
        error = refused.detail
    except TimeoutError:
        error = "its quota is used up, or it does not answer"
    finally:
        if before(last, lease.epoch) == "abandoned":  # the next worker must know that nobody handed over
            journal.let_lapse(name)
        else:
            await journal.release(name)
    ahead = skew(heard[-1], datetime.now(UTC)) if heard else None
    return outcome(error, time.monotonic() - began, ahead)


def outcome(error: str | None, seconds: float | None, ahead: float | None = None) -> dict[str, Any]:
    took = None if seconds is None else round(seconds, 3)
    return {
        "ok": error is None,
        "said": error or "address and credentials are right",
        "seconds": took,
        "ahead": ahead,
    }


@asynccontextmanager
async def door(
    journal: "Journal", name: str, options: "ConnectionSettings", heard: "list[Response]", *, fresh: bool
) -> "AsyncIterator[tuple[Target, Ask]]":
    """Give the target and a way to it that keeps to its quotas; answers are `heard`."""
    from worker.delivery.keep import Keeper
    from worker.delivery.ledger import Ledger, opened
    from worker.sending.gate import Gate
    from worker.sending.http.transport import Transport
    from worker.targets.registry import TARGETS

    longest = options.timeouts.total
    used = await opened(journal, name, options.quotas, longest, datetime.now(UTC), fresh=fresh)
    gate = Gate(
        options.quotas,
        options.in_flight,
        strict=options.strict,
        ledger=Ledger(name, Keeper(journal, note, no_matter, fail), longest),
        fresh=fresh,
        longest=longest,
    )
    gate.restore(used)
    transport = Transport()
    if options.base_url:
        transport.trust(options.base_url)
    try:
        target = TARGETS[options.target].target(options)
        yield target, partial(ask, gate, transport, options, heard)
    finally:
        gate.close()
        await transport.close()


def no_matter() -> None:
    """Go on: the call is asked for by a person, who sees how it ends."""


def fail(error: BaseException) -> None:
    """Let the loop tell of a bug of ours."""
    raise error


async def ask(
    gate: Any, transport: Any, options: "ConnectionSettings", heard: "list[Response]", request: "Request"
) -> "Response":
    slot = await gate.slot()
    try:
        response: Response = await transport.send(request, slot, options.timeouts)
        heard.append(response)
        return response
    finally:
        slot.release()


async def probe(target: "Target", ask: "Ask") -> None:
    """Open a session if the vendor wants one, then read something; raises TargetError."""
    exchange = target.exchange(datetime.now(UTC))
    request = next(exchange, None) if exchange else None
    while exchange and request:
        answer = await ask(request)
        try:
            request = exchange.send(answer)
        except StopIteration:
            break
    steps = [target.probe()]
    (found,) = target.read(steps, await ask(target.request(steps, datetime.now(UTC))))
    if isinstance(found, TargetError):
        raise found
