"""One who takes from a broker, and can be waited for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from worker.brokers.base import Broker, Message, Publication

PATIENCE = 20.0
Before = Callable[[Sequence[Message]], Awaitable[None]]


async def at_once(_: Sequence[Message]) -> None:
    """Commit without delay."""


class Taker:
    """Remembers each batch that it committed; `before` runs first and may raise."""

    def __init__(self, before: Before = at_once) -> None:
        self.before = before
        self.offered: list[list[int]] = []
        self.batches: list[list[Message]] = []
        self._stirred = asyncio.Event()

    async def handle(self, batch: Sequence[Message]) -> None:
        """Take a batch."""
        self.offered.append([message.stream_sequence for message in batch])
        try:
            await self.before(batch)
            self.batches.append(list(batch))
        finally:
            self._stirred.set()

    @property
    def messages(self) -> list[Message]:
        """All that was committed, in order."""
        return [message for batch in self.batches for message in batch]

    @property
    def bodies(self) -> list[bytes]:
        """Their bodies."""
        return [message.body for message in self.messages]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that only batches change."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._stirred.clear()
                await self._stirred.wait()

    async def until_taken(self, number: int) -> None:
        """Wait until so many different messages are committed."""
        await self.until(lambda: len({message.stream_sequence for message in self.messages}) >= number)


@asynccontextmanager
async def taking(broker: Broker, taker: Taker) -> AsyncIterator[asyncio.Task[None]]:
    """Let the taker take from the broker for a while."""
    task = asyncio.create_task(broker.take(taker.handle))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


class Told:
    """Hears what a broker tells, and can be waited for."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._stirred = asyncio.Event()

    def __call__(self, text: str) -> None:
        self.words.append(text)
        self._stirred.set()

    async def until(self, text: str) -> None:
        """Wait until something with this text was told."""
        async with asyncio.timeout(PATIENCE):
            while not any(text in words for words in self.words):
                self._stirred.clear()
                await self._stirred.wait()


def event(number: int, body: bytes | None = None, subject: str = "relation.created.party") -> Publication:
    """Make a publication that says its number."""
    return Publication(subject, f"id-{number}", body if body is not None else b"%d" % number)


def numbered(numbers: range) -> list[bytes]:
    """List the bodies of so many events."""
    return [b"%d" % number for number in numbers]
