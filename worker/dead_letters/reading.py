"""Dead letters as people look at them: causes, lists, case files."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from schemas.dead_letter import ACTIONS
from worker.dead_letters.document import Patch, loaded
from worker.dead_letters.errors import UnknownError
from worker.journal.journal import Journal
from worker.journal.letters import Buried, Filter, Group
from worker.journal.rows import Received


@dataclass(frozen=True, slots=True)
class Cause:
    """Dead letters of one cause, and what to do about it."""

    group: Group
    action: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """A letter in one plan: who wanted it, why, how it was changed, and what came of it."""

    plan: str
    by: str
    why: str
    patch: Patch
    state: str
    note: str | None
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return what programs are told of it, the same by every face."""
        return {
            "plan": self.plan,
            "by": self.by,
            "why": self.why,
            "patch": list(self.patch),
            "state": self.state,
            "note": self.note,
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All that is known of one letter; `received`: the whole original, None when it is there no more."""

    buried: Buried
    case: dict[str, Any]
    received: Received | None
    replays: tuple[Replayed, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Looks through the dead letters of one journal."""

    journal: Journal

    async def groups(self, wanted: Filter) -> list[Cause]:
        """Return causes, the most frequent first."""
        found = await self.journal.letters.groups(wanted)
        return [Cause(group, action_of(group.reason)) for group in found]

    async def show(self, letter: str) -> CaseFile:
        """Return all that is known of one letter; raises UnknownError."""
        buried = await self.journal.letters.one(letter)
        if buried is None:
            raise UnknownError(f"there is no dead letter {letter[:64]!r}")
        row = await self.journal.delivery(buried.letter.connection, buried.letter.position)
        received = row.received if row is not None and row.received.body else None
        return CaseFile(buried, orjson.loads(buried.letter.case), received, await self.replays(letter))

    async def replays(self, letter: str) -> tuple[Replayed, ...]:
        """Return in which plans a letter was, oldest first."""
        told = []
        for each in await self.journal.replays.history(letter):
            plan = await self.journal.replays.plan(each.plan)
            if plan is not None:
                document = loaded(plan.document)
                patch = document.patch_of(letter)
                found = (each.plan, plan.created_by, document.terms.why, patch, each.state, each.note, each.changed_at)
                told.append(Replayed(*found))
        return tuple(told)


def action_of(reason: str) -> str:
    """Return what to do about a reason; an older or newer worker may have had others."""
    return next((action for known, action in ACTIONS.items() if known == reason), "")
