"""Puts the rooms together; the only one that knows all the others."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from uuid import uuid4

from worker import starting
from worker.brokers.base import Broker, Message
from worker.console.doorway import doorway
from worker.console.flow import Flow
from worker.console.server import Console, ConsoleError
from worker.console.sources import Sources
from worker.dead_letters.choosing import Chooser
from worker.dead_letters.conductor import Conductor
from worker.dead_letters.patching import Patcher
from worker.dead_letters.retaking import Retaker
from worker.dead_letters.service import DeadLetters
from worker.delivery.backpressure import Backpressure
from worker.delivery.connection import Connection, Shared
from worker.delivery.following import Following
from worker.delivery.gauges import Gauges
from worker.delivery.lookout import Lookout
from worker.delivery.ownership import Before, Ownership
from worker.delivery.report import Reporter
from worker.delivery.requests import Requests
from worker.delivery.window import Window
from worker.intake.decode import Decoder
from worker.intake.route import Route, Routes
from worker.intake.take import Fresh, Take
from worker.journal.errors import JournalError, LeaseLostError
from worker.journal.journal import Journal
from worker.journal.rows import INTAKE, Settled
from worker.outcome.result import Teller
from worker.sending.http.transport import Transport
from worker.settings import Settings
from worker.targets.base import Target
from worker.targets.registry import TARGETS
from worker.telemetry.absence import Absence
from worker.telemetry.metrics import Metrics
from worker.telemetry.saying import Good, Needed
from worker.telemetry.tracing import exporting

PRUNE_EVERY = 3600.0  # seconds


class Worker:
    """One worker process: takes, delivers, reports, until it is told to stop."""

    def __init__(
        self,
        settings: Settings,
        *,
        tell: Callable[[str], None],
        heard: Callable[[str, Sequence[Settled]], None] = lambda _name, _settled: None,
    ) -> None:
        self.settings = settings
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self.connections: dict[str, Connection] = {}
        self.metrics = Metrics(version("relation-worker"))
        self.console: Console | None = None
        self._flow = Flow(time.monotonic)
        self._tell = tell
        self._away = Absence(tell)  # of the journal, whoever notices
        self._lacking = "journal"
        self._heard = heard
        self._stop = asyncio.Event()
        self._backpressure = Backpressure(self._windows)
        self._tasks: set[asyncio.Task[None]] = set()
        self._taking: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self.journal: Journal
        self.broker: Broker
        self._take: Take
        self._ownership: Ownership
        self._reporter: Reporter

    async def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`; what is in flight is finished within the grace, the rest waits in the journal."""
        async with AsyncExitStack() as stack:
            self._look_out(stack)
            targets = {name: TARGETS[each.target].target(each) for name, each in self.settings.connections.items()}
            if not await self._unless_stopped(self._arrive(stack, targets)):
                return
            transport = Transport()
            stack.push_async_callback(transport.close)
            self._assemble(transport, targets)
            stack.push_async_callback(self._end_intake)  # before the broker, which waits for what is being taken
            reporting = self._spawn(self._reporter.run())
            owning = self._spawn(self._ownership.run())
            asked = self._spawn(Requests(self.journal, self.connections, utcnow, self._away).run())
            pruning = self._spawn(self._prune())
            replaying = self._spawn(self._conductor.run())
            gauging = self._spawn(self._gauges().run())
            following = self._spawn(Following(self.journal, self.connections, self._takes).run())
            await self._open_console(stack)
            started()
            await self._stopped()
            for task in (asked, pruning, replaying, following, gauging):
                task.cancel()
            await self._end(owning)
            reporting.cancel()

    def stop(self) -> None:
        """Begin to stop."""
        self._stop.set()

    def unready(self) -> list[str]:
        """Name what does not answer now; a vendor is never among it."""
        answers = {"broker": self.broker.connected, "journal": self._ownership.is_answered}
        return [name for name, does in answers.items() if not does]

    async def _arrive(self, stack: AsyncExitStack, targets: Mapping[str, Target]) -> None:
        """Wait for the journal, then for the broker; probes are told for which."""
        async with doorway(self.settings.console, lambda: [self._lacking]):
            self.journal = await starting.journal(self._open_journal, targets, self._away)
            stack.push_async_callback(self.journal.close)
            self._lacking = "broker"
            self.broker = starting.broker(self.settings.broker, self._tell)
            await self.broker.start()
            stack.push_async_callback(self.broker.stop)

    async def _open_journal(self) -> Journal:
        address, flushed = self.settings.journal.address(), self.metrics.flush
        return await Journal.open(address, worker=self.owner, strict=True, flushed=flushed)

    def _assemble(self, transport: Transport, targets: Mapping[str, Target]) -> None:
        settings, journal = self.settings, self.journal
        self._decoder = Decoder(
            max_event_bytes=settings.worker.max_event_bytes,
            unknown_fields=settings.worker.unknown_fields,
            type_prefix=settings.worker.type_prefix,
        )
        self._teller = Teller(settings.worker.instance, version("relation-worker"))
        self._reporter = Reporter(self.broker, journal, self._tell, self._away)
        self._conductor = self._replays()
        shared = Shared(
            journal=journal,
            reporter=self._reporter,
            teller=self._teller,
            decode=lambda row: self._decoder.again(row.received),
            now=utcnow,
            tell=self._away,
            lost=lambda name: self._ownership.lose(name),  # noqa: PLW0108 -- it is made later
            settled=self._settled,
            failed=self._broke,
            fresh=lambda name: self._ownership.is_sure(name),  # noqa: PLW0108 -- as above
            supply=self._conductor.supply,
            watch=self._lookout.watch,
        )
        memory = settings.worker.memory // max(1, len(settings.connections))
        for name, options in settings.connections.items():
            if options.base_url is not None:
                transport.trust(options.base_url)
            send = partial(transport.send, timeouts=options.timeouts)
            self.connections[name] = Connection(name, options, targets[name], shared, send, memory)
        self._ownership = Ownership(
            journal=journal,
            owner=self.owner,
            names=[INTAKE, *(name for name, each in settings.connections.items() if each.enabled)],
            seconds=settings.worker.lease,
            gained=self._gained,
            given_back=self._given_back,
            lost=self._lost,
            tell=self._tell,
            away=self._away,
        )

    async def _open_console(self, stack: AsyncExitStack) -> None:
        """Let people look in, if the settings say so; where that fails, events are worked all the same."""
        if not self.settings.console.enabled:
            return
        console = Console(self._sources())
        try:
            await console.start()
        except ConsoleError as error:
            self._tell(str(error))
            return
        stack.push_async_callback(console.stop)
        self.console = console
        sentence = Needed if console.access.made else Good
        self._tell(sentence(f"the console is at {console.entrance}"))

    def _sources(self) -> Sources:
        settings, largest = self.settings, self.settings.worker.max_event_bytes
        return Sources(
            settings=settings,
            version=version("relation-worker"),
            journal=self.journal,
            broker=self.broker,
            connections=self.connections,
            decoder=self._decoder,
            dead_letters=DeadLetters(self.journal, settings.connections, self._decoder, largest, utcnow),
            metrics=self.metrics,
            flow=self._flow,
            now=utcnow,
            unready=self.unready,
            is_draining=self._stop.is_set,
        )

    def _settled(self, name: str, settled: Sequence[Settled]) -> None:
        for each in settled:
            self._flow.count(name, each.outcome)
        self._heard(name, settled)

    def _look_out(self, stack: AsyncExitStack) -> None:
        endpoint = self.settings.tracing.endpoint
        tracing = exporting(endpoint, self.settings.worker.instance) if endpoint else None
        if tracing is not None:
            stack.push_async_callback(asyncio.to_thread, tracing.close)
        self._lookout = Lookout(self.metrics, utcnow, tracing)

    def _gauges(self) -> Gauges:
        gauges = Gauges(
            self.journal,
            self.connections,
            self._lookout.tellings,
            lambda: self.broker.connected,
            self._takes,
            utcnow,
            self._tell,
        )
        self.metrics.watch(gauges.look, gauges.publish)
        return gauges

    def _born_settled(self, settled: Sequence[Settled]) -> None:
        self._lookout.born_settled(settled)
        self._reporter.add(settled)

    def _replays(self) -> Conductor:
        patcher = Patcher(self._decoder, self.settings.worker.max_event_bytes)
        retaker = Retaker(self.journal, Chooser(self.journal, patcher), self._routes, utcnow)
        return Conductor(self.journal, patcher, self.connections, retaker, self._takes, utcnow, self._away)

    async def _gained(self, name: str, before: Before) -> None:
        if name != INTAKE:
            await self.connections[name].start(before)
            return
        await self._end_intake()
        self._take = await self._intake()
        self._taking = self._spawn(self.broker.take(self._take_ours))

    async def _take_ours(self, messages: Sequence[Message]) -> None:
        """Take while intake is ours; once it is not, another worker must not be disturbed."""
        await self._backpressure.wait(len(messages))
        try:
            await self._take(messages)
        except LeaseLostError:
            self._ownership.lose(INTAKE)
            raise
        except Exception:  # it may be on disk all the same, and then comes again as known: nobody would offer it
            self._look_again()
            raise

    def _windows(self) -> list[Window]:
        return [each.engine.window for each in self.connections.values() if each.is_running]

    async def _given_back(self, name: str) -> bool:
        if name == INTAKE:
            await self._end_intake()
            return True
        return await self.connections[name].stop(self.settings.worker.shutdown_grace)

    def _lost(self, name: str) -> None:
        self._tell(f"{name} is not ours any more: another worker has it, or may have it by now")
        if name == INTAKE:
            if self._taking is not None:
                self._taking.cancel()
        else:
            self.connections[name].abort()

    def _takes(self) -> bool:
        return INTAKE in self._ownership.held

    async def _intake(self) -> Take:
        self._look_again()  # what an earlier owner took comes before what we take
        return Take(
            self.journal,
            self._decoder,
            self._routes(),
            self._teller,
            position=await self.journal.last_position(),
            now=utcnow,
            offer=self._offer,
            settled=self._born_settled,
            received=self._lookout.received,
        )

    def _look_again(self) -> None:
        """Have everybody look in the journal for what was taken and not offered."""
        self._reporter.recover(INTAKE)
        for connection in self.connections.values():
            connection.stir()

    def _routes(self) -> Routes:
        return Routes(
            Route(name, each.target, connection.target.kind, each.accept.sources, each.accept.subjects)
            for name, connection in self.connections.items()
            if (each := connection.settings)
        )

    def _offer(self, name: str, fresh: Fresh) -> None:
        self._flow.count(name, "taken", len(fresh))
        if name in self._ownership.held:
            self.connections[name].offer(fresh)

    async def _end(self, owning: "asyncio.Task[None]") -> None:
        self._ownership.closing = True
        await self._end_intake()
        names = sorted(self._ownership.held - {INTAKE})
        ends = dict(zip(names, await asyncio.gather(*map(self._given_back, names)), strict=True))
        try:
            async with asyncio.timeout(self.settings.worker.shutdown_grace):
                await self._reporter.drained()
        except TimeoutError:
            self._tell("Not all results could be told; the next start tells them")
        owning.cancel()
        await asyncio.wait([owning])
        for name in names:
            if not ends[name]:
                self._tell(f"{name}: calls were cut off at the end of worker.shutdown_grace; the next start looks")
                self.journal.let_lapse(name)
                self._ownership.held.discard(name)
        await self._ownership.release_all()

    async def _unless_stopped(self, work: Coroutine[None, None, None]) -> bool:
        """Do what may have to wait for others; say whether it was done before we were told to stop."""
        doing, stopped = asyncio.create_task(work), asyncio.create_task(self._stop.wait())
        await asyncio.wait([doing, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if doing.done():
            doing.result()
            return True
        doing.cancel()
        await asyncio.wait([doing])
        return False

    async def _prune(self) -> None:
        """Drop from time to time what is old; only who owns intake does, and its absence harms nobody."""
        keep = timedelta(seconds=self.settings.journal.keep)
        while True:
            await asyncio.sleep(PRUNE_EVERY)
            if INTAKE in self._ownership.held:
                try:
                    await self.journal.prune(keep, utcnow())
                except JournalError as error:
                    self._away(f"The journal could not be pruned: {error}")

    async def _end_intake(self) -> None:
        taking, self._taking = self._taking, None
        if taking is not None:
            taking.cancel()
            await asyncio.wait([taking])

    def _spawn(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broke(task.get_name(), error)

    def _broke(self, _name: str, error: BaseException) -> None:
        """Stop the worker: a bug that stopped one of its parts is not to be outlived in silence."""
        self._failure = error
        self._stop.set()

    async def _stopped(self) -> None:
        await self._stop.wait()
        if self._failure is not None:
            raise self._failure


def utcnow() -> datetime:
    """Return the wall's time."""
    return datetime.now(UTC)
