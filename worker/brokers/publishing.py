"""Many publishes in one go, each with the broker's receipt."""

from asyncio import Event, Future, timeout
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

from worker.brokers.base import Publication, PublishError

ROUND_MESSAGES = 500
ROUND_BYTES = 8 * 1024 * 1024
# What a header line costs beside name and value, and the block of headers at all.
LINE_BYTES, BLOCK_BYTES = 4, 14


@dataclass(slots=True)
class Round:
    """Publishes that are under way together; `failed` by place."""

    open: set[int]
    failed: dict[int, str] = field(default_factory=dict)
    done: Event = field(default_factory=Event)

    def close(self, place: int, why: str | None) -> None:
        """Note the receipt of one, once."""
        if place in self.open:
            self.open.discard(place)
            if why:
                self.failed[place] = why
            if not self.open:
                self.done.set()

    def give_up(self, why: str) -> None:
        """Let all that are still open fail."""
        for place in list(self.open):
            self.close(place, why)


class Receipts:
    """The inbox for receipts of one connection; any number of rounds at a time."""

    def __init__(self, client: Client, lost: "Future[None]", patience: float = 10.0) -> None:
        self._client = client
        self._lost = lost
        self._patience = patience
        self._inbox = client.new_inbox()
        self._numbers = count()
        self._waiting: dict[str, tuple[Round, int]] = {}
        lost.add_done_callback(self._on_lost)

    async def start(self) -> None:
        """Listen for receipts."""
        await self._client.subscribe(f"{self._inbox}.*", cb=self._on_receipt)

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Publish all in rounds of bounded size; raises `PublishError` with all that failed."""
        failed: dict[int, str] = {}
        for places in rounds(publications):
            failed |= await self._round(publications, places)
        if failed:
            raise PublishError(failed, len(publications))

    async def _round(self, publications: Sequence[Publication], places: range) -> dict[int, str]:
        this = Round(set(places))
        tokens = [str(next(self._numbers)) for _ in places]
        for place, token in zip(places, tokens, strict=True):
            await self._send(this, place, token, publications[place])
        try:
            async with timeout(self._patience):
                await this.done.wait()
        except TimeoutError:
            this.give_up(f"no receipt within {self._patience:g} s")
        finally:
            for token in tokens:
                self._waiting.pop(token, None)
        return this.failed

    async def _send(self, this: Round, place: int, token: str, publication: Publication) -> None:
        headers = {"Nats-Msg-Id": publication.id, **dict(publication.headers)}
        size = _size(publication.body, headers)
        if size > self._client.max_payload:
            this.close(place, f"{size} bytes are more than the broker takes ({self._client.max_payload})")
            return
        self._waiting[token] = this, place
        try:
            await self._client.publish(
                publication.subject, publication.body, reply=f"{self._inbox}.{token}", headers=headers
            )
        except Error as error:
            this.close(place, str(error))

    async def _on_receipt(self, message: Msg) -> None:
        waiting = self._waiting.pop(message.subject.rpartition(".")[2], None)
        if waiting:
            this, place = waiting
            this.close(place, refusal(message))

    def _on_lost(self, _: "Future[None]") -> None:
        for this, place in list(self._waiting.values()):
            this.close(place, "the connection to the broker was lost before the receipt")


def rounds(publications: Sequence[Publication]) -> Iterator[range]:
    """Cut into rounds bounded in messages and bytes; one that is too big on its own goes alone."""
    start = size = 0
    for place, publication in enumerate(publications):
        size += len(publication.body)
        if place > start and (size > ROUND_BYTES or place - start >= ROUND_MESSAGES):
            yield range(start, place)
            start, size = place, len(publication.body)
    if publications:
        yield range(start, len(publications))


def refusal(message: Msg) -> str | None:
    """Read a receipt: nothing, or why the message was not stored."""
    if (message.headers or {}).get("Status") == "503":
        return "no stream takes this subject"
    try:
        error = orjson.loads(message.data).get("error")
    except (orjson.JSONDecodeError, AttributeError):
        return "the receipt cannot be read"
    return str(error.get("description", error.get("code"))) if error else None


def _size(body: bytes, headers: dict[str, str]) -> int:
    lines = sum(len(name.encode()) + len(value.encode()) + LINE_BYTES for name, value in headers.items())
    return len(body) + lines + BLOCK_BYTES
