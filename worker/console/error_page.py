"""A page for what went wrong; without a session it is the log-in."""

from aiohttp import web

from worker.console.page import rendered
from worker.console.problem import ProblemError


def error_page(request: web.Request, problem: ProblemError) -> web.Response:
    """Answer a person."""
    if problem.status == web.HTTPUnauthorized.status_code:
        wanted = request.path_qs if request.method == "GET" else "/"
        return rendered(request, "login.html", {"next": wanted, "wrong": False}, status=problem.status)
    return rendered(request, "problem.html", {"problem": problem}, status=problem.status)
