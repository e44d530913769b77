"""Connections and the audit, for programs."""

from aiohttp import web

from worker.console import deed, view
from worker.console.api.operation import answer
from worker.console.body import Empty, Pausing, body, whole
from worker.console.problem import nothing
from worker.console.sources import BOARD, SOURCES


async def listed(request: web.Request) -> web.Response:
    """Tell how all connections stand."""
    return answer([card.as_json() for card in await request.app[BOARD].cards()])


async def one(request: web.Request) -> web.Response:
    """Tell how one connection stands."""
    name = request.match_info["name"]
    for card in await request.app[BOARD].cards():
        if card.name == name:
            return answer(card.as_json())
    raise nothing("connection", name)


async def pause(request: web.Request) -> web.Response:
    """Let a connection take nothing for now."""
    owner = await deed.pause(request, await body(request, Pausing))
    return answer({"connection": request.match_info["name"], "action": "pause", "worked_by": owner})


async def resume(request: web.Request) -> web.Response:
    """Open a paused connection again."""
    await body(request, Empty)
    owner = await deed.resume(request)
    return answer({"connection": request.match_info["name"], "action": "resume", "worked_by": owner})


async def audit(request: web.Request) -> web.Response:
    """Tell who did what."""
    most, before = whole(request.query, "most", 100, 1000), whole(request.query, "before", 2**62, 2**62)
    return answer([view.entry(each) for each in await request.app[SOURCES].dead_letters.audit(most, before)])
