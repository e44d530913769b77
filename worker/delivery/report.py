"""Brings results to the broker, and notes that they are there."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

import orjson

from worker.brokers.base import Broker, BrokerError, Publication
from worker.journal.errors import JournalError, LeaseLostError
from worker.journal.journal import Journal
from worker.journal.rows import Reported, Settled, Unreported
from worker.telemetry.absence import Absence
from worker.telemetry.failpoints import failpoint

BATCH = 256
MEMORY = 20_000  # results in memory; beyond it they are read from the journal again
HEADERS = 1024  # bytes that a message's headers may take of its payload
PATIENCE = (0.2, 5.0)  # seconds: first and longest wait after the broker refused
JOURNAL_PATIENCE = 1.0  # seconds between tries while the journal does not answer


class Reporter:
    """One for all connections of a worker: publishes, then marks as reported; both in batches, without a timer.

    `away` hears that the journal does not answer, `tell` that the broker takes no results, or takes them again.
    """

    def __init__(
        self,
        broker: Broker,
        journal: Journal,
        tell: Callable[[str], None],
        away: Callable[[str], None] | None = None,
    ) -> None:
        self._broker = broker
        self._journal = journal
        self._refused = Absence(tell)
        self._away = away or tell
        self._queue: deque[Unreported] = deque()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._overflowed: set[str] = set()

    def add(self, settled: Iterable[Settled]) -> None:
        """Take results whose settling is committed."""
        for each in settled:
            if len(self._queue) >= MEMORY:
                self._overflowed.add(each.connection)
                continue
            reason = each.letter.reason if each.letter else None
            self._queue.append(Unreported(each.connection, each.position, each.outcome, reason, each.result))
        self._wake()

    def recover(self, connection: str) -> None:
        """Read what an earlier owner of a connection settled and did not report."""
        self._overflowed.add(connection)
        self._wake()

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            await self._work.wait()
            while self._queue or self._overflowed:
                await self._refill()
                await self._report([self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))])
            self._work.clear()
            self._idle.set()

    async def drained(self) -> None:
        """Return when everything taken so far is reported."""
        await self._idle.wait()

    def _wake(self) -> None:
        if self._queue or self._overflowed:
            self._idle.clear()
            self._work.set()

    async def _refill(self) -> None:
        if self._queue or not self._overflowed:
            return
        connections = tuple(self._overflowed)
        self._overflowed.clear()
        try:
            rows = await self._journal.unreported(connections, MEMORY)
        except JournalError as error:
            self._overflowed.update(connections)
            self._away(f"The journal does not say what is to be told: {error}")
            await asyncio.sleep(JOURNAL_PATIENCE)
            return
        self._queue.extend(rows)
        if len(rows) == MEMORY:
            self._overflowed.update(connections)

    async def _report(self, batch: list[Unreported]) -> None:
        if not batch:
            return
        wait, longest = PATIENCE
        while True:
            try:
                failpoint("before-publish")
                most = self._broker.max_payload - HEADERS
                await self._broker.publish([each for result in batch for each in publications_of(result, most)])
                failpoint("after-publish")
                self._refused.over("The broker takes results again")
                break
            except BrokerError as error:
                self._refused(f"The broker did not take {len(batch)} results: {error}")
                await asyncio.sleep(wait)
                wait = min(longest, wait * 2)
        told: dict[str, list[int]] = {}
        for each in batch:
            told.setdefault(each.connection, []).append(each.position)
        await asyncio.gather(*(self._mark(*each) for each in told.items()))

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


def publications_of(result: Unreported, max_payload: int) -> list[Publication]:
    """Return what is published for one result: a dead letter goes to its own stream as well."""
    body = result.result if len(result.result) < max_payload else shortened(result.result, max_payload)
    event_id = identifier(body)
    told = [Publication(f"relation-results.{result.connection}.{result.outcome}", event_id, body)]
    if result.outcome == "dead_lettered":
        told.append(Publication(f"relation-dead-letters.{result.connection}.{result.reason}", event_id, body))
    return told


def identifier(event: bytes) -> str:
    """Return the id of a structured event of ours."""
    value: str = orjson.loads(event)["id"]
    return value


def shortened(event: bytes, max_payload: int) -> bytes:
    """Return a dead-letter event that fits: the original goes first, then the last call, then the tries."""
    told = orjson.loads(event)
    data = told["data"]
    if "original" in data:
        data["original"] = {**data["original"], "body": "", "cut": True}
        data["original"].pop("body_base64", None)
    for part, empty in (("last_call", None), ("tries", [])):
        if len(orjson.dumps(told)) < max_payload:
            break
        data[part] = empty
    return orjson.dumps(told)
