"""What both faces of the console do to connections, letters and plans."""

from collections.abc import Awaitable
from typing import Any, TypeVar

from aiohttp import web

from worker.console.body import Pausing
from worker.console.problem import ProblemError, nothing
from worker.console.sources import BOARD, SOURCES, VISITOR, Sources
from worker.dead_letters.document import is_boundless
from worker.dead_letters.errors import DamagedError, DeadLetterError, StateError, UnknownError
from worker.delivery import steering
from worker.journal.letters import Filter

Done = TypeVar("Done")


def who(request: web.Request) -> str:
    """Return who does it, for the audit: by name where the token is one person's."""
    visitor, address = request[VISITOR], request.remote or "unknown"
    return f"{visitor.name} ({visitor.face}, {address})" if visitor.name else f"{visitor.face} ({address})"


async def tried(work: Awaitable[Done]) -> Done:
    """Do something with dead letters; what cannot be done is told, and has changed nothing."""
    try:
        return await work
    except UnknownError as error:
        raise ProblemError(404, sentence(error)) from error
    except StateError as error:
        raise ProblemError(409, sentence(error)) from error
    except DamagedError as error:
        lines = [{"line": number, "detail": text} for number, text in error.lines]
        raise ProblemError(422, sentence(error), lines=lines, damaged=error.count) from error
    except DeadLetterError as error:
        raise ProblemError(422, sentence(error)) from error


def check_bounds(wanted: Filter, *, everything: bool) -> None:
    """Raise where everything is chosen, and nobody said that everything is meant."""
    if is_boundless(wanted) and not everything:
        raise ProblemError(422, "Nothing is chosen by: this would be every dead letter there is.")


def sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def connection_name(request: web.Request) -> str:
    """Return the connection that an address names."""
    name = request.match_info["name"]
    if name not in request.app[SOURCES].settings.connections:
        raise nothing("connection", name)
    return name


async def pause(request: web.Request, asked: Pausing) -> str | None:
    """Pause a connection; return who works it."""
    return await steered(request, "pause", {"why": asked.why, "seconds": asked.seconds})


async def resume(request: web.Request) -> str | None:
    """Resume a connection; return who works it."""
    return await steered(request, "resume", {})


async def steered(request: web.Request, action: steering.Action, detail: dict[str, Any]) -> str | None:
    sources: Sources = request.app[SOURCES]
    name = connection_name(request)
    try:
        owner = await steering.steer(sources.journal, name, action, detail, who(request), sources.now())
    except steering.UnansweredError as error:
        raise ProblemError(504, f"{error}.", hint="the request stays in the journal, and holds once read") from error
    request.app[BOARD].forget()
    return owner
