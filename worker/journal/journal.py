"""Our queue and ledger: deliveries, outcomes, remote ids, dead letters, quota use and leases."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Self

from worker.journal import leases, reading, taking
from worker.journal.book import Book
from worker.journal.burying import Closing
from worker.journal.database import Database, database, prepared
from worker.journal.flush import Flush, Work
from worker.journal.reader import InlineReader, Reader, ThreadReader
from worker.journal.reading import Backlog
from worker.journal.rows import (
    Change,
    Delivery,
    KnownRelation,
    Lease,
    Paused,
    RelationState,
    Settled,
    State,
    Taken,
    Unreported,
)
from worker.journal.session import Clock, Session
from worker.journal.sqlite import Lock, Sqlite
from worker.journal.writer import Answer, Flusher, InlineWriter, ThreadWriter, Writer

TAKING = "intake"  # the lease under which events are taken


class Journal:
    """One journal on one database; made by `open`."""

    def __init__(self, writer: Writer, reader: Reader, book: Book, lock: Lock | None) -> None:
        self._writer = writer
        self._reader = reader
        self._book = book
        self._lock = lock

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        password: str | None = None,
        worker: str | None = None,
        inline: bool = False,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        strict: bool = False,
    ) -> Self:
        """Open a journal, new or not; raises JournalError with what is wrong and how to mend it.

        `worker` says who this is, as others are told: an SQLite journal then is ours alone until closed (the
        CLI leaves it out). `inline`: everything runs in the loop, for virtual time. `clock` instead of the
        database's, `monotonic` for the age of leases. `strict`: nothing is written without a lease.
        """
        place = database(url, password, clock)
        lock = Lock(place.path, worker) if worker and isinstance(place, Sqlite) and place.is_file else None
        try:
            session = prepared(place) if inline else await asyncio.to_thread(prepared, place)
        except BaseException:
            if lock:
                lock.release()
            raise
        book = Book(monotonic, strict=strict)
        return cls(*_parts(place, session, book, inline=inline), book, lock)

    async def close(self) -> None:
        """Write what is queued, and let go of the file."""
        await self._writer.close()
        await self._reader.close()
        if self._lock:
            self._lock.release()

    # -- intake

    async def take(
        self,
        deliveries: Sequence[Delivery],
        letters: Sequence[tuple[Delivery, Settled]] = (),
        resolved: Sequence[Closing] = (),
    ) -> Taken:
        """Write a drained batch in one transaction.

        `letters` are born settled: at `_intake` they are written once by the letter's id, each at a position of
        its own; at a connection like any other delivery of their event. A delivery with a plan is known by its
        place only; `resolved` are the intake letters that are taken again by it.
        """

        def work(session: Session) -> Taken:
            return taking.take(session, deliveries, letters, resolved)

        taken: Taken = await self._write(work, TAKING, kind="take")
        return taken

    async def last_position(self) -> int:
        """Return the highest position ever taken, 0 for none; pruning does not lower it."""
        return await self._reader.read(taking.last_position)

    # -- delivery

    def commit(self, *changes: Change) -> Answer:
        """Write changes together or not at all; the answer comes when they are on disk.

        Raises, where it is awaited: LeaseLostError; TakenError when a live relation has the remote id already;
        JournalError when the database cannot write.
        """
        return self._writer.write(Work(frozenset([change.connection for change in changes]), changes))

    async def waiting(self, connection: str, after: int, rows: int, size: int) -> list[Delivery]:
        """Return the next waiting deliveries of rank `live`; at least one if there is any, whatever its size."""
        return await self._reader.read(reading.waiting, connection, after, rows, size)

    async def delivery(self, connection: str, position: int) -> Delivery | None:
        """Return one delivery; its body is empty when it has ended well."""
        return await self._reader.read(reading.delivery_at, connection, position)

    async def known(self, connection: str, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], KnownRelation]:
        """Return what is known of relations (source, subject), for every key."""
        return await self._reader.read(reading.known, connection, keys)

    async def relations(self, connection: str) -> list[RelationState]:
        """Return all relations of a connection, deleted ones too."""
        return await self._reader.read(reading.relations_of, connection)

    async def owners(self, connection: str, remote_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return which live relations have these remote ids."""
        return await self._reader.read(reading.owners, connection, remote_ids)

    async def unreported(self, connections: Sequence[str], limit: int) -> list[Unreported]:
        """Return settled deliveries whose results are not with the broker yet."""
        return await self._reader.read(reading.unreported, connections, limit)

    async def used(self, connection: str) -> dict[str, tuple[datetime, ...]]:
        """Return the calls charged to each quota of a connection, oldest first."""
        return await self._reader.read(reading.used, connection)

    async def paused(self) -> dict[str, Paused]:
        """Return the connections that are paused."""
        return await self._reader.read(reading.paused)

    async def backlog(self) -> dict[str, Backlog]:
        """Return what waits at each connection that has anything."""
        return await self._reader.read(reading.backlog)

    async def counts(self) -> dict[tuple[str, State], int]:
        """Count all deliveries by connection and state; reads every row."""
        return await self._reader.read(reading.counts)

    # -- leases

    async def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take a lease; None while another owner's runs. From then on all that is written for it is fenced."""
        asked_at = self._book.monotonic()
        lease: Lease | None = await self._write(lambda session: leases.acquire(session, name, owner, seconds))
        if lease is not None:
            self._book.acquired(lease, seconds, asked_at)
        return lease

    async def renew(self) -> frozenset[str]:
        """Renew all leases held; return the names of those that are lost."""
        asked_at = self._book.monotonic()
        held = {name: (each.epoch, each.seconds) for name, each in self._book.of(self._book.names()).items()}
        gone: set[str] = await self._write(lambda session: leases.renew_all(session, held))
        self._book.lose(gone)
        self._book.renewed(held.keys() - gone, asked_at)
        return frozenset(gone)

    async def release(self, name: str) -> None:
        """Give a lease back, so that the next owner need not wait."""
        held = self._book.of([name])
        if name in held:
            epoch = held[name].epoch
            await self._write(lambda session: leases.release(session, name, epoch))
        self._book.given_back(name)

    def lease_age(self, name: str) -> float:
        """Return the seconds since the last answered renewal was asked for; infinite if it is not held."""
        return self._book.age(name)

    async def leases(self) -> list[Lease]:
        """Return all leases of all workers, also those that are over."""
        return await self._reader.read(leases.every)

    async def count_marks(self, connection: str) -> int:
        """Count, for a new owner, what was about to be sent and has no outcome; return how many."""
        counted: int = await self._write(lambda session: leases.count_marks(session, connection), connection)
        return counted

    def _write(self, function: Callable[[Session], Any], *names: str, kind: str = "other") -> Answer:
        return self._writer.write(Work(frozenset(names), (), function, kind))


def _parts(place: Database, session: Session, book: Book, *, inline: bool) -> tuple[Writer, Reader]:
    flusher = Flusher(place, Flush(place, book), session)
    loop = asyncio.get_running_loop()
    if inline:
        return InlineWriter(flusher, loop), InlineReader(session)
    return ThreadWriter(flusher, loop), ThreadReader(place)
