"""The only HTTP client: connections to all vendors, and what a failed call means."""

import asyncio
import re
from datetime import UTC, datetime
from functools import lru_cache

from yarl import URL

from worker.errors import AddressError, RetryableError, TargetError, UnknownOutcomeError, UnsupportedError
from worker.sending.http.address import NamedHosts, PrivateAddressError
from worker.sending.http.answer import Answer, GarbledError, TooLongError
from worker.sending.http.head import Heads, Place
from worker.sending.http.pipe import Pipe, Timeouts
from worker.sending.http.pool import Lookup, MisnamedError, Pool, UnreachableError
from worker.sending.slot import Slot
from worker.sending.wire import MOST_BYTES, Request, Response

# A refusal for being too fast is known by its status; its body may be cut.
TOLD_BY_STATUS = frozenset({429, 503})
# What would change the meaning of a URL that identifiers are put into.
UNSAFE = re.compile(r"[?#\\\s]|/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
KNOWN_URLS = 512


class Transport:
    """Sends each request once; must be made inside the running loop.

    Cookies, proxies and redirects are not followed, certificates are verified. The number of connections is what the
    gates let through.
    """

    def __init__(
        self, *, user_agent: str = "relation-worker", most_bytes: int = MOST_BYTES, lookup: Lookup | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._most_bytes = most_bytes
        self._named = NamedHosts()
        self._heads = Heads(user_agent)
        self._pool = Pool(self._named, lookup)
        self._place = lru_cache(KNOWN_URLS)(self._checked)

    def trust(self, base_url: str) -> None:
        """Allow the host of a configured base URL to be in a private network."""
        self._named.add(URL(base_url).raw_host or "")
        self._place.cache_clear()

    async def close(self) -> None:
        """Cut all connections; a call in flight ends with UnknownOutcomeError."""
        self._pool.close()
        await asyncio.sleep(0)  # the loop tells each of them

    async def send(self, request: Request, slot: Slot, timeouts: Timeouts) -> Response:
        """Send once and return the whole answer, whatever its status.

        Raises RetryableError when the request has certainly not left, HeldBackError where that is our own doing,
        UnknownOutcomeError when it may have arrived, AddressError for an address that must not be called,
        UnsupportedError for one that cannot be written down safely. The slot's call is over then; giving it back is
        the caller's.
        """
        over_at = self._loop.time() + timeouts.total
        place = self._place(request.url)
        head = self._heads.head(request, place)
        pipe = self._pool.take(place.origin) or await self._opened(place, slot, timeouts)
        self._charge(slot, pipe, place, over_at)
        try:
            answer = await pipe.ask(
                head + request.body if request.body else head, timeouts, over_at, slot.answered, self._most_bytes
            )
        except BaseException:
            pipe.close()
            raise
        if answer.keeps:
            self._pool.keep(pipe)
        return response(answer, slot, place)

    async def _opened(self, place: Place, slot: Slot, timeouts: Timeouts) -> Pipe:
        """Return a new connection; without one, nothing has left."""
        failure: TargetError
        try:
            return await self._pool.open(place.origin, min(timeouts.connect, timeouts.total))
        except PrivateAddressError:
            failure = AddressError(f"{place.url.host} is in a private network, and base_url does not name it")
        except MisnamedError:
            failure = AddressError(f"{place.url.host} cannot be the name of a host, see base_url")
        except UnreachableError as error:
            failure = unsent(place, str(error))
        slot.unsent()
        raise failure

    def _charge(self, slot: Slot, pipe: Pipe, place: Place, over_at: float) -> None:
        """Pay for the call in the same step in which it is written; where that is refused, nothing leaves."""
        try:
            charge(slot, place, is_late=self._loop.time() >= over_at)
        except BaseException:
            self._pool.keep(pipe)
            slot.unsent()
            raise

    def _checked(self, text: str) -> Place:
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
        return Place.of(url)


def charge(slot: Slot, place: Place, *, is_late: bool) -> None:
    """Pay for the call, unless no time is left for it."""
    if is_late:
        raise unsent(place, "it took too long to connect")
    slot.charge()


def unsent(place: Place, why: str) -> RetryableError:
    return RetryableError(f"nothing sent to {place.url.host}: {why}")


def response(answer: Answer, slot: Slot, place: Place) -> Response:
    """Return a whole answer; of a refusal that its status tells, what there is of it."""
    is_told = answer.status in TOLD_BY_STATUS
    body, what = b"", answer.failure
    if what is None or is_told:
        try:
            body, what = answer.body(), None
        except GarbledError:
            what = "the answer is broken off or garbled"
        except TooLongError:
            what = "the answer is too long"
    if what is not None and not is_told:
        raise unknown(answer, slot, place, what)
    return Response(answer.status, answer.headers, body, slot.seconds(), datetime.now(UTC))


def unknown(answer: Answer, slot: Slot, place: Place, what: str) -> UnknownOutcomeError:
    """Return what a call without a whole answer means, in our own words: no URL, no body, no secret."""
    if answer.status:
        return UnknownOutcomeError(f"HTTP {answer.status}, but {what}")
    slot.lost()
    return UnknownOutcomeError(f"no answer from {place.url.host}: {what}")
