"""What goes over the wire and what comes back, as plain values."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from datetime import datetime
from types import MappingProxyType

from worker.value import value

MASK = "***"
MOST_BYTES = 4 * 1024 * 1024  # of an answer's body, inflated
# A factory gives it to fields: before Python 3.12 it has no hash, and dataclasses take it for mutable.
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@value
class Request:
    """One HTTP request of ours.

    `url` has no query; `params` are encoded by the transport. `secrets` are the values that must never be
    seen: tokens, keys, signatures. `masked_query` hides the whole query string (OutSmart's tokens are in it).
    """

    method: str
    url: str = field(repr=False)
    params: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS, repr=False)
    body: bytes | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    masked_query: bool = False

    def masked(self, text: str) -> str:
        """Return the text with each of this request's secrets replaced by `***`."""
        found = [re.escape(secret) for secret in sorted(self.secrets, key=len, reverse=True) if secret]
        return re.sub("|".join(found), MASK, text) if found else text


@value
class Response:
    """One HTTP answer: header names in lower case, `body` whole and bounded, `seconds` from send to last byte."""

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS, repr=False)
    body: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
    at: datetime | None = None


Send = Callable[[Request], Awaitable[Response]]
