"""Parts of pages that change by themselves, as server-sent events."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson
from aiohttp import web

from worker.console.problem import ProblemError
from worker.journal.errors import JournalError

EVERY = 1.0  # seconds
SILENCE = 15  # looks without a change after which a comment shows that we are there
STREAMS: web.AppKey[set["asyncio.Task[None]"]] = web.AppKey("streams")

# What ends a stream quietly: the browser asks again, and is answered properly then.
ENDS = (ConnectionError, asyncio.CancelledError, ProblemError, JournalError)

Look = Callable[[web.Request], Awaitable[dict[str, str]]]


def stream(look: Look) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the handler that sends each part anew whenever it has changed."""

    async def handler(request: web.Request) -> web.StreamResponse:
        first = await look(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        task = asyncio.ensure_future(told(request, response, look, first))
        request.app[STREAMS].add(task)
        try:
            with suppress(*ENDS):
                await task
        finally:
            task.cancel()
            request.app[STREAMS].discard(task)
        return response

    return handler


async def told(request: web.Request, response: web.StreamResponse, look: Look, parts: dict[str, str]) -> None:
    """Send what has changed, until nobody listens any more."""
    await response.prepare(request)
    shown: dict[str, str] = {}
    silent = 0
    while True:
        changed = {name: part for name, part in parts.items() if shown.get(name) != part}
        silent = 0 if changed else silent + 1
        if changed:
            await response.write(b"data: " + orjson.dumps(changed) + b"\n\n")
        elif silent % SILENCE == 0:
            await response.write(b": still here\n\n")
        shown = parts
        await asyncio.sleep(EVERY)
        parts = await look(request)


async def end(app: web.Application) -> None:
    """End all streams, so that stopping need not wait for people who watch."""
    streams = app[STREAMS]
    for task in tuple(streams):
        task.cancel()
