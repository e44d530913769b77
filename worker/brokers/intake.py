"""Hands over what the broker holds, in order, and acks what is committed."""

from asyncio import Event, sleep
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from worker.brokers.application import Application
from worker.brokers.base import BrokerError, Handle
from worker.brokers.client import heed_cancel
from worker.brokers.commands import acks
from worker.brokers.connection import Connection, Link, said, waits
from worker.brokers.pull import Bounds, EpochError, Pull, sequence
from worker.brokers.streams import CONSUMER, RELATIONS, created_at
from worker.telemetry.absence import Absence
from worker.telemetry.failpoints import failpoint

ACK_WAIT = 3_600.0  # far longer than any commit: what is not acked comes again by a new epoch, not by time
MORE_THAN_A_MESSAGE = 64 * 1024
REASONS = 2  # of one halt that are said at once: why intake stopped, and why it does not go on


@dataclass(slots=True)
class Counts:
    """`unacked`: acks that could not be sent; `repeated`: messages that came again though committed."""

    epochs: int = 0
    messages: int = 0
    unacked: int = 0
    repeated: int = 0


class Intake:
    """One epoch after the other: each begins with a new consumer, so all that is un-acked comes in order."""

    def __init__(
        self,
        connection: Connection,
        application: Application,
        bounds: Bounds,
        tell: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._application = application
        self._bounds = bounds
        self._halted = Absence(tell, reasons=REASONS)
        self._pull: Pull | None = None
        self._stopping = False
        self._idle = Event()
        self._idle.set()
        self._created = ""
        self._committed = 0  # of the stream that was made then
        self._is_committing = False
        self._waits = waits()
        self.counts = Counts()

    async def run(self, handle: Handle) -> None:
        """Hand over batch by batch until cancelled or stopped."""
        self._idle.clear()
        try:
            while not self._stopping:
                await self._turn(handle)
        finally:
            self._idle.set()

    async def stop(self) -> None:
        """Take no more; returns when the batch in hand is committed and acked."""
        self._stopping = True
        if self._pull:
            self._pull.end("stopped")
        self._connection.wake()
        await self._idle.wait()

    async def _turn(self, handle: Handle) -> None:
        link = await self._connection.up()
        if not link:
            return
        try:
            await self._epoch(link, handle)
        except (BrokerError, NatsError, OSError) as error:
            if not self._stopping and not link.lost.done():
                self._halted(f"intake begins again: {said(error)}")
                await sleep(next(self._waits))

    async def _epoch(self, link: Link, handle: Handle) -> None:
        created = await self._anew(link)
        heed_cancel()
        largest = link.client.max_payload + MORE_THAN_A_MESSAGE
        bounds = replace(self._bounds, bytes=max(self._bounds.bytes, largest))
        self._pull = pull = Pull(link.client, RELATIONS, CONSUMER, bounds, link.lost)
        self.counts.epochs += 1
        await self._application.begin(pull, created, handle)
        try:
            await pull.start()
            if not self._is_committing:  # else only a commit shows that it goes on
                self._halted.over("intake goes on")
            while not self._stopping:
                heed_cancel()
                await self._batch(await pull.take(), link)
        finally:
            self._pull = None
            await self._application.end()

    async def _anew(self, link: Link) -> str:
        """Make the consumer, and its stream where somebody deleted it; return when the stream was made.

        That is asked last: if the stream is another by then, the consumer is gone and brings nothing.
        """
        try:
            await renew(link)
        except NotFoundError:
            await self._connection.provision(link)
            await renew(link)
        created = await created_at(link.js)
        if created != self._created:
            self._created, self._committed = created, 0
        return created

    async def _batch(self, batch: list[Msg], link: Link) -> None:
        self._is_committing = True
        try:
            await self._application.hand_over(batch)
        except Exception as error:
            raise EpochError(f"a batch was not committed ({type(error).__name__})") from error
        self._is_committing = False
        self._count(batch)
        failpoint("before-ack")
        await self._ack(batch, link)
        failpoint("after-ack")
        self._waits = waits()
        self._halted.over("intake goes on")

    def _count(self, batch: list[Msg]) -> None:
        self.counts.messages += len(batch)
        if sequence(batch[0].reply) <= self._committed:
            self.counts.repeated += sum(sequence(message.reply) <= self._committed for message in batch)
        self._committed = max(self._committed, sequence(batch[-1].reply))

    async def _ack(self, batch: list[Msg], link: Link) -> None:
        try:
            await link.client.write(acks(message.reply for message in batch))
        except NatsError as error:
            self.counts.unacked += len(batch)
            raise EpochError(f"{len(batch)} acks could not be sent") from error


async def renew(link: Link) -> None:
    """Delete and make the durable consumer: the server forgets what it handed over and was not acked."""
    with suppress(NotFoundError):
        await link.js.delete_consumer(RELATIONS, CONSUMER)
    await link.js.add_consumer(
        RELATIONS,
        ConsumerConfig(
            durable_name=CONSUMER,
            description="Takes relation events into the worker's journal, in order.",
            deliver_policy=DeliverPolicy.ALL,
            # Work queues take no other policy: "all" is refused by 2.15.1.
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT,
            max_ack_pending=100_000,
        ),
    )
