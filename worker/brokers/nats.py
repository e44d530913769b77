"""NATS JetStream behind the port of a broker."""

from collections.abc import Callable, Sequence

from worker.brokers.application import Application, Payloads
from worker.brokers.base import BrokerError, Handle, Publication
from worker.brokers.client import Connector, Credentials, addresses
from worker.brokers.connection import Connection, Link
from worker.brokers.intake import Counts, Intake
from worker.brokers.pull import Bounds
from worker.brokers.streams import StreamLimits


def ignore(_: object) -> None:
    """Hear nothing."""


class NatsBroker:
    """Takes relation events from a NATS server, and publishes results and dead letters to it.

    `owned`: the server is ours (embedded), so that the limits of its streams follow our settings.
    `payloads` are what the AsyncAPI document of the `application` shows. `tell` hears what people should
    know, `on_state` whether there is a connection.
    """

    def __init__(
        self,
        url: str | Sequence[str],
        credentials: Credentials | None = None,
        *,
        limits: StreamLimits | None = None,
        bounds: Bounds | None = None,
        payloads: Payloads | None = None,
        owned: bool = False,
        tell: Callable[[str], None] = ignore,
        on_state: Callable[[bool], None] = ignore,
    ) -> None:
        self.url = ",".join(addresses(url))
        self.connector = Connector(addresses(url), credentials or Credentials())
        self._connection = Connection(
            self.connector,
            limits or StreamLimits(),
            owned=owned,
            tell=tell,
            on_state=on_state,
        )
        self.application = Application(self.connector, payloads or Payloads())
        self._intake = Intake(self._connection, self.application, bounds or Bounds(), tell)

    async def start(self) -> None:
        """Connect (waiting with a message while there is none) and provision streams, idempotently."""
        await self._connection.start()

    async def take(self, handle: Handle) -> None:
        """Hand over everything in broker order, batch by batch, until cancelled or `stop`."""
        await self._intake.run(handle)

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Publish all; returns when the broker has every one, raises `PublishError` otherwise."""
        if publications:
            await self._live().receipts.publish(publications)

    async def stop(self) -> None:
        """Take no more, let the last acks and publishes through, disconnect."""
        await self._intake.stop()
        await self._connection.stop()

    @property
    def connected(self) -> bool:
        """Whether the broker answers now."""
        return self._connection.link is not None

    @property
    def max_payload(self) -> int:
        """Bytes that one message may hold, headers included."""
        return self._live().client.max_payload

    @property
    def counts(self) -> Counts:
        """What intake has done so far."""
        return self._intake.counts

    def _live(self) -> Link:
        if not (link := self._connection.link):
            raise BrokerError("there is no connection to the broker now")
        return link
