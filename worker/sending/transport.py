"""The only HTTP client: one session for all connections."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from aiohttp.connector import Connection
from yarl import URL

from worker.errors import AddressError, RetryableError, TargetError, UnknownOutcomeError, UnsupportedError
from worker.sending.address import GuardedResolver, NamedHosts, PrivateAddressError
from worker.sending.slot import Slot, SpentSlotError
from worker.sending.wire import Request, Response

MOST_BYTES = 4 * 1024 * 1024
# A refusal for being too fast is known by its status; its body may be cut.
TOLD_BY_STATUS = frozenset({429, 503})
# What would change the meaning of a URL that identifiers are put into.
UNSAFE = re.compile(r"[?#\\\s]|/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
LINE_BREAKS = re.compile(r"[\r\n\0]")
KNOWN_URLS = 512


class Timeouts(Protocol):
    """Seconds for the parts of one call, and for all of it."""

    @property
    def connect(self) -> float: ...
    @property
    def first_byte(self) -> float: ...
    @property
    def idle(self) -> float: ...
    @property
    def total(self) -> float: ...


class _TooLongError(Exception):
    """A body is longer than we read."""


class Transport:
    """Sends requests; must be made inside the running loop.

    Cookies, proxies from the environment and redirects are off, certificates are verified. The number of
    connections is what the gates let through.
    """

    def __init__(
        self,
        *,
        user_agent: str = "relation-worker",
        most_bytes: int = MOST_BYTES,
        resolver: aiohttp.abc.AbstractResolver | None = None,
    ) -> None:
        self._most_bytes = most_bytes
        self._named = NamedHosts()
        self._checked = lru_cache(KNOWN_URLS)(self._check)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, resolver=GuardedResolver(self._named, resolver)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": user_agent},
            request_class=_Confirmed,
        )

    def trust(self, base_url: str) -> None:
        """Allow the host of a configured base URL to be in a private network."""
        self._named.add(URL(base_url).raw_host or "")
        self._checked.cache_clear()

    async def close(self) -> None:
        """Close all connections; a call in flight ends with UnknownOutcomeError."""
        await self._session.close()

    async def send(self, request: Request, slot: Slot, timeouts: Timeouts) -> Response:
        """Send once and return the whole answer, whatever its status.

        Raises RetryableError when the request has certainly not left, UnknownOutcomeError when it may have
        arrived, AddressError for an address that must not be called, UnsupportedError for one that cannot be
        written down safely. The slot's call is over then; giving it back is the caller's.
        """
        url = self._checked(request.url)
        if request.params:
            url = url.with_query(request.params)
        _refuse_line_breaks(request.headers)
        call = _Call(slot, timeouts.idle)
        failure: TargetError
        try:
            return await self._exchange(request, url, call, timeouts)
        except (aiohttp.ClientError, OSError, SpentSlotError, _TooLongError) as error:
            failure = call.failure(error, url)
        # Outside the except block: aiohttp's errors carry the URL with its query, and must not be the context.
        raise failure

    async def _exchange(self, request: Request, url: URL, call: "_Call", timeouts: Timeouts) -> Response:
        answer = await self._session.request(
            request.method,
            url,
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
            middlewares=(call.pay,),
            timeout=_timeout(timeouts.connect, timeouts.first_byte, timeouts.total),
        )
        try:
            body = await self._body(answer)
        except BaseException:
            answer.close()
            raise
        answer.release()
        seconds = call.seconds()
        return Response(answer.status, call.headers, body, seconds, datetime.now(UTC))

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        try:
            await _read(answer.content, parts, self._most_bytes)
        except (aiohttp.ClientError, OSError, _TooLongError):
            if answer.status not in TOLD_BY_STATUS:
                raise
            answer.close()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _check(self, text: str) -> URL:
        """Return where to send it; no identifier in it may have changed what is asked for."""
        if UNSAFE.search(text):
            raise UnsupportedError("an identifier cannot stand in a URL", reason="unmappable")
        try:
            url = URL(text)
        except ValueError:
            url = URL()
        if url.scheme not in {"http", "https"} or not url.raw_host or url.raw_user or url.raw_password:
            raise AddressError("the address is no plain http or https URL, see base_url")
        if not self._named.allow(url.raw_host):
            raise AddressError(f"{url.host} is a private address, and base_url does not name it")
        return url


class _Confirmed(aiohttp.ClientRequest):
    """A request that asks once more when it has its connection: to get one may have taken longer than a lease."""

    slot: Slot

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Write it, unless the slot says otherwise."""
        self.slot.confirm()
        return await super().send(conn)


class _Call:
    """What is known of one call while it is under way."""

    __slots__ = ("_idle", "_request", "_slot", "headers", "status")

    def __init__(self, slot: Slot, idle: float) -> None:
        self._slot = slot
        self._idle = idle
        self._request: aiohttp.ClientRequest | None = None
        self.status = 0
        self.headers: Mapping[str, str] = {}

    async def pay(self, request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        """Charge the slot inside aiohttp's request, so that its own repeat is refused and not sent."""
        self._slot.charge()
        self._request = request
        assert isinstance(request, _Confirmed)
        request.slot = self._slot
        answer = await handler(request)
        self.status = answer.status
        self.headers = _lowered(answer)
        self._slot.answered(answer.status, self.headers)
        connection = answer.connection
        if connection is not None and connection.protocol is not None:
            connection.protocol.read_timeout = self._idle
            connection.protocol.start_timeout()
        return answer

    def failure(self, error: Exception, url: URL) -> TargetError:
        """Return what a failed call means, in our own words: no URL, no body, no secret."""
        what = _what(error)
        if self.status:
            return UnknownOutcomeError(f"HTTP {self.status}, but {what}")
        if self._request is not None and self._request.response is not None:
            self._slot.lost()
            return UnknownOutcomeError(f"no answer from {url.host}: {what}")
        # aiohttp writes the request and makes the response in one go, after it has a connection.
        self._slot.unsent()
        if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, PrivateAddressError):
            return AddressError(f"{url.host} is in a private network, and base_url does not name it")
        return RetryableError(f"nothing sent to {url.host}: {what}")

    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return self._slot.seconds()


_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ConnectionTimeoutError, "it took too long to connect"),
    (aiohttp.SocketTimeoutError, "it was silent for too long"),
    (aiohttp.ClientConnectorCertificateError, "its certificate is not valid"),
    (aiohttp.ClientConnectorSSLError, "it does not speak TLS as it should"),
    (aiohttp.ClientConnectorDNSError, "its name cannot be looked up"),
    (aiohttp.ClientConnectorError, "it cannot be reached"),
    (aiohttp.ServerDisconnectedError, "it closed the connection"),
    (aiohttp.ClientPayloadError, "the answer is broken off or garbled"),
    (aiohttp.ClientResponseError, "the answer is not HTTP"),
    (TimeoutError, "it took too long"),
    (OSError, "the connection broke"),
    (SpentSlotError, "the connection broke, and the call was not repeated"),
    (_TooLongError, "the answer is too long"),
)


def _what(error: Exception) -> str:
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "the exchange failed")


@lru_cache(KNOWN_URLS)
def _timeout(connect: float, first_byte: float, total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total, connect=connect, sock_connect=connect, sock_read=first_byte)


async def _read(content: aiohttp.StreamReader, parts: list[bytes], left: int) -> None:
    """Gather the decoded body, as far as it is bounded; aiohttp inflates no more than is taken from it."""
    while part := await content.readany():
        left -= len(part)
        if left < 0:
            raise _TooLongError
        parts.append(part)


def _lowered(answer: aiohttp.ClientResponse) -> dict[str, str]:
    """Return the headers with names in lower case, repeated ones joined as RFC 9110 5.3 allows."""
    headers: dict[str, str] = {}
    for name, value in answer.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def _refuse_line_breaks(headers: Mapping[str, str]) -> None:
    if LINE_BREAKS.search("".join([text for header in headers.items() for text in header])):
        broken = next(name for name, value in headers.items() if LINE_BREAKS.search(name + value))
        raise UnsupportedError(f"a value cannot stand in the header {broken!r}", reason="unmappable")
