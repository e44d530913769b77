"""Takes again what intake buried: with its patch, at its original place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from worker.dead_letters.choosing import Chooser
from worker.dead_letters.document import Document, Patch
from worker.dead_letters.errors import PatchError, told
from worker.dead_letters.patching import Patched
from worker.intake.decode import Decoded
from worker.intake.route import UNKNOWN, Routed, Routes
from worker.journal.burying import Closing
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.letters import Chosen
from worker.journal.rows import Delivery, Received

STRUCTURED = (("Content-Type", "application/cloudevents+json"),)


@dataclass(frozen=True, slots=True)
class Retaker:
    """Only the owner of intake takes, so only there this works."""

    journal: Journal
    chooser: Chooser
    routes: Callable[[], Routes]
    now: Callable[[], datetime]

    async def retake(self, plan: str, letter: Chosen, document: Document) -> None:
        """Give an intake letter's event its deliveries and resolve the letter at once, or say why it stays."""
        try:
            await self.take(plan, letter, document.patch_of(letter.id))
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 -- what reading a letter breaks on must not stop all plans
            await self.journal.replays.note(plan, letter.id, "dead_lettered", told(error)[:500], self.now())

    async def take(self, plan: str, letter: Chosen, patch: Patch) -> None:
        """Give the event to its connections, or only resolve the letter if all have it; raises DeadLetterError."""
        row = await self.chooser.delivery(letter)
        patched = await self.chooser.patched(letter, row, patch)
        names = await self.connections(patched.decoded, letter)
        deliveries = [delivery(row, patched, name, plan, changed=bool(patch)) for name in names]
        words = f"taken again for {', '.join(names)}" if names else "its connections have this event already"
        await self.journal.take(deliveries, (), [Closing(letter.id, self.now(), plan, words)])

    async def connections(self, decoded: Decoded, letter: Chosen) -> list[str]:
        """Return who takes the event and does not have it yet; raises PatchError where nobody is to have it."""
        event = decoded.event
        routed = part_of(self.routes().route(event), await self.name_of(letter))
        if routed.unknown or routed.unsupported:
            wrong = ", ".join((*routed.unknown, *routed.unsupported))
            raise PatchError(f"target names what is no connection for it: {wrong}")
        if not routed.connections:
            raise PatchError("no connection takes it")
        passages = await self.journal.event(event.id, event.source)
        known = {each.connection: each.position for each in passages if each.connection in routed.connections}
        names = [name for name in routed.connections if name not in known]
        if not names:
            await self.check_same(decoded, known)
        await self.check_places(names, letter)
        return names

    async def name_of(self, letter: Chosen) -> str:
        """Return which name in its target a letter is about; each that intake did not know has one of its own."""
        found = await self.journal.letters.one(letter.id)
        detail = found.letter.detail if found else ""
        return detail.removeprefix(UNKNOWN) if detail.startswith(UNKNOWN) else ""

    async def check_same(self, decoded: Decoded, known: Mapping[str, int]) -> None:
        """Raise where a connection has this event already, with other data."""
        for connection, position in known.items():
            row = await self.journal.delivery(connection, position)
            if row is not None and row.digest != decoded.digest:
                raise PatchError(f"{connection} has this event already, with other data")

    async def check_places(self, names: list[str], letter: Chosen) -> None:
        """Raise where another event has the letter's place at a connection."""
        places = [Chosen(letter.id, name, letter.position, None, None) for name in names]
        if await self.journal.letters.standing(places):
            raise PatchError("another event has its place by now; publish it again instead")


def part_of(routed: Routed, name: str) -> Routed:
    """Return where one name of a target leads, or all of it where the target does not say that name."""
    parts = (routed.connections, routed.unknown, routed.unsupported)
    found = [tuple(each for each in part if each == name) for part in parts]
    return Routed(*found) if any(found) else routed


def delivery(row: Delivery, patched: Patched, connection: str, plan: str, *, changed: bool) -> Delivery:
    """Return the row of an event at one connection; a changed event is kept as it was changed."""
    event, came = patched.decoded.event, row.received
    if changed:
        body = orjson.dumps(patched.after)
        came = Received(came.stream, came.stream_sequence, came.subject, came.received_at, STRUCTURED, body)
    return Delivery(
        connection=connection,
        position=row.position,
        source=event.source,
        subject=event.subject,
        event_id=event.id,
        digest=patched.decoded.digest,
        operation=event.operation,
        received=came,
        rank="replay",
        plan=plan,
        replays=1,
    )
