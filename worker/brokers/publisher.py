"""For those who only publish events: `emit`, and whoever else is no worker."""

from collections.abc import Sequence
from typing import Literal, Self

from nats.errors import Error as NatsError

from worker.brokers.base import BrokerError, Publication
from worker.brokers.client import Connector, Credentials, addresses
from worker.brokers.connection import check, said, shown
from worker.brokers.publishing import Receipts

PAST = {"create": "created", "update": "updated", "delete": "deleted"}


def event_subject(operation: Literal["create", "update", "delete"], kind: Literal["link", "party"]) -> str:
    """Name the subject that an event is published to; contract.md 1.3."""
    return f"relation.{PAST[operation]}.{kind}"


class Publisher:
    """Publishes events with receipts; waits for nobody: without a broker it raises at once."""

    def __init__(self, url: str | Sequence[str], credentials: Credentials | None = None) -> None:
        self._connector = Connector(addresses(url), credentials or Credentials())
        self._receipts: Receipts | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._connect()
        except BaseException:
            await self._connector.drop()
            raise
        return self

    async def _connect(self) -> None:
        where = ", ".join(map(shown, self._connector.servers))
        try:
            client = await self._connector.fresh()
            check(client, where)
            self._receipts = Receipts(client, client.lost)
            await self._receipts.start()
        except (NatsError, OSError) as error:
            why = said(self._connector.heard or error)
            raise BrokerError(f"NATS at {where} does not answer ({why})") from error

    async def __aexit__(self, *_: object) -> None:
        await self._connector.drop()

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Publish all; raises `PublishError` with those that no stream took."""
        assert self._receipts, "only inside `async with`"
        if publications:
            await self._receipts.publish(publications)
