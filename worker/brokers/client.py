"""One connection to a NATS server, kept by FastStream."""

import string
from asyncio import CancelledError, Future, current_task, get_running_loop, timeout
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any
from urllib.parse import quote_from_bytes

import faststream.nats
from faststream.nats import security as auth
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import ConnectionClosedError

from worker.brokers import creds
from worker.brokers.base import BrokerSetupError

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " \t"
STATUS_LINE = b"NATS/1.0 "
HEADERS_AT = len(b"NATS/1.0\r\n")
CLOSING = 1.0  # seconds

Hear = Callable[[Msg], None]


@dataclass(frozen=True, slots=True)
class Credentials:
    """How we prove who we are: one of these, or nothing; none of it is ever shown."""

    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    nkey: str | None = field(default=None, repr=False)
    creds: Path | None = field(default=None, repr=False)
    tls: SSLContext | None = field(default=None, repr=False)

    def security(self) -> auth.NatsSecurity:
        """Say it in FastStream's words, so that the AsyncAPI document knows it too."""
        if self.creds:
            return auth.NatsCredentials(self.creds, ssl_context=self.tls)
        if self.nkey:
            return auth.NatsNKey.from_seed(self.nkey, ssl_context=self.tls)
        if self.token:
            return auth.NatsToken(self.token, ssl_context=self.tls)
        if self.user:
            return auth.NatsUserPassword(self.user, self.password or "", ssl_context=self.tls)
        return auth.NatsSecurity(ssl_context=self.tls)


def heed_cancel() -> None:
    """Raise what was swallowed on the way.

    In Python 3.11 `wait_for`, by which nats-py asks everything, drops a cancellation that comes together
    with the answer: https://github.com/python/cpython/issues/86296 (read November 2026).
    """
    task = current_task()
    if task and task.cancelling():
        raise CancelledError


def addresses(url: str | Sequence[str]) -> list[str]:
    """List the servers of one URL, of several with commas, or of a list; none may hold a secret."""
    servers = [part.strip() for part in url.split(",")] if isinstance(url, str) else list(url)
    if any("@" in server for server in servers):
        raise BrokerSetupError(
            "broker.url holds credentials, and URLs are printed: give them as user and password, token, "
            "nkey or creds file in [broker], the environment or the secrets folder."
        )
    return servers


class Headers(dict[str, str]):
    """Headers as nats-py wants them, and in `pairs` as they came, doubles included."""

    def __init__(self, raw: bytes) -> None:
        self.pairs = tuple(_pairs(raw))
        super().__init__(self.pairs)


def _pairs(raw: bytes) -> Iterable[tuple[str, str]]:
    for line in raw.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            yield _text(name.strip()), _text(value.strip())


def _text(raw: bytes) -> str:
    """Read UTF-8; what is none is percent-encoded, so that it stays exact and printable."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return quote_from_bytes(raw, safe=PRINTABLE)


class OneLifeClient(Client):
    """A client for one connection: it loses no header, and always says when the connection is gone.

    Each event costs two messages in and two out; so they can be heard without a queue and a task on the way,
    and written many at a time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ears: dict[int, Hear] = {}
        self.lost: Future[None] = get_running_loop().create_future()

    @property
    def has_jetstream(self) -> bool:
        """Whether the server itself stores streams; in a cluster another may."""
        return bool(self._server_info.get("jetstream"))

    async def listen(self, subject: str, hear: Hear) -> Subscription:
        """Have each message heard the moment that it is read."""
        subscription = await self.subscribe(subject)
        self._ears[subscription._id] = hear  # noqa: SLF001 -- nats-py hands messages over by it
        return subscription

    async def write(self, *commands: bytes) -> None:
        """Write commands, together; raises `ConnectionClosedError`."""
        if not self.is_connected:
            raise ConnectionClosedError
        self._pending.extend(commands)
        self._pending_data_size += sum(map(len, commands))
        if self._flush_queue and self._flush_queue.empty():
            await self._flush_pending()

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        hear = self._ears.get(sid)
        if not hear:
            await super()._process_msg(sid, subject, reply, data, headers)
            return
        given = await self._process_headers(headers) if headers else None
        try:
            hear(Msg(self, _text(subject), reply.decode(), data, given))
        except Exception as error:  # noqa: BLE001 -- it would end nats-py's reading
            await self._error_cb(error)

    def _remove_sub(self, sid: int, max_msgs: int = 0) -> None:
        self._ears.pop(sid, None)
        super()._remove_sub(sid, max_msgs)

    async def _process_headers(self, headers: bytes) -> dict[str, str] | None:
        """Keep them all: nats-py keeps one of each name, and the contract refuses doubles."""
        if not headers:
            return None
        if headers.startswith(STATUS_LINE):
            status: dict[str, str] | None = await super()._process_headers(headers)
            return status
        return Headers(headers[HEADERS_AT:])

    async def _close(self, status: int, do_cbs: bool = True) -> None:  # noqa: FBT001, FBT002 - nats-py's own
        """Close without sending the rest: on a broken connection nats-py 2.16 stops half-way at that.

        After a TLS handshake that failed it waits for the transport's end without end.
        """
        self._pending, self._pending_data_size = [], 0
        try:
            with suppress(TimeoutError):
                async with timeout(CLOSING):
                    await super()._close(status, do_cbs)
        finally:
            if not self.lost.done():
                self.lost.set_result(None)


class Connector(faststream.nats.NatsBroker):
    """FastStream's broker over one connection at a time: when it is lost, the next is a fresh one.

    nats-py's own reconnect keeps what was not sent and sends it later, into another epoch of intake, and
    gives up for good on some errors of the server; a fresh connection has no past.
    """

    def __init__(self, servers: list[str], credentials: Credentials) -> None:
        self.servers = servers
        self.heard: Exception | None = None
        self._creds = credentials.creds
        super().__init__(
            servers,
            name="relation-worker",
            security=credentials.security(),
            error_cb=self._on_error,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=5,
            ping_interval=20,
            # No forced flush: nats-py waits for one without end when the connection breaks meanwhile.
            pending_size=0,
            apply_types=False,
            logger=None,
        )

    async def _connect(self) -> OneLifeClient:
        wanted = {**self._connection_kwargs, "servers": self.servers}
        if self._creds:
            wanted["user_credentials"] = creds.whole(self._creds)
        client = OneLifeClient()
        try:
            await client.connect(**wanted)
        except BaseException:
            await client.close()
            raise
        self.config.connect(client)
        return client

    async def _on_error(self, error: Exception) -> None:
        self.heard = error

    async def fresh(self) -> OneLifeClient:
        """Drop the old connection, whatever its state, and make one; raises what nats-py raises.

        What was `heard` on the way may say more than what is raised. A creds file that is not whole is a
        `BrokerSetupError`.
        """
        await self.drop()
        self.heard = None
        client = await self.connect()
        assert isinstance(client, OneLifeClient)
        return client

    async def drop(self) -> None:
        """Close at once, in any state."""
        old: Any = self._connection
        self._connection = None
        if old is not None:
            await old.close()
            self.config.disconnect()
