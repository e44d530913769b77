"""Logging in by the printed address or by hand, and out again."""

from aiohttp import web

from worker.console.access import SESSION_SECONDS
from worker.console.body import form
from worker.console.guard import check_origin, cookie_name, is_safe_place
from worker.console.page import rendered, see
from worker.console.sources import ACCESS


async def login_page(request: web.Request) -> web.Response:
    """Ask for a token."""
    return rendered(request, "login.html", {"next": "/", "wrong": False})


async def login(request: web.Request) -> web.StreamResponse:
    """Begin a session with a token that was typed in."""
    check_origin(request)
    sent = await form(request)
    place = str(sent.get("next", "/"))
    where = place if is_safe_place(place) else "/"
    return entered(request, str(sent.get("token", "")), where) or rendered(
        request, "login.html", {"next": where, "wrong": True}, status=401
    )


def entered(request: web.Request, token: str, where: str) -> web.Response | None:
    """Return the way in, to a clean address; None: the token is wrong."""
    access = request.app[ACCESS]
    key = access.key(token.strip())
    if key is None:
        return None
    response = see(where)
    response.set_cookie(
        cookie_name(request),
        access.session(key),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=request.secure,
        path="/",
    )
    return response


async def by_address(request: web.Request) -> web.Response:
    """Come in by the printed address, so that the token does not stay in the address bar."""
    found = entered(request, request.query["token"], "/")
    return found or rendered(request, "login.html", {"next": "/", "wrong": True}, status=401)


async def logout(request: web.Request) -> web.Response:
    """End the session, in this browser and for whoever has copied its cookie."""
    request.app[ACCESS].end(request.cookies.get(cookie_name(request), ""))
    response = see("/login")
    response.del_cookie(cookie_name(request), path="/")
    return response
