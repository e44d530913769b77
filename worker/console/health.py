"""What probes and scrapers ask: alive, ready, figures."""

from aiohttp import web

from worker.console.sources import SOURCES


async def alive(_: web.Request) -> web.Response:
    """Answer: the loop that answers is the loop that works."""
    return web.json_response({"status": "alive"})


async def ready(request: web.Request) -> web.Response:
    """Say whether broker and journal are there; a target that is down is no reason to restart a worker."""
    sources = request.app[SOURCES]
    return readiness([*sources.unready(), *(["draining"] if sources.is_draining() else [])])


def readiness(missing: list[str]) -> web.Response:
    """Say what lacks, if anything."""
    told = {"status": "not ready" if missing else "ready", "why": missing}
    return web.json_response(told, status=503 if missing else 200)


async def metrics(request: web.Request) -> web.Response:
    """Give all figures in the form that the scraper likes best."""
    page, kind = request.app[SOURCES].metrics.exposed(request.headers.get("Accept", ""))
    return web.Response(body=page, headers={"Content-Type": kind})
