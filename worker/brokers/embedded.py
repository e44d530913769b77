"""The broker that needs nothing installed: a nats-server of our own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from worker.brokers.base import BrokerSetupError, Handle, Publication
from worker.brokers.intake import Counts
from worker.brokers.nats import NatsBroker, ignore
from worker.brokers.pull import Bounds
from worker.brokers.server import Server
from worker.brokers.store import MAX_PAYLOAD, Store
from worker.brokers.streams import StreamLimits


class EmbeddedBroker:
    """Starts a server on loopback, works with it, and ends it after the last word; the port of a broker.

    Any NATS client on this machine can publish to `url`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        program: str | None = None,
        sync: str = "1s",
        limits: StreamLimits | None = None,
        bounds: Bounds | None = None,
        tell: Callable[[str], None] = ignore,
        on_state: Callable[[bool], None] = ignore,
    ) -> None:
        self.url = ""
        self._server = Server(folder, named=program, sync=sync, tell=tell, on_url=self._moved)
        self._limits = limits or StreamLimits()
        self._bounds = bounds
        self._tell = tell
        self._on_state = on_state
        self._nats: NatsBroker | None = None

    async def start(self) -> None:
        """Start the server, connect, provision; raises `BrokerSetupError` and leaves nothing behind."""
        await self._server.start()
        nats = NatsBroker(
            self.url,
            limits=self._limits.within(self._server.store.room() * 9 // 10),
            bounds=self._bounds,
            owned=True,
            tell=self._tell,
            on_state=self._on_state,
        )
        try:
            await nats.start()
        except BaseException:
            await self._server.stop()
            raise
        self._nats = nats

    async def take(self, handle: Handle) -> None:
        """Hand over everything in broker order, batch by batch, until cancelled or `stop`."""
        await self._started.take(handle)

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Publish all; returns when the broker has every one, raises `PublishError` otherwise."""
        await self._started.publish(publications)

    async def stop(self) -> None:
        """Stop the work, then the server."""
        if self._nats:
            await self._nats.stop()
        await self._server.stop()

    @property
    def connected(self) -> bool:
        """Whether the broker answers now."""
        return bool(self._nats and self._nats.connected)

    @property
    def max_payload(self) -> int:
        """Bytes that one message may hold, headers included."""
        return MAX_PAYLOAD

    @property
    def counts(self) -> Counts:
        """What intake has done so far."""
        return self._started.counts

    @property
    def _started(self) -> NatsBroker:
        assert self._nats, "only after start"
        return self._nats

    def _moved(self, url: str) -> None:
        self.url = url
        if self._nats:
            self._nats.connector.servers = [url]


def find(folder: Path) -> str:
    """Return the URL of the server that runs on this folder, for one who wants to publish to it."""
    store = Store(folder)
    running = store.running() if store.held() else None
    if not running:
        raise BrokerSetupError(
            f"no broker runs in {store.folder}: start `relation-worker run` first, or give the address of "
            "a running server as broker.url."
        )
    return running.url
