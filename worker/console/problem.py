"""What the console answers when it cannot do what was asked: RFC 9457 for programs, a page for people."""

import http
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

KIND = "application/problem+json"


class ProblemError(Exception):
    """It cannot be done: `detail` is a sentence for people, `more` is members for programs."""

    def __init__(self, status: int, detail: str, *, hint: str = "", **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.hint = hint
        self.more = more

    @property
    def title(self) -> str:
        """The status in words."""
        return title(self.status)


def title(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def nothing(what: str, wanted: str) -> ProblemError:
    """Return the answer for an id that nothing has."""
    return ProblemError(404, f"There is no {what} {shortened(wanted)!r}.")


def shortened(text: str, most: int = 120) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def document(error: ProblemError) -> Mapping[str, Any]:
    """Return the problem as RFC 9457 has it."""
    told = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
    return told | ({"hint": error.hint} if error.hint else {}) | error.more


def problem_response(error: ProblemError) -> web.Response:
    """Answer a program."""
    return web.Response(status=error.status, body=orjson.dumps(document(error)), content_type=KIND)
