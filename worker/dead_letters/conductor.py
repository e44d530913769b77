"""Follows the running plans: canary, what is due where, and the end."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from worker.dead_letters.document import loaded
from worker.dead_letters.errors import DeadLetterError
from worker.dead_letters.patching import Patcher
from worker.dead_letters.retaking import Retaker
from worker.dead_letters.supply import Running, Supply
from worker.delivery.connection import Connection
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.replays import Plan
from worker.journal.rows import INTAKE

EVERY = 1.0  # seconds between two looks; plans change through the journal only
SWEPT = 10  # looks after which closed letters are searched for
TAKEN_AT_ONCE = 64  # intake letters of a plan that may be on their way
LAST = 2**31 - 1
UNDER_WAY = frozenset({"planned", "offered"})
FAILED = frozenset({"dead_lettered", "refused"})


class Conductor:
    """One in each worker: tells its connections what plans want of them."""

    def __init__(
        self,
        journal: Journal,
        patcher: Patcher,
        connections: Mapping[str, Connection],
        retaker: Retaker | None,
        takes: Callable[[], bool],
        now: Callable[[], datetime],
        tell: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._patcher = patcher
        self._connections = connections
        self._retaker = retaker
        self._takes = takes
        self._now = now
        self._tell = tell
        self._supplies: dict[str, Supply] = {}
        self._running: dict[str, Running] = {}
        self._places: dict[str, frozenset[str]] = {}
        self._looks = 0

    def supply(self, name: str) -> Supply:
        """Return where a connection's engine gets its replays from."""
        if name not in self._supplies:
            self._supplies[name] = Supply(name, self._journal, self._patcher, self._now)
        return self._supplies[name]

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except (JournalError, DeadLetterError) as error:
                self._tell(f"Plans cannot be followed: {error}")
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """See how plans stand, and hand on what follows from it."""
        self._looks += 1
        plans = await self._journal.replays.running()
        standing = [running for plan in plans if (running := await self.standing(plan)) is not None]
        self._running = {each.id: each for each in standing}
        self._places = {each.id: self._places[each.id] for each in standing}
        pending = await self._journal.replays.pending()
        for name, connection in self._connections.items():
            if connection.is_running:
                self.hand_on(name, connection, standing, pending.get(name, set()))
        if self._retaker is not None and self._takes():
            await self.take(self._retaker, standing)

    def hand_on(self, name: str, connection: Connection, plans: Sequence[Running], pending: set[str]) -> None:
        """Tell one connection what it has to do; `pending`: the plans that have something on its way there."""
        supply = self.supply(name)
        supply.plans = [each for each in plans if name in self._places[each.id] or each.id in pending]
        supply.is_pending = bool(pending)
        supply.forget()
        connection.engine.replaying.wake()

    async def standing(self, plan: Plan) -> Running | None:
        """Return a plan as it may go on now; None: it has come to its end."""
        replays = self._journal.replays
        if plan.id not in self._places or self._looks % SWEPT == 0:
            await replays.sweep(plan.id, self._now())
            self._places[plan.id] = frozenset(await replays.shares(plan.id))
        counts = await replays.counts(plan.id)
        if UNDER_WAY.isdisjoint(counts):
            await self.end(plan, "finished", counts)
            return None
        running = self._running.get(plan.id) or Running(plan.id, loaded(plan.document), 0)
        if running.until != LAST:
            await self.watch(plan, running, counts)
        return running

    async def watch(self, plan: Plan, running: Running, counts: Mapping[str, int]) -> None:
        """Let the rest go when the canary has passed, or stop the plan."""
        canary = running.document.terms.canary
        first = await self._journal.replays.first(plan.id, canary)
        if any(each.state in FAILED for each in first):
            running.until = 0
            await self.end(plan, "canary_failed", counts)
        else:
            is_over = all(each.state not in UNDER_WAY for each in first)
            running.until = LAST if is_over else canary

    async def end(self, plan: Plan, state: str, counts: Mapping[str, int]) -> None:
        """Write down how a plan ended; of several workers one does."""
        if await self._journal.replays.change(plan.id, "running", state, self._now()):
            detail = {"plan": plan.id, "counts": dict(counts)}
            await self._journal.audit.append("worker", f"dead.{state}", detail, self._now())

    async def take(self, retaker: Retaker, plans: Sequence[Running]) -> None:
        """Take intake letters again, no faster than their plan says, and no more than may be on their way."""
        for plan in plans:
            if INTAKE in self._places[plan.id]:
                room = min(plan.room(self._now()), TAKEN_AT_ONCE - await self._journal.replays.taken(plan.id))
                for due in await self._journal.replays.due(plan.id, INTAKE, 0, plan.until, max(0, room)):
                    plan.begun.append(self._now())
                    await retaker.retake(plan.id, due.letter, plan.document)
