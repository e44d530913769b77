"""One connection at work: loads, starts, waits for slots, calls."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial

from schemas.cloudevent import Event
from worker.delivery.attempt import Attempt
from worker.delivery.caller import Caller
from worker.delivery.lane import Lane
from worker.delivery.lanes import Lanes
from worker.delivery.ready import Ready
from worker.delivery.replaying import Replaying, Supply
from worker.delivery.walk import Walk
from worker.delivery.window import Window
from worker.journal.errors import JournalError, LeaseLostError
from worker.journal.journal import Journal
from worker.journal.rows import Delivery
from worker.sending.gate import Gate
from worker.sending.pauses import Pause
from worker.sending.slot import Slot

JOURNAL_PATIENCE = 1.0  # seconds between tries while the journal does not answer
FORGET_AFTER = 1.0  # seconds that a pause must last before what is held is dropped; the journal has it


class Engine:
    """Brings what waits for one connection to its target, one slot of the gate at a time."""

    def __init__(
        self,
        connection: str,
        journal: Journal,
        gate: Gate,
        window: Window,
        lanes: Lanes,
        ready: Ready,
        walk: Walk,
        caller: Caller,
        now: Callable[[], datetime],
        tell: Callable[[str], None],
        lost: Callable[[], None],
        supply: Supply,
    ) -> None:
        self.connection = connection
        self.gate = gate
        self.window = window
        self.lanes = lanes
        self.ready = ready
        self.walk = walk
        self.caller = caller
        self.replaying = Replaying(journal, gate, window, lanes, ready, walk, caller, supply, self._has_session)
        self._journal = journal
        self._now = now
        self._tell = tell
        self._lost = lost
        self._work = asyncio.Event()
        self._wanted = asyncio.Event()
        self._asked = asyncio.Event()
        self._calls: set[asyncio.Task[None]] = set()
        self._stirred = asyncio.Event()
        self._is_looking = False
        self._is_long = False
        self._forgotten = False
        self._remembering = asyncio.Lock()
        self._stopping = False

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return len(self._calls)

    def offer(self, fresh: Sequence[tuple[Delivery, Event]]) -> None:
        """Take in what was just taken; an attempt that nobody was asked about yet folds anew with it."""
        self.window.offer(fresh)
        for row, _ in fresh:
            lane = self.lanes.get((row.source, row.subject))
            if lane is not None:
                self._take_back(lane)
        self.replaying.hurry()
        self.changed()
        self._wanted.set()
        if self._forgotten:
            self._work.set()

    def stir(self) -> None:
        """Look in the journal for what nobody offered."""
        self.window.stir()
        self.changed()

    def changed(self) -> None:
        """Look whether there is work, once for all that changes in this turn of the loop."""
        if not self._is_looking:
            self._is_looking = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Look whether there is work: a step or a lane may have become ready."""
        self._is_looking = False
        self._stirred.set()
        if self.ready or self.lanes.has_startable:
            self._work.set()
        if self.walk.asking:
            self._asked.set()
        if self.window.wants_more or self.lanes.has_strangers:
            self._wanted.set()
        self.replaying.changed()
        if self._is_long:
            self._forget()

    def gate_changed(self, pause: Pause | None) -> None:
        """Drop what is held if a pause lasts; go on when it is over."""
        if pause is not None:
            asyncio.get_running_loop().call_later(FORGET_AFTER, self._last)
            return
        self._is_long = False
        self._wanted.set()
        self._work.set()

    async def run(self) -> None:
        """Work until cancelled or stopped."""
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(self._load()),
                tasks.create_task(self._ask()),
                tasks.create_task(self.replaying.run(partial(self._spawn, tasks))),
            ]
            try:
                await self._call(tasks)
            finally:
                for each in beside:
                    each.cancel()

    async def stop(self, grace: float) -> bool:
        """Start nothing more; return when the calls in flight are settled, or False after `grace` seconds."""
        self._stopping = True
        self._work.set()
        try:
            async with asyncio.timeout(grace):
                while self._calls or self.walk.settling or self.caller.parley.under_way:
                    self._stirred.clear()
                    await self._stirred.wait()
        except TimeoutError:
            for call in self._calls:
                call.cancel()
            return False
        return True

    async def _call(self, tasks: asyncio.TaskGroup) -> None:
        while not self._stopping:
            await self._work.wait()
            if self._stopping:
                return
            slot = await self.gate.slot()
            if self._stopping:
                slot.release()
                return
            exchange = self.caller.target.exchange(self._now())
            if exchange is not None:
                await self.caller.parley.open_session(slot, exchange)
                self.replaying.wake()
            elif slot.probe is not None:
                await self._probe(tasks, slot)
            else:
                self._start()
                self._carry(tasks, slot, self.caller.pick(slot))

    async def _probe(self, tasks: asyncio.TaskGroup, slot: Slot) -> None:
        """Try with a live event whether calls go well again; with none where that takes another question."""
        if slot.probe != "outage":
            await self.caller.parley.probe(slot)
            return
        self._hold_on()
        if self._forgotten:
            await self._guarded(self._remember())
        self._start()
        if self.walk.asking:
            await self._guarded(self.caller.ask())
        load = self.caller.pick(slot)
        if not load and self.replaying.is_wanted:  # no live event is there to try it with
            await self.caller.parley.probe(slot)
            return
        self._carry(tasks, slot, load)

    def _carry(self, tasks: asyncio.TaskGroup, slot: Slot, load: Sequence[Attempt]) -> None:
        """Make the call; without a load nothing is to be done until something changes."""
        if load:
            self._spawn(tasks, slot, load)
        else:
            self._work.clear()
            slot.release()

    def _has_session(self) -> bool:
        """Say whether calls can be built; if not, the next session is opened in turn with live traffic."""
        is_open = self.caller.target.exchange(self._now()) is None
        if not is_open:
            self._work.set()
        return is_open

    def _start(self) -> None:
        while (missing := self._missing()) > 0:
            for _ in range(missing):
                lane = self.lanes.next()
                if lane is None:
                    return
                self.walk.start(lane)

    def _missing(self) -> int:
        """Return what one call still lacks; while the journal is asked, all that could be made meanwhile.

        So one question is asked for many, instead of one after the other.
        """
        asking = self.caller.asking
        calls = self.gate.limit - self.gate.in_flight + 1 if asking else 1
        return calls * self.caller.batch - len(self.ready) - asking

    def _spawn(self, tasks: asyncio.TaskGroup, slot: Slot, load: Sequence[Attempt]) -> None:
        call = tasks.create_task(self._guarded(self.caller.call(slot, load)))
        self._calls.add(call)
        call.add_done_callback(self._called)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        """Do what needs the journal; while it does not answer, nothing is lost and everything waits."""
        try:
            await work
        except LeaseLostError:
            self._lost()
        except JournalError as error:
            self._tell(f"{self.connection} waits for the journal: {error}")
            await asyncio.sleep(JOURNAL_PATIENCE)
            self._wanted.set()

    def _called(self, call: "asyncio.Task[None]") -> None:
        self._calls.discard(call)
        self.changed()

    async def _load(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self.gate.paused is None:
                await self._guarded(self._remember())

    async def _ask(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self._guarded(self.caller.ask())
            self.changed()

    async def _remember(self) -> None:
        async with self._remembering:  # two loads side by side would read the same rows
            await self._read_on()
        self.changed()

    async def _read_on(self) -> None:
        if self._forgotten:  # what is written late must not undo what comes of it when it is read
            await self.walk.rests.noted()
        self._forgotten = False
        await self.window.load()
        strangers = self.lanes.strangers()
        if strangers:
            try:
                known = await self._journal.known(self.connection, [lane.key for lane in strangers])
            except BaseException:
                self.lanes.ask_again(strangers)
                raise
            for lane in strangers:
                self.walk.rests.rest_on(lane)
                self.lanes.get_known(lane, known[lane.key])

    def _take_back(self, lane: Lane) -> None:
        attempt = lane.current
        if attempt is not None and is_untouched(attempt):
            self.lanes.take_back(lane, attempt)
            self.walk.rests.unblock(attempt)

    def _hold_on(self) -> None:
        """Keep what is held while a probe is under way."""
        self._is_long = False
        asyncio.get_running_loop().call_later(FORGET_AFTER, self._last)

    def _last(self) -> None:
        self._is_long = self.gate.paused is not None
        self.changed()

    def _forget(self) -> None:
        is_busy = self._calls or self.walk.settling or self._remembering.locked()
        if self.gate.paused is None or is_busy or self._forgotten:
            return
        self._forgotten = True
        self.walk.forget()
        self.window.forget()
        self.replaying.forget()
        self._work.set()  # somebody must wait for the slot that a probe gets


def is_untouched(attempt: Attempt) -> bool:
    """Say whether an attempt is under way for which nothing was asked of anybody, now or before."""
    carrier = attempt.carrier
    is_asked = attempt.in_call or attempt.calls or carrier.attempts or carrier.unresolved or attempt.half
    return not (attempt.dropped or is_asked)
