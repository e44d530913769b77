"""One operation of the API: where it is, what does it, and what to say of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from worker.console.body import Body

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in the query."""

    name: str
    meaning: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address; `answers`: status -> what it means and the schema of what comes."""

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    answer: Mapping[str, Any]
    status: int = 200
    parameters: tuple[Parameter, ...] = ()
    body: type[Body] | None = None
    raw: Mapping[str, Any] | None = None
    refusals: tuple[int, ...] = ()
    media: str = "application/json"


def answer(value: Any, status: int = 200) -> web.Response:
    """Answer a program with JSON."""
    return web.Response(status=status, body=orjson.dumps(value, default=str), content_type="application/json")
