"""Stands before every page: right host, right token, no forged form, no leak by header."""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from worker.console.access import Visitor, same
from worker.console.body import form
from worker.console.error_page import error_page
from worker.console.problem import ProblemError, problem_response
from worker.console.sources import ACCESS, SOURCES, VISITOR
from worker.journal.errors import JournalError
from worker.telemetry.logs import logger

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with `no-referrer` browsers send our own forms as from nowhere
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PROBES = frozenset({"/healthz", "/readyz"})
FREE = PROBES | {"/login"}
LEAVING = "/logout"
LOOKING = frozenset({"GET", "HEAD"})
FORM_HEADER = "X-Form"
BEARER = "bearer "
# Only a place of ours; an address of somebody else's would begin with // or a scheme.
PLACE = re.compile(r"/(?![/\\])[^\\\s]*")


async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
    """Set on every answer what keeps a browser from mischief, and from keeping what it saw."""
    response.headers.update(HEADERS)
    if not request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    response.headers["Server"] = "relation-worker"


@web.middleware
async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what was raised into what the asker can read: a problem document, or a page."""
    try:
        return await handler(request)
    except ProblemError as error:
        problem = error
    except JournalError:
        problem = ProblemError(503, "The journal does not answer.")
    except web.HTTPRequestEntityTooLarge:
        problem = ProblemError(413, "That is larger than this worker takes.")
    except web.HTTPNotFound:
        problem = ProblemError(404, "There is nothing at this address.")
    except web.HTTPMethodNotAllowed as error:
        problem = ProblemError(405, f"Only {', '.join(sorted(error.allowed_methods))} here.")
    except web.HTTPException:
        raise
    except Exception:  # noqa: BLE001 -- a bug in one page must neither show its insides nor go unlogged
        logger("console").exception("a page failed", path=request.path)
        problem = ProblemError(500, "This page failed: a bug of ours. The log says more.")
    return problem_response(problem) if wants_problem(request) else error_page(request, problem)


def wants_problem(request: web.Request) -> bool:
    """Say whether a program asks."""
    return request.path.startswith("/api/") or request.path in PROBES or request.path == "/metrics"


@web.middleware
async def right_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse names that are not ours: a page elsewhere may have bent its own name to this address."""
    section = request.app[SOURCES].settings.console
    if request.path not in PROBES and not is_ours(request.host, {section.host, *section.names}):
        raise ProblemError(421, "This name is not one of the console's.", hint="console.names lists further ones")
    return await handler(request)


def is_ours(host: str, names: set[str]) -> bool:
    """Say whether a Host header names us: localhost, an address, or a name of the settings."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or is_address(name) or name in {each.lower() for each in names}


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@web.middleware
async def right_address(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what not every journal can look for."""
    if "\0" in request.path or "\0" in request.query_string:
        raise ProblemError(400, "An address may hold no NUL.")
    return await handler(request)


@web.middleware
async def known_visitor(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in who shows a token or a session; changes are for operators, and by form only with its secret."""
    if is_free(request):
        return await handler(request)
    visitor = visitor_of(request)
    if visitor is None:
        hint = "the worker prints an address with the token when it starts"
        raise ProblemError(401, "Who asks? A token is missing or wrong.", hint=hint)
    request[VISITOR] = visitor
    if request.method not in LOOKING:
        await check_change(request, visitor)
    return await handler(request)


def is_free(request: web.Request) -> bool:
    """Say whether anybody may see this: probes, the log-in, its looks; figures where only this machine asks."""
    if request.path in FREE or request.path.startswith("/static/"):
        return True
    if request.path == "/metrics":
        return is_loopback(request.app[SOURCES].settings.console.host)
    return request.path == "/" and "token" in request.query


def is_loopback(host: str) -> bool:
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def visitor_of(request: web.Request) -> Visitor | None:
    """Return who asks: a program by its header, a person by the cookie."""
    access = request.app[ACCESS]
    given = request.headers.get("Authorization")
    if given is not None:
        token = given[len(BEARER) :].strip() if given.lower().startswith(BEARER) else ""
        return access.program(token)
    return access.visitor(request.cookies.get(cookie_name(request), ""))


def cookie_name(request: web.Request) -> str:
    """Return the session's name: browsers do not tell ports apart, and a machine may have many workers."""
    return f"relation-worker-{request.url.port or 0}"


async def check_change(request: web.Request, visitor: Visitor) -> None:
    """Raise where this visitor may not change anything, or did not mean to."""
    if visitor.role != "operator" and request.path != LEAVING:
        raise ProblemError(403, "This token may look, not change.")
    if not visitor.form:
        return
    check_origin(request)
    given = request.headers.get(FORM_HEADER)
    if given is None and not request.path.startswith("/api/"):
        given = str((await form(request)).get("form", ""))
    if not same(given or "", visitor.form):
        raise ProblemError(403, "This form is not from this session; nothing was changed.", hint="load the page again")


def check_origin(request: web.Request) -> None:
    """Raise where a browser says that another site sent this."""
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"} or (
        origin is not None and site(origin) != request.host
    ):
        raise ProblemError(403, "This came from another site; nothing was changed.")


def site(origin: str) -> str | None:
    """Return the host and port of an address; None: it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def is_safe_place(place: str) -> bool:
    """Say whether an address leads to one of our own pages."""
    return PLACE.fullmatch(place) is not None
