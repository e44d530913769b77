"""Gives the owner of a connection what its plans want replayed, a few letters at a time."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from worker.dead_letters.document import Document, Terms, loaded
from worker.dead_letters.errors import DeadLetterError, told
from worker.dead_letters.patching import Patcher
from worker.delivery.held import Held, Key, hold
from worker.delivery.replaying import UNDER_WAY, IsFree
from worker.journal.faring import Due
from worker.journal.journal import Journal
from worker.journal.letters import Chosen
from worker.journal.rows import Delivery

FIRST_PLACE = -(2**62)  # imported letters lie below zero
PAGE = 2 * UNDER_WAY  # letters of a plan that are read at once
PAGES = 4  # of letters that cannot go now, before it is left to the next time
NO_TERMS = Document(Terms("the plan is there no more"))
DEAD = frozenset({"cancelled", "canary_failed"})


@dataclass(slots=True)
class Running:
    """A plan at work; `until`: the last ordinal that may go now, `begun`: when letters went, for its rate."""

    id: str
    document: Document
    until: int
    begun: deque[datetime] = field(default_factory=deque)

    def room(self, now: datetime) -> int:
        """Return how many letters its own rate allows now."""
        rate = self.document.terms.rate
        if rate is None:
            return UNDER_WAY
        while self.begun and (now - self.begun[0]).total_seconds() >= rate.seconds:
            self.begun.popleft()
        return rate.calls - len(self.begun)


@dataclass(slots=True)
class Ahead:
    """Letters of a plan that were read ahead, in order; only offering them says whether they still may go.

    `refused` are the relations of those that may not: what comes after them waits until all is read anew.
    """

    due: list[Due] = field(default_factory=list)
    after: int = 0
    refused: set[Key] = field(default_factory=set)

    def take(self, most: int, is_free: IsFree, busy: set[Key]) -> list[Due]:
        """Take out the first that can go now; none goes before an earlier one of its relation."""
        chosen: list[Due] = []
        left: list[Due] = []
        for due in self.due:
            key = key_of(due.letter)
            is_held_back = key in busy or key in self.refused
            is_chosen = len(chosen) < most and not is_held_back and is_free(key, due.letter.position)
            (chosen if is_chosen else left).append(due)
            busy.add(key)
        self.due = left
        return chosen


@dataclass(slots=True)
class Supply:
    """The letters of one connection; the conductor says which plans run, the engine asks for the next.

    `is_pending`: the journal may have letters that were offered and that nobody holds; `held_back` are the
    relations of those that cannot go now.
    """

    connection: str
    journal: Journal
    patcher: Patcher
    now: Callable[[], datetime]
    plans: list[Running] = field(default_factory=list)
    is_pending: bool = False
    held_back: frozenset[Key] = frozenset()
    ahead: dict[str, Ahead] = field(default_factory=dict)

    @property
    def is_wanted(self) -> bool:
        """Whether there may be something to replay."""
        return self.is_pending or any(plan.room(self.now()) > 0 for plan in self.plans)

    @property
    def share(self) -> float:
        """Part of slots and quotas that replays get in any case."""
        return max((plan.document.terms.share for plan in self.plans), default=0.0)

    def forget(self) -> None:
        """Drop what was read ahead: the journal knows better by now."""
        self.ahead.clear()

    async def next(self, most: int, is_free: IsFree) -> Sequence[Held]:
        """Return what is to be replayed now: what was offered before, then new letters of each plan in order."""
        try:
            return await self.found(most, is_free)
        except BaseException:  # some of it may be offered in the journal, and only there it can be found again
            self.forget()
            self.is_pending = True
            raise

    async def found(self, most: int, is_free: IsFree) -> list[Held]:
        """Return what is to be replayed; where it raises, what it had taken is in nobody's hands."""
        found = await self.offered(most, is_free) if self.is_pending else []
        busy = {*self.held_back, *(held.key for held in found)}
        for plan in self.plans:
            room = min(most - len(found), plan.room(self.now()))
            if room > 0:
                fresh = await self.fresh(plan, room, is_free, busy)
                plan.begun.extend([self.now()] * len(fresh))
                found += fresh
        return found

    async def offered(self, most: int, is_free: IsFree) -> list[Held]:
        """Return what waits since an earlier owner, a pause, or since intake took it again."""
        found: dict[Key, Held] = {}
        self.is_pending = False
        held_back = await self.journal.replays.held_back(self.connection)
        for row in await self.journal.replays.offered(self.connection, FIRST_PLACE, 2 * UNDER_WAY):
            key = (row.source, row.subject)
            if not is_free(key, row.position):
                continue
            held = await self.taken_up(row) if key not in found and len(found) < most else None
            if held is not None:
                found[key] = held
            else:
                held_back.add(key)
        self.held_back = frozenset(held_back)
        self.is_pending |= len(found) == most
        return list(found.values())

    async def taken_up(self, row: Delivery) -> Held | None:
        """Return an offered row, unless its plan is held or over."""
        plan = await self.journal.replays.plan(row.plan or "")
        if plan is not None and plan.state == "paused" and not row.maybe_sent:
            return None
        letter = await self.journal.replays.behind(row)
        if plan is not None and plan.state in DEAD and await self.is_laid_down(row, letter):
            return None
        try:
            document = loaded(plan.document) if plan else NO_TERMS
        except DeadLetterError:
            return None  # a worker of that version brings it forward
        return await self.held(row, letter, document)

    async def is_laid_down(self, row: Delivery, letter: Chosen | None) -> bool:
        """Lay a letter of a plan that is over down again; what may be sent goes on."""
        if row.maybe_sent:
            return False
        if letter is None:
            return await self.journal.replays.give_back(row, "withdrawn", None, self.now())
        return await self.journal.replays.withdraw(row.plan or "", letter, self.now())

    async def fresh(self, plan: Running, most: int, is_free: IsFree, busy: set[Key]) -> list[Held]:
        """Offer the next letters of a plan, at most one of a relation."""
        ahead = self.ahead.setdefault(plan.id, Ahead())
        chosen = await self.chosen(plan, ahead, most, is_free, busy)
        offers = (self.offer(plan, due.letter) for due in chosen)
        answers = await asyncio.gather(*offers, return_exceptions=True)  # none goes on once this has ended
        found: list[Held] = []
        for due, answer in zip(chosen, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            if answer is None:
                ahead.refused.add(key_of(due.letter))
            else:
                found.append(answer)
        return found

    async def chosen(self, plan: Running, ahead: Ahead, most: int, is_free: IsFree, busy: set[Key]) -> list[Due]:
        """Return the next letters of a plan that can go, and read on where those read ahead are too few."""
        chosen = ahead.take(most, is_free, busy)
        for _ in range(PAGES):
            if len(chosen) >= most or len(ahead.due) >= PAGES * UNDER_WAY:
                break
            page = await self.journal.replays.due(plan.id, self.connection, ahead.after, plan.until, PAGE)
            if not page:
                ahead.after = 0 if not ahead.due else ahead.after  # what could not be offered is looked at again
                break
            ahead.after = page[-1].ordinal
            ahead.due += page
            chosen += ahead.take(most - len(chosen), is_free, busy)
        return chosen

    async def offer(self, plan: Running, letter: Chosen) -> Held | None:
        """Make a letter wait again; None: it is not open any more, or its burial was not reported yet."""
        if not await self.journal.replays.offer(plan.id, letter, self.now()):
            return None
        row = await self.journal.delivery(letter.connection, letter.position)
        assert row is not None, "it was just offered"
        return await self.held(row, letter, plan.document)

    async def held(self, row: Delivery, letter: Chosen | None, document: Document) -> Held | None:
        """Return a row as the engine holds it; None: it cannot be read, and is laid down again.

        What intake took again (`letter` None) lies there as it was patched.
        """
        patch = document.patch_of(letter.id) if letter else ()
        try:
            event = self.patcher.patched(row.received, patch).decoded.event
        except Exception as error:  # noqa: BLE001 -- what reading a letter breaks on must not stop its connection
            await self.refuse(row, letter, told(error)[:500])
            return None
        held = hold(row, event)
        held.single = True
        held.forced = document.terms.force
        held.maybe_sent |= letter is not None and await self.may_be_there(letter.id)
        return held

    async def refuse(self, row: Delivery, letter: Chosen | None, why: str) -> None:
        """Lay down what cannot be read by the settings of today, and tell its plan."""
        replays, plan = self.journal.replays, row.plan or ""
        if letter is None:
            await replays.give_back(row, "refused", why, self.now())
        elif await replays.withdraw(plan, letter, self.now()):
            await replays.note(plan, letter.id, "refused", why, self.now())

    async def may_be_there(self, letter: str) -> bool:
        """Say whether the target may have it already, so that it is looked for first."""
        found = await self.journal.letters.one(letter)
        return found is not None and bool(orjson.loads(found.letter.case).get("maybe_applied"))


def key_of(letter: Chosen) -> Key:
    """Return the relation that a letter is about; at a connection it has one."""
    return letter.source or "", letter.subject or ""
