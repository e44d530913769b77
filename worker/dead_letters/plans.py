"""Plans: made, applied, held, gone on with, ended; and how far they have come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from worker.dead_letters.choosing import Choice
from worker.dead_letters.document import Document, Terms, dumped, loaded, selection
from worker.dead_letters.errors import StateError, UnknownError
from worker.journal.journal import Journal
from worker.journal.letters import Filter
from worker.journal.replays import Plan

RATED = 60.0  # seconds over which a plan's rate is told
QUIET = 5.0  # seconds without progress after which a plan is stalled
OVER = frozenset({"finished", "cancelled", "canary_failed"})
OPEN = ("planned", "offered")


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan and what it says."""

    plan: Plan
    document: Document

    @property
    def id(self) -> str:
        """The plan's id."""
        return self.plan.id

    @property
    def state(self) -> str:
        """One of ready, running, paused, finished, cancelled, canary_failed."""
        return self.plan.state


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plan has come; `counts`: letters by state; `stalled` says why nothing moves, or None."""

    view: PlanView
    counts: Mapping[str, int]
    connections: Mapping[str, int]
    per_minute: float
    moved_at: datetime | None
    stalled: str | None

    @property
    def letters(self) -> int:
        """All letters of the plan."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """Letters of which the plan wants nothing more."""
        return self.letters - sum(self.counts.get(state, 0) for state in OPEN)


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans of one journal, as people steer them."""

    journal: Journal
    now: Callable[[], datetime]

    async def add(self, choice: Choice, wanted: Filter, terms: Terms, by: str) -> PlanView:
        """Write a plan over exactly these letters; what is buried later is not in it."""
        now = self.now()
        document = Document(terms, selection(wanted), choice.along)
        plan = Plan(f"P{uuid4().hex[:10]}", "ready", now, by, now, dumped(document))
        await self.journal.replays.add(plan, [each.id for each in choice.letters])
        await self.note(by, "dead.plan", plan.id, why=terms.why, letters=len(choice.letters))
        return PlanView(plan, document)

    async def one(self, plan: str) -> PlanView:
        """Return a plan; raises UnknownError."""
        found = await self.journal.replays.plan(plan)
        if found is None:
            raise UnknownError(f"there is no plan {plan[:64]!r}")
        return PlanView(found, loaded(found.document))

    async def newest(self, most: int) -> list[PlanView]:
        """Return plans, the newest first."""
        return [PlanView(each, loaded(each.document)) for each in await self.journal.replays.newest(most)]

    async def apply(self, plan: str, by: str) -> PlanView:
        """Let a plan begin; raises StateError when it has begun before, or none of its letters is left."""
        view = await self.one(plan)
        if view.state != "ready":
            raise StateError(f"plan {plan} is {view.state} already; a plan is applied once")
        if not await self.journal.replays.shares(plan):
            raise StateError(f"none of the letters of plan {plan} is there any more")
        await self.journal.replays.sweep(plan, self.now())
        if not (await self.journal.replays.counts(plan)).get("planned"):
            await self.move(view, ("ready",), "cancelled", by, "dead.cancel", "every letter was closed meanwhile")
            raise StateError(f"none of the letters of plan {plan} is open any more; it is cancelled")
        return await self.move(view, ("ready",), "running", by, "dead.apply")

    async def pause(self, plan: str, by: str, why: str = "") -> PlanView:
        """Offer no further letter of it; what is under way ends."""
        return await self.move(await self.one(plan), ("running",), "paused", by, "dead.pause", why)

    async def resume(self, plan: str, by: str) -> PlanView:
        """Go on where it was paused."""
        return await self.move(await self.one(plan), ("paused",), "running", by, "dead.resume")

    async def cancel(self, plan: str, by: str, why: str = "") -> PlanView:
        """End it for good; letters that are not under way stay as they are."""
        return await self.move(
            await self.one(plan), ("ready", "running", "paused"), "cancelled", by, "dead.cancel", why
        )

    async def move(
        self, view: PlanView, before: tuple[str, ...], after: str, by: str, action: str, why: str = ""
    ) -> PlanView:
        """Bring a plan from one of some states to another; raises StateError if it is in none of them."""
        word = action.removeprefix("dead.")
        if view.state not in before:
            raise StateError(f"plan {view.id} is {view.state}: {word} is for plans that are {' or '.join(before)}")
        if not await self.journal.replays.change(view.id, view.state, after, self.now()):
            raise StateError(f"plan {view.id} was changed by somebody else at this moment; look at it again")
        await self.note(by, action, view.id, why=why)
        return await self.one(view.id)

    async def progress(self, plan: str) -> Progress:
        """Return how far a plan has come."""
        view, replays = await self.one(plan), self.journal.replays
        counts, shares = await replays.counts(plan), await replays.shares(plan)
        moved_at = await replays.moved_at(plan)
        ended = await replays.ended_since(plan, self.now() - timedelta(seconds=RATED))
        since = max(moved_at or view.plan.changed_at, view.plan.changed_at)
        is_quiet = (self.now() - since).total_seconds() > QUIET
        stalled = await self.stalled(shares) if view.state == "running" and shares and is_quiet else None
        return Progress(view, counts, shares, float(ended), moved_at, stalled)

    async def stalled(self, shares: Mapping[str, int]) -> str:
        """Return why nothing of a running plan moves, as far as the journal tells."""
        paused, now = await self.journal.paused(), await self.journal.clock()
        alive = {each.name for each in await self.journal.leases() if each.until > now}
        if not alive:
            return "stalled: no worker is running"
        held = [paused[name] for name in shares if name in paused]
        if len(held) == len(shares):
            return f"stalled: {held[0].connection} is paused, {held[0].why}"
        return "stalled: no idle quota"

    async def note(self, by: str, action: str, plan: str, **detail: Any) -> None:
        """Write down who did this, and why."""
        told = {name: value for name, value in detail.items() if value != ""}
        await self.journal.audit.append(by, action, {"plan": plan, **told}, self.now())
