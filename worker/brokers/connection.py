"""A connection that comes back by itself, with all streams in place."""

from asyncio import Event, Future, Task, create_task, sleep, wait
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import uniform
from ssl import SSLCertVerificationError
from urllib.parse import urlsplit

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError, ServiceUnavailableError

from worker.brokers.base import BrokerError, BrokerSetupError
from worker.brokers.client import Connector, OneLifeClient, heed_cancel
from worker.brokers.publishing import Receipts
from worker.brokers.streams import StreamLimits, provision
from worker.telemetry.absence import Absence

OLDEST = (2, 11)
# https://github.com/nats-io/nats-server/blob/main/server/errors.json (read November 2026)
NOT_ENABLED = (10039, 10076)
LONGEST_WAIT = 5.0
REASONS = 5  # of one absence that are said at once: one is lost, refused, then not trusted


@dataclass(frozen=True, slots=True)
class Link:
    """One live connection; `lost` is done when it is gone."""

    client: OneLifeClient
    js: JetStreamContext
    receipts: Receipts
    lost: "Future[None]"


def waits() -> Iterator[float]:
    """Seconds to wait before each next try: growing, with jitter, never long."""
    longest = 0.1
    while True:
        yield uniform(longest / 2, longest)  # noqa: S311 - jitter is no secret
        longest = min(longest * 2, LONGEST_WAIT)


class Connection:
    """Connects, provisions, and does so again whenever the connection is lost."""

    def __init__(
        self,
        connector: Connector,
        limits: StreamLimits,
        *,
        owned: bool,
        tell: Callable[[str], None],
        on_state: Callable[[bool], None],
    ) -> None:
        self._connector = connector
        self._limits = limits
        self._owned = owned
        self._tell = tell
        self._on_state = on_state
        self._away = Absence(tell, reasons=REASONS)
        self._link: Link | None = None
        self._up = Event()
        self._keeper: Task[None] | None = None

    async def start(self) -> None:
        """Connect, however long it takes; raises `BrokerSetupError` where waiting mends nothing."""
        try:
            await self._establish(patient=False)
        except BaseException:
            await self._connector.drop()
            raise
        self._keeper = create_task(self._keep(), name="broker connection")

    async def stop(self) -> None:
        """Disconnect for good, with all that was written on its way."""
        if self._keeper:
            self._keeper.cancel()
            await wait([self._keeper])
            self._keeper = None
        link = self._link
        self._forget()
        if link and not link.lost.done():
            try:
                await link.client.flush()
            except (NatsError, OSError) as error:
                self._tell(f"the broker did not confirm our last words: {said(error)}")
        await self._connector.drop()

    @property
    def where(self) -> str:
        """Name the servers, without what their URLs may hold in secrets."""
        return ", ".join(map(shown, self._connector.servers))

    @property
    def link(self) -> Link | None:
        """The live connection, if there is one now."""
        return self._link if self._link and not self._link.lost.done() else None

    async def up(self) -> Link | None:
        """Wait for a live connection; there may be none when `wake` was called, or when it is lost again already."""
        if not self.link:
            self._up.clear()
            await self._up.wait()
        return self.link

    def wake(self) -> None:
        """Let whoever waits for a connection wait no more."""
        self._up.set()

    async def provision(self, link: Link) -> None:
        """Make the streams that lack; raises `BrokerError` where that cannot be done."""
        try:
            await provision(link.js, self._limits, owned=self._owned, tell=self._tell)
        except APIError as error:
            raise refused(error, self.where, has_jetstream=link.client.has_jetstream) from error

    async def _keep(self) -> None:
        while link := self._link:
            await link.lost
            self._forget()
            self._away(f"the connection to NATS at {self.where} is lost; trying to get it back")
            await self._establish(patient=True)

    def _forget(self) -> None:
        if self._link:
            self._link = None
            self._on_state(False)  # noqa: FBT003 - a hook that hears one fact

    async def _establish(self, *, patient: bool) -> None:
        for seconds in waits():
            try:
                self._link = await self._attempt()
                heed_cancel()
                break
            except BrokerSetupError as error:
                if not patient:
                    raise
                self._away(str(error))
            except (OSError, NatsError, BrokerError) as error:
                self._away(f"NATS at {self.where} does not answer ({said(error)}); trying again")
            except Exception as error:
                if not patient:
                    raise
                # Whatever it is, it must not end the task that alone brings the connection back.
                self._away(f"NATS at {self.where} could not be connected to ({type(error).__name__}); trying again")
            await sleep(seconds)
        self._away.over(f"connected to NATS at {self.where}")
        self._up.set()
        self._on_state(True)  # noqa: FBT003 - a hook that hears one fact

    async def _attempt(self) -> Link:
        client = await self._connect()
        check(client, self.where)
        link = Link(client, client.jetstream(), Receipts(client, client.lost), client.lost)
        await self.provision(link)
        await link.receipts.start()
        return link

    async def _connect(self) -> OneLifeClient:
        try:
            return await self._connector.fresh()
        except (NatsError, OSError) as error:
            why = self._connector.heard or error
            raise (unmendable(why, self.where) or why) from error


def unmendable(error: Exception, where: str) -> BrokerSetupError | None:
    """Return what waiting does not mend: whom we do not trust, and who does not trust us."""
    if isinstance(error, SSLCertVerificationError):
        return BrokerSetupError(
            f"the certificate of NATS at {where} is not trusted: {error.verify_message}. "
            "Name its authority in broker.tls."
        )
    if "authorization" in str(error).lower():
        return BrokerSetupError(f"NATS at {where} refuses our credentials. Check the secrets of [broker].")
    return None


def check(client: OneLifeClient, where: str) -> None:
    """Refuse a server that is too old, or has no JetStream."""
    version = client.connected_server_version
    if (version.major or 0, version.minor or 0) < OLDEST:
        raise BrokerSetupError(
            f"NATS at {where} is version {version.major}.{version.minor}; at least "
            f"{OLDEST[0]}.{OLDEST[1]} is needed. Update the server."
        )


def refused(error: APIError, where: str, *, has_jetstream: bool) -> BrokerError:
    """Tell what must be mended from what may pass."""
    nobody = isinstance(error, ServiceUnavailableError) and not has_jetstream
    if nobody or error.err_code in NOT_ENABLED:
        return BrokerSetupError(
            f"NATS at {where} has JetStream switched off, for all or for our account. Switch it on: "
            "start nats-server with -js, or give the account a jetstream section."
        )
    return BrokerError(error.description or "JetStream is not ready")


def said(error: Exception) -> str:
    """Put an error of the connection into a few words."""
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (str(error).removeprefix("nats: ") or type(error).__name__)[:200]


def shown(url: str) -> str:
    """Name a server without what an URL may hold in secrets."""
    parts = urlsplit(url if "://" in url else f"nats://{url}")
    return f"{parts.hostname}:{parts.port or 4222}"
