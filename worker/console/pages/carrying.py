"""Taking in dead letters that were exported elsewhere, by file."""

from typing import Any

from aiohttp import web

from worker.console import deed
from worker.console.body import form
from worker.console.page import rendered
from worker.console.problem import ProblemError
from worker.console.sources import SOURCES, VISITOR

SHOWN = 20  # new letters that are linked


async def page(request: web.Request) -> web.Response:
    """Ask for a file."""
    if request[VISITOR].role != "operator":
        raise ProblemError(403, "This token may look, not change.")
    return asked(request, {})


async def take_in(request: web.Request) -> web.Response:
    """Take in a file, all of it or nothing, and tell what came of it."""
    given = (await form(request)).get("file", "")
    raw = given.file.read() if isinstance(given, web.FileField) else given
    if not raw:
        return asked(request, {"problem": ProblemError(422, "Choose a file: none came.")}, 422)
    service = request.app[SOURCES].dead_letters
    sent = raw.encode() if isinstance(raw, str) else bytes(raw)
    try:
        found = await deed.tried(service.take_in(sent, deed.who(request)))
    except ProblemError as problem:
        return asked(request, {"problem": problem}, problem.status)
    return asked(request, {"found": found})


def asked(request: web.Request, more: dict[str, Any], status: int = 200) -> web.Response:
    """Return the page, with what came of it."""
    most = request.client_max_size // 2**20
    context = {"problem": None, "found": None, "most": most, "shown": SHOWN} | more
    return rendered(request, "import.html", context, status=status)
