"""Our queue and ledger: deliveries, outcomes, remote ids, dead letters, quota use and leases."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Self

from worker.journal import history, leases, pruning, reading, taking
from worker.journal.backlog import Arrived, Backlog, Counter
from worker.journal.book import Book, elapsed
from worker.journal.burying import Closing
from worker.journal.database import database, prepared
from worker.journal.desk import Desk
from worker.journal.encoding import moment
from worker.journal.faces import Accounts, Audit, Letters, Replays, Requests
from worker.journal.flush import Flush
from worker.journal.history import Passage
from worker.journal.port import Database
from worker.journal.reader import InlineReader, ThreadReader
from worker.journal.rows import (
    INTAKE,
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
from worker.journal.writer import Answer, Flushed, Flusher, InlineWriter, ThreadWriter, unheard


class Journal:
    """One journal on one database; made by `open`. What people ask of it is asked at its faces."""

    def __init__(self, desk: Desk, book: Book, lock: Lock | None) -> None:
        self._desk = desk
        self._book = book
        self._lock = lock
        self._closed = False
        self._backlog = Counter(desk, book.monotonic)
        self.accounts = Accounts(desk)
        self.letters = Letters(desk)
        self.replays = Replays(desk)
        self.requests = Requests(desk)
        self.audit = Audit(desk)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        password: str | None = None,
        worker: str | None = None,
        inline: bool = False,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = elapsed,
        strict: bool = False,
        flushed: Flushed = unheard,
    ) -> Self:
        """Open a journal, new or not; raises JournalError with what is wrong and how to mend it.

        `worker` says who this is, as others are told: an SQLite journal then is ours alone until closed (the
        CLI leaves it out). `inline`: everything runs in the loop, for virtual time. `clock` instead of the
        database's, `monotonic` for the age of leases. `strict`: nothing is written without a lease. `flushed` hears,
        in the writer's thread, how many seconds each group commit took, and of how many changes.
        """
        place = database(url, password, clock)
        lock = Lock(place.path, worker) if worker and isinstance(place, Sqlite) and place.is_file else None
        try:
            prepare = partial(prepared, place, alone=lock is not None)
            session = prepare() if inline else await asyncio.to_thread(prepare)
        except BaseException:
            if lock:
                lock.release()
            raise
        book = Book(monotonic, strict=strict)
        return cls(desk_of(place, session, book, flushed, inline=inline), book, lock)

    async def close(self) -> None:
        """Write what is queued, and let go of the file; closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        await self._desk.close()
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

        `letters` are born settled: at `_intake` they are written once by the letter's id, at the next free place
        if theirs is taken; at a connection like any other delivery of their event. A delivery with a plan is
        known by its place only; `resolved` are the intake letters that are taken again by it. Raises
        LetterClosedError where one of them is not open any more.
        """

        def work(session: Session) -> Taken:
            return taking.take(session, deliveries, letters, resolved)

        return await self._desk.write(work, INTAKE, kind="take")

    async def last_position(self) -> int:
        """Return the highest position ever taken, 0 for none; pruning does not lower it."""
        return await self._desk.read(taking.last_position)

    # -- delivery

    def commit(self, *changes: Change) -> Answer:
        """Write changes together or not at all; the answer comes when they are on disk.

        Raises, where it is awaited: LeaseLostError; TakenError when a live relation has the remote id already;
        JournalError when the database cannot write.
        """
        names = {INTAKE if change.connection == INTAKE else change.connection for change in changes}
        return self._desk.commit(changes, frozenset(names))

    async def waiting(self, connection: str, after: int, rows: int, size: int) -> list[Delivery]:
        """Return the next waiting deliveries of rank `live`; at least one if there is any, whatever its size."""
        return await self._desk.read(reading.waiting, connection, after, rows, size)

    async def delivery(self, connection: str, position: int) -> Delivery | None:
        """Return one delivery; its body is empty when it has ended well."""
        return await self._desk.read(reading.delivery_at, connection, position)

    async def known(self, connection: str, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], KnownRelation]:
        """Return what is known of relations (source, subject), for every key."""
        return await self._desk.read(reading.known, connection, keys)

    async def relations(self, connection: str) -> list[RelationState]:
        """Return all relations of a connection, deleted ones too."""
        return await self._desk.read(reading.relations_of, connection)

    async def owners(self, connection: str, remote_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return which live relations have these remote ids."""
        return await self._desk.read(reading.owners, connection, remote_ids)

    async def unreported(self, connections: Sequence[str], limit: int) -> list[Unreported]:
        """Return settled deliveries whose results are not with the broker yet."""
        return await self._desk.read(reading.unreported, connections, limit)

    async def used(self, connection: str) -> dict[str, tuple[datetime, ...]]:
        """Return the calls charged to each quota of a connection, oldest first."""
        return await self._desk.read(reading.used, connection)

    async def paused(self) -> dict[str, Paused]:
        """Return the connections that are paused."""
        return await self._desk.read(reading.paused)

    async def backlog(self) -> dict[str, Backlog]:
        """Return what waits at each connection that has anything; a large one is not counted at every question."""
        return await self._backlog.count()

    async def arrived(self, connection: str, now: datetime, within: timedelta) -> Arrived:
        """Return how many deliveries came in within this time before now, 20,000 at most; it may be seconds old."""
        return await self._backlog.arrived(connection, now, within)

    async def counts(self) -> dict[tuple[str, State], int]:
        """Count all deliveries by connection and state; reads every row."""
        return await self._desk.browse(reading.counts)

    # -- leases

    async def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take a lease; None while another owner's runs. From then on all that is written for it is fenced."""
        asked_at = self._book.monotonic()
        lease = await self._desk.write(lambda session: leases.acquire(session, name, owner, seconds))
        if lease is not None:
            self._book.acquired(lease, seconds, asked_at)
        return lease

    async def renew(self, names: Collection[str] | None = None) -> frozenset[str]:
        """Renew leases that are held, all unless some are named; return those that are still ours."""
        asked_at = self._book.monotonic()
        held = self._book.of(self._book.names() if names is None else names)
        asked = {name: (each.epoch, each.seconds) for name, each in held.items()}
        gone = await self._desk.write(lambda session: leases.renew_all(session, asked))
        self._book.lose(gone)
        self._book.renewed(asked.keys() - gone, asked_at)
        return frozenset(asked.keys() - gone)

    async def release(self, name: str) -> None:
        """Give a lease back, so that the next owner need not wait."""
        held = self._book.of([name])
        if name in held:
            epoch = held[name].epoch
            await self._desk.write(lambda session: leases.release(session, name, epoch))
        self._book.given_back(name)

    def let_lapse(self, name: str) -> None:
        """Renew a lease no more: the next owner waits for its end, and is told that nobody handed over."""
        self._book.given_back(name)

    def drop(self, name: str) -> None:
        """Write nothing more under a lease that may be another's by now, and renew it no more."""
        self._book.lose([name])

    def lease_age(self, name: str) -> float:
        """Return the seconds since the last answered renewal was asked for; infinite if it is not held."""
        return self._book.age(name)

    async def leases(self) -> list[Lease]:
        """Return all leases of all workers, also those that are over."""
        return await self._desk.read(leases.every)

    async def clock(self) -> datetime:
        """Return the database's clock, by which leases end."""
        return moment(await self._desk.read(Session.now))

    async def count_marks(self, connection: str) -> int:
        """Count, for a new owner, what was about to be sent and has no outcome; return how many."""
        return await self._desk.write(lambda session: leases.count_marks(session, connection), connection)

    # -- looking up

    async def event(self, event_id: str, source: str | None = None) -> list[Passage]:
        """Return the deliveries of an event, in order of position; of every source unless one is named."""
        return await self._desk.browse(history.event, event_id, source)

    async def relation(
        self, subject: str, source: str | None = None, most: int = 200
    ) -> tuple[list[RelationState], list[Passage]]:
        """Return what each connection shows of a relation, and its newest deliveries, the newest first."""
        return await self._desk.browse(history.relation, subject, source, most)

    async def prune(self, keep: timedelta, now: datetime) -> int:
        """Drop what ended longer than `keep` ago; return how many deliveries and letters that were."""
        return await pruning.prune(self._desk.write, keep, now)


def desk_of(place: Database, session: Session, book: Book, flushed: Flushed, *, inline: bool) -> Desk:
    """Return reader and writer, in threads or in the loop."""
    flusher = Flusher(place, Flush(place, book), session, flushed)
    loop = asyncio.get_running_loop()
    if inline:
        return Desk(InlineReader(place, session), InlineReader(place, session), InlineWriter(flusher, loop))
    return Desk(ThreadReader(place), ThreadReader(place), ThreadWriter(flusher, loop))
