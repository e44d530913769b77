"""Following one relation or one event through every connection."""

from urllib.parse import quote

from aiohttp import web

from worker.console.body import whole
from worker.console.page import rendered, see
from worker.console.problem import nothing
from worker.console.sources import SOURCES

MOST = 10_000
PAGE = 50


async def find(request: web.Request) -> web.StreamResponse:
    """Go to whatever the words name: a dead letter, a plan, a relation, an event."""
    sources, wanted = request.app[SOURCES], request.query.get("key", "").strip()
    if not wanted:
        return rendered(request, "find.html", {"key": ""})
    if await sources.journal.letters.one(wanted) is not None:
        return see(f"/dead/letters/{quote(wanted, safe='')}")
    if await sources.journal.replays.plan(wanted) is not None:
        return see(f"/plans/{quote(wanted, safe='')}")
    states, passages = await sources.journal.relation(wanted, None, 1)
    if states or passages:
        return see(f"/relations?key={quote(wanted, safe='')}")
    if await sources.journal.event(wanted):
        return see(f"/events?id={quote(wanted, safe='')}")
    return rendered(request, "find.html", {"key": wanted}, status=404)


async def relation(request: web.Request) -> web.Response:
    """Show what each connection has of a relation, and all that ever happened to it."""
    sources, query = request.app[SOURCES], request.query
    key, source = query.get("key", ""), query.get("source") or None
    most = whole(query, "most", PAGE, MOST)
    states, passages = await sources.journal.relation(key, source, most)
    if not states and not passages:
        raise nothing("relation", key)
    told = {"key": key, "source": source, "states": states, "passages": passages}
    return rendered(request, "relation.html", told | {"more": most * 4 if len(passages) == most < MOST else None})


async def event(request: web.Request) -> web.Response:
    """Show what became of an event at each connection."""
    sources, query = request.app[SOURCES], request.query
    wanted, source = query.get("id", ""), query.get("source") or None
    passages = await sources.journal.event(wanted, source)
    if not passages:
        raise nothing("event", wanted)
    return rendered(request, "event.html", {"id": wanted, "passages": passages})


async def audit(request: web.Request) -> web.Response:
    """Show who did what by hand."""
    service, before = request.app[SOURCES].dead_letters, whole(request.query, "before", 2**62, 2**62)
    entries = await service.audit(PAGE, before)
    return rendered(request, "audit.html", {"entries": entries, "more": entries[-1].id if len(entries) == PAGE else 0})
