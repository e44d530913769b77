"""The inbox of a consumer: what has come, asked for in bounded pulls."""

from asyncio import Event, Future, timeout
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from worker.brokers.base import BrokerError, Message
from worker.brokers.client import OneLifeClient

ACK = "$JS.ACK."


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one pull may bring: messages, bytes (more than one message can have); times in seconds.

    `expires`: how long the server holds a pull open; `heartbeat`: how often it says meanwhile that it lives.
    """

    messages: int = 500
    bytes: int = 8 * 1024 * 1024
    expires: float = 60.0
    heartbeat: float = 10.0


class EpochError(BrokerError):
    """What we know of the consumer is void: begin again with a new one."""


class Pull:
    """One pull is open at a time; the next is asked for when what came has been taken out.

    So at most two pulls are in memory: one being committed, one arriving. There is no polling: an open pull
    waits at the server and brings a message the moment that it is stored.
    """

    def __init__(self, client: OneLifeClient, stream: str, consumer: str, bounds: Bounds, lost: "Future[None]") -> None:
        self._client = client
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._bounds = bounds
        self._lost = lost
        self._inbox = client.new_inbox()
        self._subscription: Subscription | None = None
        self._came: deque[Msg] = deque()
        self._stirred = Event()
        self._number = 0
        self._open = 0
        self._single = False
        self._error: EpochError | None = None

    async def start(self) -> None:
        """Listen, and open the first pull."""
        self._lost.add_done_callback(self._on_lost)
        self._subscription = await self._client.listen(f"{self._inbox}.*", self._on_message)
        await self._ask()

    async def unsubscribe(self) -> None:
        """Listen no more; what has come and was not taken comes again in the next epoch."""
        self._lost.remove_done_callback(self._on_lost)
        if self._subscription and not self._client.is_closed:
            await self._subscription.unsubscribe()

    async def take(self) -> list[Msg]:
        """Wait for the first message, and return all that have come; raises `EpochError`."""
        while not self._came and not self._error:
            self._stirred.clear()
            if not self._open:
                await self._ask()
            await self._stir()
        if self._error:
            raise self._error
        taken = list(self._came)
        self._came.clear()
        if not self._open:
            await self._ask()
        return taken

    async def _stir(self) -> None:
        """Wait until something comes, if only the server's sign of life."""
        try:
            async with timeout(2.5 * self._bounds.heartbeat):
                await self._stirred.wait()
        except TimeoutError:
            raise EpochError("the broker gives no sign of life") from None

    async def _ask(self) -> None:
        self._number += 1
        self._open = 1 if self._single else self._bounds.messages
        ask: dict[str, int] = {
            "batch": self._open,
            "expires": int(self._bounds.expires * 1e9),
            "idle_heartbeat": int(self._bounds.heartbeat * 1e9),
        }
        if not self._single:
            ask["max_bytes"] = self._bounds.bytes
        await self._client.publish(self._next, orjson.dumps(ask), reply=f"{self._inbox}.{self._number}")

    def _on_message(self, message: Msg) -> None:
        if message.reply.startswith(ACK):
            self._came.append(message)
            self._open -= 1
            self._single = False
        else:
            self._on_status(message)
        self._stirred.set()

    def _on_status(self, message: Msg) -> None:
        """Read the server's word about a pull: alive, over, or no more to be had."""
        status, text = _status(message)
        if status == "100" or int(message.subject.rpartition(".")[2]) != self._number:
            return
        untouched = self._open == self._bounds.messages
        self._open = 0
        if status in ("404", "408"):
            return
        if status == "409" and "maxbytes" in text.replace(" ", "").lower():
            # A message larger than all we ask for was stored under other limits: it comes alone.
            self._single = untouched
            return
        if status == "409" and "batch completed" in text.lower():
            return
        self.end(f"the broker ended the pull: {status} {text}".strip())

    def end(self, why: str) -> None:
        """Give out no more: the next `take` raises."""
        self._error = EpochError(why)
        self._stirred.set()

    def _on_lost(self, _: "Future[None]") -> None:
        self.end("the connection to the broker is lost")


def _status(message: Msg) -> tuple[str, str]:
    headers = message.headers or {}
    return headers.get("Status", ""), headers.get("Description", "")


def handed_over(messages: list[Msg], stream: str, created: str) -> list[Message]:
    """Turn what came into what the worker takes."""
    now = datetime.now(UTC)
    return [
        Message(
            stream=stream,
            stream_created=created,
            stream_sequence=sequence(message.reply),
            subject=message.subject,
            headers=getattr(message.headers, "pairs", ()),
            body=message.data,
            received_at=now,
        )
        for message in messages
    ]


# https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-15.md (read November 2026)
OLD_TOKENS = 9


def sequence(reply: str) -> int:
    """Read the stream sequence from the subject to which a message is acked, of either form."""
    tokens = reply.split(".")
    return int(tokens[5] if len(tokens) == OLD_TOKENS else tokens[7])
