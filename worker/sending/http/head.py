"""The first lines of a request, as they go over the wire."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from yarl import URL

from worker.errors import UnsupportedError
from worker.sending.wire import Request

LINE_BREAKS = re.compile(r"[\r\n\0]")
KNOWN_NAMES = 64  # sets of names: each kind of request has one


class Origin(NamedTuple):
    """Who is called: connections to one origin serve all its URLs."""

    host: str
    port: int
    is_tls: bool


class Place(NamedTuple):
    """A URL that may be called, and what is written of it."""

    url: URL
    origin: Origin
    target: str
    host_line: str

    @classmethod
    def of(cls, url: URL) -> "Place":
        """Return the place of an absolute http or https URL."""
        is_tls = url.scheme == "https"
        origin = Origin((url.raw_host or "").rstrip("."), url.port or (443 if is_tls else 80), is_tls)
        return cls(url, origin, url.raw_path_qs, f" HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n")


class Heads:
    """Writes heads; what requests with the same names have in common is rendered once."""

    def __init__(self, user_agent: str) -> None:
        self._ours = {"user-agent": user_agent, "accept": "*/*", "accept-encoding": "gzip, deflate"}
        self._beside = lru_cache(KNOWN_NAMES)(self._lacking)

    def head(self, request: Request, place: Place) -> bytes:
        """Return request line and headers; raises UnsupportedError where a value would add lines of its own."""
        target = place.target
        if request.params:
            target = place.url.with_query(request.params).raw_path_qs
        length = "" if request.body is None and request.method == "GET" else size(request.body)
        given = lines(request.headers)
        if given.count("\r") != len(request.headers) or given.count("\n") != len(request.headers) or "\0" in given:
            refuse_line_breaks(request.headers)
        text = f"{request.method} {target}{place.host_line}{self._beside(tuple(request.headers))}{given}{length}\r\n"
        return text.encode()

    def _lacking(self, given: tuple[str, ...]) -> str:
        """Return our own headers, but for those that a request brings itself."""
        names = {name.lower() for name in given}
        return lines({name: value for name, value in self._ours.items() if name not in names})


def lines(headers: Mapping[str, str]) -> str:
    """Return headers as they are written."""
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()])


def size(body: bytes | None) -> str:
    return f"Content-Length: {len(body or b'')}\r\n"


def refuse_line_breaks(headers: Mapping[str, str]) -> None:
    broken = next(name for name, value in headers.items() if LINE_BREAKS.search(name + value))
    raise UnsupportedError(f"a value cannot stand in the header {broken!r}", reason="unmappable")
