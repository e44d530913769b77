"""What people ask of the journal, by what it is about; each is an attribute of `Journal`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.journal import audit, carrying, discarding, faring, identity, letters, replays, requests, returning
from worker.journal.audit import Entry
from worker.journal.burying import Closing
from worker.journal.carrying import Carried
from worker.journal.desk import Desk
from worker.journal.faring import Due, Standing
from worker.journal.identity import Identity, Known
from worker.journal.letters import Buried, Chosen, Filter, Group
from worker.journal.replays import Plan, PlannedLetter
from worker.journal.requests import Request
from worker.journal.rows import Delivery
from worker.journal.session import Session


@dataclass(frozen=True, slots=True)
class Accounts:
    """Which account stands behind a connection's name."""

    desk: Desk

    async def all(self) -> dict[str, Known]:
        """Return all connections that were ever worked or paused."""
        return await self.desk.browse(identity.identities)

    async def identity(self, connection: str) -> Identity | None:
        known = await self.desk.browse(identity.identity, connection)
        return known.identity if known else None

    async def identify(self, connection: str, new: Identity) -> None:
        """Store an identity at first use; raises JournalError if it is another, or another connection's."""
        await self.desk.write(lambda session: identity.identify(session, connection, new))

    async def rekey(self, connection: str, new: Identity) -> None:
        """Confirm that a known connection's account has a new key; raises JournalError."""
        await self.desk.write(lambda session: identity.rekey(session, connection, new))

    async def rename(self, old: str, new: str) -> None:
        """Give a connection and all that is kept for it another name; raises JournalError."""
        await self.desk.write(lambda session: identity.rename(session, old, new))

    async def retire(self, connection: str, at: datetime) -> int:
        """Say that a connection is gone for good; return how many deliveries still wait for it."""
        return await self.desk.write(lambda session: identity.retire(session, connection, at))


@dataclass(frozen=True, slots=True)
class Letters:
    """Dead letters."""

    desk: Desk

    async def page(self, wanted: Filter, most: int, after: str | None = None) -> list[Buried]:
        """Return letters without their cases, those buried last first, from behind the id `after` on."""
        return await self.desk.browse(letters.page, wanted, most, after)

    async def chosen(self, wanted: Filter, most: int | None = None, after: Chosen | None = None) -> list[Chosen]:
        """Return the keys of letters that meet a filter, in order of connection and position: all, or from one on."""
        return await self.desk.browse(letters.chosen, wanted, most, after)

    async def count(self, wanted: Filter) -> int:
        return await self.desk.browse(letters.count, wanted)

    async def one(self, letter: str) -> Buried | None:
        """Return one letter with its case file."""
        return await self.desk.browse(letters.letter, letter)

    async def groups(self, wanted: Filter) -> list[Group]:
        """Return causes, the most frequent first."""
        return await self.desk.browse(letters.groups, wanted)

    async def discard(self, closings: Sequence[Closing]) -> int:
        """Discard open letters, all or none; return how many were open. For a day it can be undone.

        Raises UnderWayError where a plan is bringing one on its way.
        """
        return await self.desk.write(lambda session: discarding.discard(session, closings))

    async def undiscard(self, ids: Sequence[str]) -> int:
        """Open discarded letters again; return how many were discarded."""
        return await self.desk.write(lambda session: sum(letters.undiscard(session, each) for each in ids))

    async def followers(self, chosen: Sequence[Chosen]) -> list[Chosen]:
        """Return the open letters that wait for the creates among these."""
        return await self.desk.browse(faring.followers, chosen)

    async def standing(self, chosen: Sequence[Chosen]) -> dict[tuple[str, int], Standing]:
        """Return what the deliveries of letters are at, by (connection, position)."""
        return await self.desk.browse(faring.standing, chosen)

    async def carry(self, carried: Sequence[Carried]) -> list[str]:
        """Take in letters of another journal, all or none; return the ids of those that are new here."""
        return await self.desk.write(lambda session: carrying.carry(session, carried))


@dataclass(frozen=True, slots=True)
class Replays:
    """Plans and how far they have come."""

    desk: Desk

    async def add(self, plan: Plan, chosen: Sequence[str]) -> None:
        """Write a plan over some letters, in the order given."""
        await self.desk.write(lambda session: replays.add_plan(session, plan, chosen))

    async def change(self, plan: str, before: str, after: str, at: datetime) -> bool:
        """Move a plan from one state to the next; False: it was not in the first, so nothing is changed."""
        return await self.desk.write(lambda session: replays.change_plan(session, plan, before, after, at))

    async def plan(self, plan: str) -> Plan | None:
        return await self.desk.browse(replays.plan_by_id, plan)

    async def newest(self, most: int) -> list[Plan]:
        return await self.desk.browse(replays.newest_plans, most)

    async def counts(self, plan: str) -> dict[str, int]:
        """Return how many letters of a plan are in which state."""
        return await self.desk.browse(replays.counts, plan)

    async def letters(self, plan: str, state: str, after: int, most: int) -> list[PlannedLetter]:
        """Return letters of a plan in one state, in order, from behind an ordinal on."""
        return await self.desk.browse(replays.letters_of, plan, state, after, most)

    async def history(self, letter: str) -> list[PlannedLetter]:
        """Return in which plans a letter was, and how it ended there."""
        return await self.desk.browse(replays.history, letter)

    async def note(self, plan: str, letter: str, state: str, remark: str | None, at: datetime) -> None:
        """Write how far one letter of a plan has come."""
        await self.desk.write(lambda session: replays.note(session, plan, letter, state, remark, at))

    async def offer(self, plan: str, letter: Chosen, at: datetime) -> bool:
        """Make a buried delivery wait again with rank `replay`; False: it is not buried, or not reported yet."""
        return await self.desk.write(lambda session: replays.offer(session, plan, letter, at), letter.connection)

    async def withdraw(self, plan: str, letter: Chosen, at: datetime) -> bool:
        """Lay an offered delivery down again; False: a call is under way, or it has ended."""
        return await self.desk.write(lambda session: replays.withdraw(session, plan, letter, at), letter.connection)

    async def give_back(self, row: Delivery, state: str, why: str | None, at: datetime) -> bool:
        """Drop what intake took again, and open its letter; False: it may be sent, or has no such letter."""
        plan, connection, position = row.plan or "", row.connection, row.position

        def work(session: Session) -> bool:
            return returning.give_back(session, plan, connection, position, state, why, at)

        return await self.desk.write(work, connection)

    async def offered(self, connection: str, after: int, most: int) -> list[Delivery]:
        """Return what plans that are not paused have on its way at a connection, in order of position."""
        return await self.desk.browse(replays.offered, connection, after, most)

    async def held_back(self, connection: str) -> set[tuple[str, str]]:
        """Return the relations (source, subject) of what paused plans hold at a connection."""
        return await self.desk.browse(faring.held_back, connection)

    async def behind(self, row: Delivery) -> Chosen | None:
        """Return the letter for which a plan has offered a delivery; None: intake took it again."""
        return await self.desk.browse(replays.behind, row)

    async def running(self) -> list[Plan]:
        """Return the plans at work, the oldest first."""
        return await self.desk.browse(faring.running)

    async def due(self, plan: str, connection: str, after: int, until: int, most: int) -> list[Due]:
        """Return letters that a plan has to replay at a connection, in order, from behind an ordinal to another."""
        return await self.desk.browse(faring.due, plan, connection, after, until, most)

    async def first(self, plan: str, last: int) -> list[PlannedLetter]:
        """Return a plan's letters up to an ordinal."""
        return await self.desk.browse(faring.first, plan, last)

    async def shares(self, plan: str) -> dict[str, int]:
        """Return how many letters of a plan are still to come at each connection."""
        return await self.desk.browse(faring.shares, plan)

    async def taken(self, plan: str) -> int:
        """Return how many letters of intake a plan has on their way."""
        return await self.desk.browse(faring.taken, plan)

    async def ended_since(self, plan: str, since: datetime) -> int:
        """Count the letters of a plan that ended later than that."""
        return await self.desk.browse(faring.ended_since, plan, since)

    async def moved_at(self, plan: str) -> datetime | None:
        """Return when any letter of a plan went on last."""
        return await self.desk.browse(faring.moved_at, plan)

    async def pending(self) -> dict[str, set[str]]:
        """Return the connections at which a replay has begun and not ended, with the plans that want it."""
        return await self.desk.browse(faring.pending)

    async def sweep(self, plan: str, at: datetime) -> int:
        """Note which letters of a plan are not open any more; return how many were found."""
        return await self.desk.write(lambda session: faring.sweep(session, plan, at))


@dataclass(frozen=True, slots=True)
class Requests:
    """What other processes ask of the owner of a connection."""

    desk: Desk

    async def ask(self, connection: str, action: str, detail: Any, by: str, at: datetime) -> int:
        """Leave a request; return its number."""
        return await self.desk.write(lambda session: requests.ask(session, connection, action, detail, by, at))

    async def asked(self, connections: Sequence[str]) -> list[Request]:
        """Return what waits for an answer at these connections, oldest first."""
        return await self.desk.browse(requests.asked, connections)

    async def answer(self, number: int, said: Any, at: datetime) -> bool:
        """Answer a request once; says whether it was waiting for one."""
        return await self.desk.write(lambda session: requests.answer(session, number, said, at))

    async def one(self, number: int) -> Request | None:
        return await self.desk.browse(requests.request, number)


@dataclass(frozen=True, slots=True)
class Audit:
    """Who did what by hand."""

    desk: Desk

    async def append(self, who: str, action: str, detail: Any, at: datetime) -> None:
        await self.desk.write(lambda session: audit.append(session, who, action, detail, at))

    async def newest(self, most: int, before: int = audit.END) -> list[Entry]:
        """Return entries, newest first, from before a number on."""
        return await self.desk.browse(audit.newest, most, before)
