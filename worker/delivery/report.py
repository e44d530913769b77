"""Brings results to the broker, and notes that they are there."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import orjson

from worker.brokers.base import Broker, Publication
from worker.delivery.channel import Channel, Place, place
from worker.journal.errors import JournalError, LeaseLostError
from worker.journal.journal import Journal
from worker.journal.rows import Reported, Settled, Unreported

MEMORY = 20_000  # results in memory; beyond it they are read from the journal again
STREAMS = ("results", "letters")
JOURNAL_PATIENCE = 1.0  # seconds between tries while the journal does not answer
BEGINNING = b'{"id":"'  # of our events, so that nobody has to read one whole to find its id


class Reporter:
    """One for all connections of a worker: publishes, then marks as reported; both in batches, without a timer.

    Results and dead letters have a channel each, so that neither stream waits for the other. `away` hears that the
    journal does not answer, `tell` that the broker takes no results, or takes them again.
    """

    def __init__(
        self,
        broker: Broker,
        journal: Journal,
        tell: Callable[[str], None],
        away: Callable[[str], None] | None = None,
    ) -> None:
        self._journal = journal
        self._away = away or tell
        self._results = Channel(broker, result_of, partial(self._told, "results"), tell)
        self._letters = Channel(broker, letter_of, partial(self._told, "letters"), tell)
        self._halves: set[tuple[str, Place]] = set()
        self._overflowed: set[str] = set()
        self._marking = 0
        self._stirred = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, settled: Iterable[Settled]) -> None:
        """Take results whose settling is committed."""
        room = MEMORY - len(self._results) - len(self._letters)
        taken: list[Unreported] = []
        for each in settled:
            if len(taken) >= room:
                self._overflowed.add(each.connection)
                continue
            reason = each.letter.reason if each.letter else None
            taken.append(Unreported(each.connection, each.position, each.outcome, reason, each.result))
        self._offer(taken)

    def recover(self, connection: str) -> None:
        """Read what an earlier owner of a connection settled and did not report."""
        self._overflowed.add(connection)
        self._idle.clear()
        self._stirred.set()

    async def run(self) -> None:
        """Report until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._results.run())
            tasks.create_task(self._letters.run())
            tasks.create_task(self._look_after())

    async def drained(self) -> None:
        """Return when everything taken so far is reported, but for what the broker refuses."""
        await self._idle.wait()

    def _offer(self, results: Sequence[Unreported]) -> None:
        if results:
            self._idle.clear()
            self._results.add(results)
            if letters := [result for result in results if result.outcome == "dead_lettered"]:
                self._letters.add(letters)

    async def _look_after(self) -> None:
        """Read again what had no place in memory, when there is place; say when all is done."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            if self._overflowed and len(self._results) + len(self._letters) < MEMORY // 2:
                await self._refill()
            elif not (self._overflowed or self._marking or self._results.queued or self._letters.queued):
                self._idle.set()

    async def _refill(self) -> None:
        connections, self._overflowed = self._overflowed, set()
        known = self._places()
        self._stirred.set()
        try:
            rows = await self._journal.unreported(tuple(connections), MEMORY)
        except JournalError as error:
            self._overflowed.update(connections)
            self._away(f"The journal does not say what is to be told: {error}")
            await asyncio.sleep(JOURNAL_PATIENCE)
            return
        if len(rows) == MEMORY:
            self._overflowed.update(connections)
        known |= self._places()  # what came, and what went, while the journal was asked
        self._offer([row for row in rows if place(row) not in known])

    def _places(self) -> set[Place]:
        return self._results.places() | self._letters.places()

    async def _told(self, stream: str, results: Sequence[Unreported]) -> None:
        """Mark what is told in full: a dead letter goes to two streams."""
        told: dict[str, list[int]] = {}
        for each in results:
            if each.outcome != "dead_lettered" or self._is_whole(stream, place(each)):
                told.setdefault(each.connection, []).append(each.position)
        self._marking += 1
        await asyncio.gather(*(self._mark(*each) for each in told.items()))
        self._marking -= 1
        asyncio.get_running_loop().call_soon(self._stirred.set)  # when the channel has let go of them

    def _is_whole(self, stream: str, letter: Place) -> bool:
        """Note that a stream has a letter, be it the second time; say whether now both have it."""
        self._halves.add((stream, letter))
        halves = {(each, letter) for each in STREAMS}
        if not halves <= self._halves:
            return False
        self._halves -= halves
        return True

    async def _mark(self, connection: str, positions: list[int]) -> None:
        """Note what is told; of a connection that is not ours any more, its owner tells it again."""
        while True:
            try:
                await self._journal.commit(*(Reported(connection, position) for position in positions))
            except LeaseLostError:
                return
            except JournalError as error:
                self._away(f"The journal cannot note {len(positions)} results as told, trying again: {error}")
                await asyncio.sleep(JOURNAL_PATIENCE)
            else:
                return


def result_of(result: Unreported, max_payload: int) -> Publication:
    """Return the result event."""
    return published(f"relation-results.{result.connection}.{result.outcome}", result, max_payload)


def letter_of(result: Unreported, max_payload: int) -> Publication:
    """Return the same event as a dead letter has it in its own stream."""
    return published(f"relation-dead-letters.{result.connection}.{result.reason}", result, max_payload)


def published(subject: str, result: Unreported, max_payload: int) -> Publication:
    """Return a result as it is published, cut where the broker takes no more."""
    body = result.result if len(result.result) < max_payload else shortened(result.result, max_payload)
    return Publication(subject, identifier(body), body)


def identifier(event: bytes) -> str:
    """Return the id of a structured event of ours: it begins with it, but for those that older workers left."""
    if event.startswith(BEGINNING):
        return event[len(BEGINNING) : event.index(b'"', len(BEGINNING))].decode()
    value: str = orjson.loads(event)["id"]
    return value


def shortened(event: bytes, max_payload: int) -> bytes:
    """Return a dead-letter event that fits: the original goes first, then the last call, then the tries."""
    told = orjson.loads(event)
    data = told["data"]
    if "original" in data:
        data["original"] = {**data["original"], "headers": {}, "body": "", "cut": True}
        data["original"].pop("body_base64", None)
    for part, empty in (("last_call", None), ("tries", [])):
        if len(orjson.dumps(told)) < max_payload:
            break
        data[part] = empty
    return orjson.dumps(told)
