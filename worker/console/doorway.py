"""Answers probes while the worker still waits for what it needs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from worker.configuration.sections import ConsoleSection
from worker.console.health import alive, readiness

GRACE = 0.1  # seconds; the console waits for the same port


@asynccontextmanager
async def doorway(section: ConsoleSection, missing: Callable[[], list[str]]) -> AsyncIterator[None]:
    """Listen where the console will; where that fails it says so itself, later."""

    async def ready(_: web.Request) -> web.Response:
        return readiness(missing())

    app = web.Application()
    app.add_routes([web.get("/healthz", alive), web.get("/readyz", ready)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    try:
        if section.enabled:
            with suppress(OSError):
                await web.TCPSite(runner, section.host, section.port).start()
        yield
    finally:
        await runner.cleanup()
