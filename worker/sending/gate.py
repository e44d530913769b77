"""The one way to a vendor: open x quotas x calls in flight."""

import asyncio
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from worker.errors import TargetError
from worker.sending import hints
from worker.sending.budget import Budget, Use
from worker.sending.clock import clocks
from worker.sending.concurrency import Concurrency
from worker.sending.judgement import Judgement
from worker.sending.pauses import MACHINES, Pause, Pauses
from worker.sending.quota import Quota
from worker.sending.reserve import Ledger, Reserve
from worker.sending.slot import Fate, Slot
from worker.sending.waiting import Waiter, Waiting

# A loop's timer may be due a moment early; it is never set again for less than this.
SHORTEST_TIMER = 0.0005


class Gate:
    """Hands out slots in order, as early as all three parts allow, and not before.

    `longest` is the longest that a call takes before it is given up. `fresh`: nobody has ever called for this
    connection; otherwise the windows count as full at the start, but those that are restored. `changed` is told the
    pause to show, None: open. `entitled` is asked whenever a call is written. An idle gate has no task and no timer.
    """

    def __init__(
        self,
        quotas: Sequence[Quota],
        in_flight: int,
        *,
        strict: bool = False,
        ledger: Ledger | None = None,
        fresh: bool = False,
        longest: float = 60.0,
        entitled: Callable[[], bool] = lambda: True,
        changed: Callable[[Pause | None], None] | None = None,
        wall: Callable[[], datetime] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        both = clocks(self._loop, wall)
        self.now = both.now
        self.entitled = entitled
        self.in_flight = 0
        self.junk = 0
        self._wall = both.wall
        self._changed = changed
        self._shown: Pause | None = None
        self._concurrency = Concurrency(in_flight)
        self._budget = Budget(quotas, both, strict=strict, ledger=ledger, fresh=fresh, longest=longest)
        self._pauses = Pauses(both.now, both.wall)
        self._judgement = Judgement(self._pauses, self._concurrency, self._budget.learned)
        self._waiting = Waiting()
        self._latency = 0.0
        self._timer: asyncio.Handle | None = None
        self._due = math.inf
        self._extending: set[asyncio.Task[None]] = set()

    async def slot(self) -> Slot:
        """Return the right to make one call, as soon as it may be made; probes come this way too."""
        if not self._waiting and (slot := self._at_once()):
            return slot
        return await self._wait(Waiter(self._loop.create_future()))

    async def idle_slot(self, share: float = 0.0) -> Slot:
        """Return a slot that live traffic leaves idle; `share` of the slots and quotas is claimed in any case."""
        return await self._wait(Waiter(self._loop.create_future(), share))

    def pause(self, seconds: float | None, why: str, by: str) -> None:
        """Close the gate: for so long, or until it is resumed; calls in flight go on."""
        self._pauses.add(seconds, why, by, ramp=True)
        self._advance()

    def resume(self, by: str) -> None:
        """Open the gate: a machine takes back its own pause only; a person any, and what refusals have taught."""
        if by not in MACHINES:
            self._budget.learned.forget()
        self._reopen(ramp=self._pauses.lift(by))
        self._advance()

    def restore(self, used: Mapping[str, Iterable[datetime]]) -> None:
        """Begin the windows of these quotas with these calls, before the first slot is asked for."""
        self._budget.restore(used, self.now())

    def restore_pause(self, by: str, why: str, until: datetime | None) -> None:
        """Close the gate as it was before the restart, without telling anybody."""
        seconds = None if until is None else (until - self._wall()).total_seconds()
        if seconds is None or seconds > 0:
            self._pauses.add(seconds, why, by, ramp=True)
            self._shown = self._pauses.current
        self._advance()

    def close(self) -> None:
        """Let go of timer and tasks; whoever waits is cancelled by its owner."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for task in self._extending:
            task.cancel()

    @property
    def paused(self) -> Pause | None:
        """Return why the gate is closed, None: it is open."""
        self._expire()
        return self._pauses.current

    @property
    def limit(self) -> int:
        """Return how many calls may be in flight at present."""
        return self._concurrency.limit

    @property
    def learned_rate(self) -> float | None:
        """Return the calls a second that refusals have taught us, None: none."""
        return self._budget.learned.rate

    @property
    def use(self) -> tuple[Use, ...]:
        """Return the use of each quota now."""
        return self._budget.use(self.now())

    def idle_room(self, share: float = 0.0) -> int | None:
        """Return how many calls live traffic leaves to replays in the long windows, None: there are none."""
        return self._budget.idle_room(self.now(), share)

    def forecast(self, calls: int) -> float:
        """Return in how many seconds so many calls will have been answered, infinity: when somebody resumes."""
        now = self.now()
        if calls <= 0:
            return 0.0
        opens = max(now, self._pauses.held_until())
        by_latency = opens + self._latency * calls / self._concurrency.limit
        return max(self._budget.drained_at(now, calls), by_latency, opens) - now + self._latency

    def over(self, slot: Slot, fate: Fate, headers: Mapping[str, str]) -> None:
        """Hear from a slot that its call stands in nobody's way any more."""
        now = self.now()
        self._budget.over(slot, fate, now)
        if fate == "answered":
            self._latency += (slot.latency - self._latency) * (0.1 if self._latency else 1.0)
            hint = hints.read(slot.status, headers, self._wall)
            if hint is not hints.NONE:
                self._heed(slot, hint, now)
        self._move()

    def back(self, slot: Slot, error: TargetError | None, relations: Collection[str], *, judged: bool) -> None:
        """Take a slot back."""
        self.in_flight -= 1
        if slot.probe is not None:
            self._reopen(ramp=self._judgement.probed(slot, error, judged=judged))
        if judged:
            self._judgement.judge(slot, error, relations, self.now())
        self._move()

    def _heed(self, slot: Slot, hint: hints.Hint, now: float) -> None:
        self.junk += hint.junk
        if hint.remaining is None or hint.seconds <= 0:
            return
        if hint.asked or hint.remaining == 0:
            slot.hinted = hint.seconds
            why = f"HTTP {slot.status}, and {'Retry-After' if hint.asked else 'its quota is used up'}"
            self._pauses.add(hint.seconds, why, "hint", ramp=slot.status >= hints.REFUSED)
        else:
            self._budget.told(hint.remaining, hint.seconds, now)

    async def _wait(self, waiter: Waiter) -> Slot:
        self._waiting.add(waiter)
        self._move()
        try:
            return await waiter.future
        except asyncio.CancelledError:
            self._waiting.drop(waiter)
            if waiter.future.done() and not waiter.future.cancelled() and not waiter.future.exception():
                waiter.future.result().release()
            raise

    def _move(self) -> None:
        """Go on where somebody waits who has a place, or the state may have changed."""
        has_place = self.in_flight < self._concurrency.limit
        if (has_place and self._waiting) or self._pauses.held or self._shown is not None:
            self._advance()

    def _advance(self) -> None:
        """Hand out what may be handed out, and set the timer for what comes next."""
        now = self._expire()
        at = self._serve(now)
        self._extend(self._budget.low())
        self._set_timer(min(at, self._pauses.ends_at()), now)
        self._tell()

    def _serve(self, now: float) -> float:
        """Hand out slots; return when there may be more for those who still wait."""
        at = math.inf
        while self._waiting and (at := self._opens_at(now)) <= now:
            waiter, at = self._next(now)
            if waiter is None or not self._written(now):
                return at if waiter is None else math.inf
            slot = self._slot(now, idle=waiter.share is not None)
            self._waiting.take(waiter)
            waiter.future.set_result(slot)
        return at if self._waiting else math.inf

    def _at_once(self) -> Slot | None:
        """Return a slot for somebody who need not wait."""
        now = self._expire()
        if self._opens_at(now) <= now and self._written(now):
            self._budget.learned.came(now)
            slot = self._slot(now, idle=False)
            if self._budget.reserves:
                self._extend(self._budget.low())
            return slot
        return None

    def _written(self, now: float) -> bool:
        """Whether the next call is written down where it must be; if not, that begins."""
        if not self._budget.reserves:
            return True
        unwritten = self._budget.unwritten(now)
        self._extend(unwritten)
        return not unwritten

    def _opens_at(self, now: float) -> float:
        """Return when the next slot may be handed out to anybody, infinity: when a call is over."""
        if self.in_flight >= self._concurrency.limit:
            return math.inf
        at = self._budget.opens_at(now)
        return max(at, self._pauses.opens_at()) if self._pauses.held else at

    def _next(self, now: float) -> tuple[Waiter | None, float]:
        """Return whose turn it is, or None and when to look again."""
        live, idle = self._waiting.live(), self._waiting.idle()
        if live is not None and (idle is None or not self._waiting.idle_first()):
            return live, now
        if idle is not None and idle.share is not None and not self._pauses.held and self._has_idle_place(idle.share):
            at = self._budget.idle_opens_at(now, idle.share, is_owed=self._waiting.idle_first())
            if at <= now:
                return idle, now
            return live, at
        return live, math.inf

    def _has_idle_place(self, share: float) -> bool:
        """Whether a replay may be under way too: half of the places is kept for live traffic that comes now."""
        limit = self._concurrency.limit
        return share > 0.0 or self.in_flight < limit - limit // 2

    def _slot(self, now: float, *, idle: bool) -> Slot:
        probe = self._pauses.due() if self._pauses.held else None
        self._pauses.probing = probe
        slot = Slot(self, idle=idle, probe=probe)
        slot.beside = self.in_flight
        self.in_flight += 1
        self._budget.take(slot, now)
        return slot

    def _extend(self, reserves: Iterable[Reserve]) -> None:
        for reserve in reserves:
            if not reserve.extending:
                reserve.extending = True
                task = self._loop.create_task(self._write(reserve))
                self._extending.add(task)
                task.add_done_callback(self._extending.discard)

    async def _write(self, reserve: Reserve) -> None:
        """Write one block; when that fails the first who waits is told, and the next one tries again."""
        try:
            await reserve.extend()
        except Exception as error:  # noqa: BLE001 -- whatever the ledger raises is the caller's to judge
            waiter = self._waiting.live() or self._waiting.idle()
            if waiter is not None:
                self._waiting.drop(waiter)
                waiter.future.set_exception(error)
        finally:
            reserve.extending = False
        self._advance()

    def _expire(self) -> float:
        now = self.now()
        if self._pauses.held and self._pauses.ends_at() <= now:
            self._reopen(ramp=self._pauses.expire(now))
        return now

    def _reopen(self, *, ramp: bool) -> None:
        if ramp and not self._pauses.held:
            self._concurrency.reopen()

    def _tell(self) -> None:
        current = self._pauses.current
        if current is not self._shown:
            self._shown = current
            if self._changed is not None:
                self._changed(current)

    def _set_timer(self, at: float, now: float) -> None:
        """Have the one timer go off at `at`, or earlier."""
        if self._timer is not None and self._due <= at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if at < math.inf:
            # What is due within half a millisecond is no timer to uvloop but a plain handle, which knows no moment.
            self._due = max(at, now + SHORTEST_TIMER)
            self._timer = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        # A loop may be a moment early, so that a timer that has gone off can still seem to lie ahead.
        self._timer = None
        self._advance()
