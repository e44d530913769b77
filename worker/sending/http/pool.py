"""Connections to vendors: opened when one is wanted, kept for the next call."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property, partial

import aiohappyeyeballs

from worker.sending.http.address import Address, NamedHosts, PrivateAddressError
from worker.sending.http.head import Origin
from worker.sending.http.pipe import Pipe

KEPT_SECONDS = 15.0  # many servers close what was idle for longer, and a call must not meet that
# https://www.rfc-editor.org/rfc/rfc8305#section-5 (read 2026-11): seconds until the next address is tried too
NEXT_ADDRESS = 0.25

Lookup = Callable[[str, int], Awaitable[Sequence[Address]]]


class UnreachableError(Exception):
    """There is no connection; the text says why."""


class MisnamedError(Exception):
    """What was to be looked up cannot be a name."""


class Pool:
    """All connections of a worker, by origin; the one used last goes first, so that the others may end."""

    def __init__(self, named: NamedHosts, lookup: Lookup | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._named = named
        self._lookup = lookup or self._looked_up
        self._kept: dict[Origin, list[Pipe]] = {}
        self._open: set[Pipe] = set()
        self._looking: dict[tuple[str, int], asyncio.Future[Sequence[Address]]] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def take(self, origin: Origin) -> Pipe | None:
        """Return a kept connection that is fresh enough, if there is one."""
        kept = self._kept.get(origin)
        while kept:
            pipe = kept.pop()
            if pipe.is_open and self._loop.time() - pipe.kept_at < KEPT_SECONDS:
                return pipe
            pipe.close()
        return None

    def keep(self, pipe: Pipe) -> None:
        """Keep a connection for the next call."""
        if not pipe.is_open:
            return
        pipe.kept_at = self._loop.time()
        self._kept.setdefault(pipe.origin, []).append(pipe)
        if self._sweep is None:
            self._sweep = self._loop.call_later(KEPT_SECONDS, self._swept)

    async def open(self, origin: Origin, seconds: float) -> Pipe:
        """Return a new connection; raises UnreachableError, PrivateAddressError or MisnamedError."""
        try:
            async with asyncio.timeout(seconds):
                return await self._opened(origin)
        except PrivateAddressError:
            raise
        except UnicodeError:  # so a look-up says that a part of the name is empty or too long
            raise MisnamedError from None
        except OSError as error:  # TLS and time-outs among them
            raise UnreachableError(why(error)) from None

    def close(self) -> None:
        """Cut all connections."""
        if self._sweep is not None:
            self._sweep.cancel()
        for pipe in list(self._open):
            pipe.close()

    async def _opened(self, origin: Origin) -> Pipe:
        addresses = self._named.among(origin.host, await self._found(origin.host, origin.port))
        if not addresses:
            raise UnreachableError("its name has no address")
        connected = await aiohappyeyeballs.start_connection(
            addresses, happy_eyeballs_delay=NEXT_ADDRESS, loop=self._loop
        )
        try:
            _, pipe = await self._loop.create_connection(
                lambda: Pipe(origin, self._loop, self._lost),
                sock=connected,
                ssl=self._tls if origin.is_tls else None,
                server_hostname=origin.host if origin.is_tls else None,
            )
        except BaseException:
            connected.close()
            raise
        if not pipe.is_open:
            raise UnreachableError("it closed the connection")
        self._open.add(pipe)
        return pipe

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        return context

    async def _found(self, host: str, port: int) -> Sequence[Address]:
        """Look a name up once for all who want it now: a look-up that hangs holds one thread, not all of them."""
        looking = self._looking.get((host, port))
        if looking is None:
            looking = self._looking[host, port] = asyncio.ensure_future(self._lookup(host, port))
            looking.add_done_callback(partial(self._stop_looking, (host, port)))
        return await asyncio.shield(looking)

    def _stop_looking(self, name: tuple[str, int], looked: "asyncio.Future[Sequence[Address]]") -> None:
        del self._looking[name]
        if not looked.cancelled():
            looked.exception()  # nobody may wait for it any more

    async def _looked_up(self, host: str, port: int) -> Sequence[Address]:
        return await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)

    def _lost(self, pipe: Pipe) -> None:
        self._open.discard(pipe)
        kept = self._kept.get(pipe.origin, [])
        if pipe in kept:
            kept.remove(pipe)

    def _swept(self) -> None:
        """Let go of what was idle for too long, and look again while anything is kept."""
        self._sweep = None
        since = self._loop.time() - KEPT_SECONDS
        for pipe in [pipe for kept in self._kept.values() for pipe in kept]:
            if pipe.kept_at <= since:
                pipe.close()
        if self._open:
            self._sweep = self._loop.call_later(KEPT_SECONDS, self._swept)


def why(error: OSError) -> str:
    """Return in our own words why there is no connection."""
    match error:
        case TimeoutError():
            return "it took too long to connect"
        case ssl.SSLCertVerificationError():
            return "its certificate is not valid"
        case ssl.SSLError():
            return "it does not speak TLS as it should"
        case socket.gaierror():
            return "its name cannot be looked up"
        case _:
            return "it cannot be reached"
