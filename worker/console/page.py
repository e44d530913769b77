"""Renders a page with what all pages have in common."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp_jinja2
import jinja2
from aiohttp import web
from multidict import MultiMapping

from worker.console import language, picture
from worker.console.sources import SOURCES, VISITOR

# What a redirect may say at the top of the next page; an address can hold no other words of ours, but a count.
NOTES = {
    "paused": "Paused. What waits keeps its place and loses no attempt.",
    "resumed": "Resumed.",
    "later": "Written down; no worker has this connection now, it holds from the next start.",
    "discarded": "Discarded. For a day this can be undone.",
    "undone": "Brought back.",
    "discarded_many": "Discarded {letters}. For a day this can be undone.",
    "undone_many": "Brought back {letters}.",
    "planned": "Planned. Nothing is sent until you apply it.",
    "applied": "Applied. The canary goes first.",
    "held": "Paused. What is under way ends; nothing further is sent.",
    "going": "Going on.",
    "cancelled": "Cancelled. What was not under way stays as it was.",
    "published": "Published.",
}
COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)


def furnish(app: web.Application) -> None:
    """Teach an application its templates; everything is escaped, and a misspelt name is an error."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.PackageLoader("worker.console", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(language.FILTERS)
    environment.globals.update(picture.PICTURES)


def rendered(request: web.Request, template: str, context: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """Return a page."""
    return aiohttp_jinja2.render_template(template, request, {**common(request), **context}, status=status)


def fragment(request: web.Request, template: str, context: Mapping[str, Any]) -> str:
    """Return a part of a page, as the live parts are sent."""
    return aiohttp_jinja2.render_string(template, request, {**common(request), **context})


def common(request: web.Request) -> dict[str, Any]:
    """Return what every page may say; nobody is known where no token was asked for."""
    sources, visitor = request.app[SOURCES], request.get(VISITOR)
    return {
        "instance": sources.settings.worker.instance,
        "version": sources.version,
        "now": sources.now(),
        "path": request.path,
        "visitor": visitor,
        "may_change": visitor is not None and visitor.role == "operator",
        "note": note(request.query),
    }


def note(query: MultiMapping[str]) -> str:
    """Return what the change before this page did."""
    many = query.get("many", "")
    letters = language.plural(int(many), "letter") if COUNT.fullmatch(many) else "letters"
    return NOTES.get(query.get("said", ""), "").format(letters=letters)


def see(path: str, said: str = "", many: int | None = None) -> web.Response:
    """Return the way to the next page after a change, so that loading it again changes nothing."""
    told = urlencode({name: value for name, value in (("said", said), ("many", many)) if value})
    mark = "&" if "?" in path else "?"
    return web.Response(status=303, headers={"Location": f"{path}{mark}{told}" if told else path})
