"""One connection at work: its gate, its engine, and what the journal keeps of both."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from schemas.cloudevent import Event
from worker.delivery.caller import Caller
from worker.delivery.coalescing import Coalescing
from worker.delivery.engine import Engine
from worker.delivery.keep import Keeper
from worker.delivery.lanes import Lanes
from worker.delivery.ledger import Ledger, opened
from worker.delivery.ownership import Before
from worker.delivery.parley import Parley
from worker.delivery.pausing import Pausing
from worker.delivery.ready import Ready
from worker.delivery.replaying import Nothing, Supply
from worker.delivery.report import Reporter
from worker.delivery.rests import Rests
from worker.delivery.retry import Patience
from worker.delivery.settle import Settler
from worker.delivery.walk import Walk
from worker.delivery.watch import Watch, unwatched
from worker.delivery.window import Bounds, Decode, Window
from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Settled
from worker.outcome.result import Teller
from worker.sending.gate import Gate
from worker.sending.pauses import Pause
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response
from worker.targets.base import Target
from worker.targets.options import ConnectionSettings

VENDOR_PAUSE = 60.0  # seconds, where a vendor takes nothing and does not say how long


def nothing_to_replay(_name: str) -> Supply:
    """Return the supply of a worker without plans."""
    return Nothing()


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of a worker have in common."""

    journal: Journal
    reporter: Reporter
    teller: Teller
    decode: Decode
    now: Callable[[], datetime]
    tell: Callable[[str], None]
    lost: Callable[[str], None]
    settled: Callable[[str, list[Settled]], None]
    failed: Callable[[str, BaseException], None]
    fresh: Callable[[str], bool] = lambda _name: True
    supply: Callable[[str], Supply] = nothing_to_replay
    watch: Callable[[str, str], Watch] = unwatched


class Connection:
    """Builds what one connection needs, starts it when it is ours, and stops it when it is not."""

    def __init__(
        self,
        name: str,
        settings: ConnectionSettings,
        target: Target,
        shared: Shared,
        send: Callable[[Request, Slot], Awaitable[Response]],
        memory: int,
    ) -> None:
        self.name = name
        self.settings = settings
        self.target = target
        self._shared = shared
        self._send = send
        self._memory = memory
        self._watch = shared.watch(name, target.name)
        self._task: asyncio.Task[None] | None = None
        self._keeper: Keeper
        self._pausing: Pausing
        self.gate: Gate
        self.engine: Engine

    async def start(self, before: Before) -> None:
        """Go on where the owner before us ended; what one left without a hand-over may all have been sent."""
        if before == "abandoned":
            await self._shared.journal.count_marks(self.name)
        self._keeper = Keeper(self._shared.journal, self._shared.tell, self._lost, self._failed)
        self._pausing = Pausing(self.name, self._keeper, self._shared.now)
        self.gate = await self._gate(fresh=before == "never owned")
        self.engine = self._engine()
        self.engine.window.suspect = before == "abandoned"
        self._shared.reporter.recover(self.name)
        self._task = asyncio.create_task(self.engine.run(), name=f"connection {self.name}")
        self._task.add_done_callback(self._ended)
        self.engine.gate_changed(self.gate.paused)
        self._watch.gate_changed(self.gate.paused)
        self.engine.changed()

    @property
    def is_running(self) -> bool:
        """Whether it is ours and at work."""
        return self._task is not None

    def offer(self, fresh: list[tuple[Delivery, Event]]) -> None:
        """Take in what was just taken; before the start it is left to the first load."""
        if self._task is not None:
            self.engine.offer(fresh)

    def stir(self) -> None:
        """Look in the journal for what another worker took."""
        if self._task is not None:
            self.engine.stir()

    def resume(self, by: str) -> None:
        """Open the gate, and have the journal say so whatever it said before."""
        self.gate.resume(by)
        self._pausing.changed(self.gate.paused)

    async def stop(self, grace: float) -> bool:
        """Start nothing more; finish what is in flight, then stop; False: something was cut off by the grace's end."""
        if self._task is None:
            return True
        is_clean = await self.engine.stop(grace)
        self.abort()
        return is_clean

    def abort(self) -> None:
        """Stop at once; calls in flight are given up."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            self.gate.close()
            self._keeper.close()
            self._watch.closed()

    async def _gate(self, *, fresh: bool) -> Gate:
        settings, journal, now = self.settings, self._shared.journal, self._shared.now
        longest = settings.timeouts.total
        used = await opened(journal, self.name, settings.quotas, longest, now(), fresh=fresh)
        gate = Gate(
            settings.quotas,
            settings.in_flight,
            strict=settings.strict,
            ledger=Ledger(self.name, self._keeper, longest),
            fresh=fresh,
            longest=longest,
            entitled=self._is_ours,
            changed=self._gate_changed,
            wall=now,
        )
        gate.restore(used)
        pause = (await journal.paused()).get(self.name)
        if pause is not None:
            gate.restore_pause(pause.by, pause.why, pause.until)
            if gate.paused is None:  # it ran out while nobody was there to write so
                self._pausing.changed(None)
        return gate

    def _engine(self) -> Engine:
        settings, shared = self.settings, self._shared
        lanes, ready = Lanes(), Ready(replays=Ready())
        keeper = self._keeper
        settler = Settler(self.name, self.target.name, self.target.mapping, shared.teller)
        tries = patience(settings)
        longest = max(tries.cap, tries.look_after)
        rests = Rests(self.name, lanes, keeper, longest, shared.now, self._changed, self._watch)
        walk = Walk(
            target=self.target,
            lanes=lanes,
            ready=ready,
            coalescing=Coalescing(settings.coalesce, self.target.keyless),
            patience=tries,
            settler=settler,
            keeper=keeper,
            now=shared.now,
            settled=self._settled,
            changed=self._changed,
            closed=lambda error: self.gate.pause(error.seconds or VENDOR_PAUSE, error.detail, "vendor"),
            broke=self._failed,
            watch=self._watch,
            rests=rests,
        )
        bounds = Bounds(settings.window, self._memory)
        window = Window(self.name, shared.journal, lanes, bounds, shared.decode)
        parley = Parley(self.target, self._send, self.gate.slot, shared.now, self._is_ours, self._watch, self._changed)
        caller = Caller(
            self.name,
            self.target,
            shared.journal,
            walk,
            ready,
            parley,
            shared.now,
            settings.batch,
            self._watch,
        )
        return Engine(
            self.name,
            shared.journal,
            self.gate,
            window,
            lanes,
            ready,
            walk,
            caller,
            shared.now,
            shared.tell,
            self._lost,
            shared.supply(self.name),
        )

    def _changed(self) -> None:
        self.engine.changed()

    def _settled(self, settled: list[Settled]) -> None:
        self.engine.replaying.settled(settled)
        self._shared.reporter.add(settled)
        self._shared.settled(self.name, settled)

    def _gate_changed(self, pause: Pause | None) -> None:
        self._watch.gate_changed(pause)
        if self._task is not None:
            self.engine.gate_changed(pause)
        self._pausing.changed(pause)

    def _is_ours(self) -> bool:
        return self._shared.fresh(self.name)

    def _lost(self) -> None:
        self._shared.lost(self.name)

    def _failed(self, error: BaseException) -> None:
        self._shared.failed(self.name, error)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)


def patience(settings: ConnectionSettings) -> Patience:
    """Return how often and how long a connection tries."""
    return Patience(
        settings.max_attempts,
        settings.give_up_after,
        settings.backoff.base,
        settings.backoff.cap,
        settings.look_after,
        settings.look_attempts,
    )
