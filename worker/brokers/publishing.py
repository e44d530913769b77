"""Many publishes in one go, each with the broker's receipt."""

from asyncio import Event, Future, timeout
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import orjson
from nats.aio.msg import Msg
from nats.errors import Error

from worker.brokers.base import Publication, PublishError
from worker.brokers.client import OneLifeClient
from worker.brokers.commands import block, published

ROUND_MESSAGES = 500
ROUND_BYTES = 8 * 1024 * 1024


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

    def __init__(self, client: OneLifeClient, lost: "Future[None]", patience: float = 10.0) -> None:
        self._client = client
        self._lost = lost
        self._patience = patience
        self._inbox = client.new_inbox()
        self._numbers = count()
        self._waiting: dict[str, tuple[Round, int]] = {}
        lost.add_done_callback(self._on_lost)

    async def start(self) -> None:
        """Listen for receipts."""
        await self._client.listen(f"{self._inbox}.*", self._on_receipt)

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Publish all in rounds of bounded size; raises `PublishError` with all that failed."""
        failed: dict[int, str] = {}
        for places in rounds(publications):
            failed |= await self._round(publications, places)
        if failed:
            raise PublishError(failed, len(publications))

    async def _round(self, publications: Sequence[Publication], places: range) -> dict[int, str]:
        this = Round(set(places))
        tokens = dict(zip(places, map(str, self._numbers), strict=False))
        self._waiting.update((token, (this, place)) for place, token in tokens.items())
        try:
            commands = [self._command(this, place, token, publications[place]) for place, token in tokens.items()]
            await self._client.write(*filter(None, commands))
            async with timeout(self._patience):
                await this.done.wait()
        except Error as error:
            this.give_up(str(error))
        except TimeoutError:
            this.give_up(f"no receipt within {self._patience:g} s")
        finally:
            for token in tokens.values():
                self._waiting.pop(token, None)
        return this.failed

    def _command(self, this: Round, place: int, token: str, given: Publication) -> bytes:
        """Return what publishes one; nothing, and it has failed, where it cannot be published."""
        try:
            headers = block({"Nats-Msg-Id": given.id, **dict(given.headers)})
            size, most = len(headers) + len(given.body), self._client.max_payload
            if size <= most:
                return published(given.subject, f"{self._inbox}.{token}", headers, given.body)
            this.close(place, f"{size} bytes are more than the broker takes ({most})")
        except Error as error:
            this.close(place, str(error))
        return b""

    def _on_receipt(self, message: Msg) -> None:
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
