"""Every address of the console, and who answers there."""

from aiohttp import web

from worker.console import health
from worker.console.api import openapi
from worker.console.api.table import OPERATIONS
from worker.console.live import stream
from worker.console.pages import carrying, letters, lookup, overview, plans, session

# Ids come from outside: they may hold a slash.
OPEN_ENDED = {"/api/events/{id}": "/api/events/{id:.+}", "/api/relations/{key}": "/api/relations/{key:.+}"}


def routes() -> list[web.RouteDef]:
    """Return all routes; pages first."""
    return [*pages(), *probes(), web.get(openapi.PATH, openapi.document), *api()]


def pages() -> list[web.RouteDef]:
    return [
        web.get("/", overview.overview),
        web.get("/live", stream(overview.live)),
        web.get("/login", session.login_page),
        web.post("/login", session.login),
        web.post("/logout", session.logout),
        web.post("/connections/{name}/pause", overview.pause),
        web.post("/connections/{name}/resume", overview.resume),
        web.get("/dead", letters.groups),
        web.get("/dead/letters", letters.letters),
        web.get("/dead/letters/{letter}", letters.case),
        web.post("/dead/letters/{letter}/discard", letters.discard_one),
        web.post("/dead/letters/{letter}/undo", letters.undo_one),
        web.get("/dead/import", carrying.page),
        web.post("/dead/import", carrying.take_in),
        web.post("/dead/discard", letters.discard_all),
        web.post("/dead/undo", letters.undo_all),
        web.get("/plans", plans.plans),
        web.get("/plans/new", plans.new),
        web.post("/plans", plans.make),
        web.get("/plans/{plan}", plans.plan),
        web.get("/plans/{plan}/live", stream(plans.live)),
        web.post("/plans/{plan}/{action:apply|pause|resume|cancel}", plans.steer),
        web.get("/find", lookup.find),
        web.get("/relations", lookup.relation),
        web.get("/events", lookup.event),
        web.get("/audit", lookup.audit),
    ]


def probes() -> list[web.RouteDef]:
    return [
        web.get("/healthz", health.alive),
        web.get("/readyz", health.ready),
        web.get("/metrics", health.metrics),
    ]


def api() -> list[web.RouteDef]:
    return [web.route(each.method.upper(), OPEN_ENDED.get(each.path, each.path), each.handler) for each in OPERATIONS]
