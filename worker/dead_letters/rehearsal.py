"""Shows what a replay would do; it changes nothing and calls nobody."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from worker.dead_letters.choosing import Choice, Chooser
from worker.dead_letters.document import Terms
from worker.dead_letters.errors import PatchError
from worker.dead_letters.forecast import seconds_for
from worker.dead_letters.patching import Patched, changes
from worker.delivery.judge import seen
from worker.delivery.order import is_stale
from worker.errors import TargetError
from worker.intake.decode import Decoded
from worker.journal.journal import Journal
from worker.journal.letters import Chosen
from worker.journal.rows import INTAKE, Delivery, KnownRelation
from worker.outcome.case_file import last_call
from worker.outcome.ending import LastCall
from worker.targets.base import Course, Owners, Step, Target, Task
from worker.targets.options import ConnectionSettings

Verdict = Literal["send", "nothing", "stale", "refused", "take"]


@dataclass(frozen=True, slots=True)
class Place:
    """One connection as a rehearsal sees it."""

    settings: ConnectionSettings
    target: Target


@dataclass(frozen=True, slots=True)
class Shown:
    """What would become of one letter.

    `send`: `request` (secrets masked) is its first call. `nothing`: it ends without a call. `stale`: newer data
    was applied. `refused`: it would be buried again, `detail` says why. `take`: intake takes it again.
    """

    letter: Chosen
    verdict: Verdict
    detail: str = ""
    request: Mapping[str, Any] | None = None
    changes: Sequence[Mapping[str, Any]] = ()
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a plan would do: letters at each connection, a sample in detail, and the least time it takes.

    `seconds`: by connection, None where live traffic leaves no quota at present.
    """

    letters: int
    connections: Mapping[str, int]
    along: int
    seconds: Mapping[str, float | None]
    shown: tuple[Shown, ...]

    @property
    def verdicts(self) -> Mapping[str, int]:
        """How many of the sample would come to what."""
        return Counter(each.verdict for each in self.shown)


@dataclass(frozen=True, slots=True)
class Rehearser:
    """Goes through letters as the worker would, up to the first call."""

    journal: Journal
    chooser: Chooser
    places: Mapping[str, Place]
    now: Callable[[], datetime]

    async def rehearse(self, choice: Choice, terms: Terms, most: int) -> Rehearsal:
        """Return what would be done with these letters; `most` of them are shown in detail."""
        counts = Counter(each.connection for each in choice.letters)
        seconds = {name: await self.seconds(name, count, terms) for name, count in counts.items()}
        shown = [await self.show(each, choice, terms) for each in choice.letters[:most]]
        return Rehearsal(len(choice.letters), counts, len(choice.along), seconds, tuple(shown))

    async def seconds(self, connection: str, letters: int, terms: Terms) -> float | None:
        """Return how long a connection needs at least, one call a letter."""
        place = self.places.get(connection)
        if place is None:
            return 0.0
        calls = math.ceil(letters / place.settings.batch)
        used = await self.journal.used(connection)
        return seconds_for(calls, place.settings.quotas, used, self.now(), terms.share, terms.rate)

    async def show(self, letter: Chosen, choice: Choice, terms: Terms) -> Shown:
        """Return what would become of one letter."""
        row = await self.chooser.delivery(letter)
        patch = () if letter.id in choice.along else terms.patch
        try:
            patched = await self.chooser.patched(letter, row, patch)
        except PatchError as error:
            return Shown(letter, "refused", str(error))
        diff = changes(patched.before, patched.after)
        if letter.connection == INTAKE:
            return Shown(letter, "take", "intake takes it again and routes it", changes=diff)
        place = self.places.get(letter.connection)
        if place is None:
            return Shown(letter, "refused", f"{letter.connection} is not in the settings", changes=diff)
        known = (await self.journal.known(letter.connection, [key_of(row)]))[key_of(row)]
        return await self.judged(letter, row, patched, place, known, choice, terms)

    async def judged(
        self,
        letter: Chosen,
        row: Delivery,
        patched: Patched,
        place: Place,
        known: KnownRelation,
        choice: Choice,
        terms: Terms,
    ) -> Shown:
        """Return what the target would be asked, unless newer state makes it obsolete."""
        event, diff = patched.decoded.event, changes(patched.before, patched.after)
        if event.kind != place.target.kind:
            return Shown(letter, "refused", f"{place.target.name} has no relations of kind {event.kind}.", changes=diff)
        if is_stale(event.sequence, row.position, known.state) and not terms.force:
            return Shown(letter, "stale", "newer data was applied to this relation", changes=diff)
        if event.expirytime is not None and event.expirytime <= self.now():
            return Shown(letter, "refused", "its expirytime has passed; patch it to send it after all", changes=diff)
        waits_for = known.buried_create if known.buried_create not in {letter.id, None} else None
        try:
            step = await self.first_step(place.target.course(task(patched.decoded, row, known)), row)
        except TargetError as error:
            return Shown(letter, "refused", error.detail, changes=diff, waits_for=waits_for)
        if step is None:
            return Shown(letter, "nothing", "the target already shows it, or has nothing to do", None, diff, waits_for)
        comes = {each.id for each in choice.letters}
        detail = "" if waits_for is None or waits_for in comes else f"its create lies buried as {waits_for}"
        return Shown(letter, "send", detail, rendered(place.target, step, self.now()), diff, waits_for)

    async def first_step(self, course: Course, row: Delivery) -> Step | None:
        """Return the first thing that a course asks of the vendor; what it asks of the journal is answered."""
        answer: Any = None
        while True:
            try:
                wanted = course.send(answer)
            except StopIteration:
                return None
            if isinstance(wanted, Step):
                course.close()
                return wanted
            answer = await self.others(wanted, row)

    async def others(self, wanted: Owners, row: Delivery) -> frozenset[str]:
        """Return which of the remote ids belong to other relations."""
        taken = await self.journal.owners(row.connection, wanted.remote_ids)
        return frozenset(each for each, key in taken.items() if key != key_of(row))


def key_of(row: Delivery) -> tuple[str, str]:
    """Return the relation that a delivery is about."""
    return row.source, row.subject


def task(decoded: Decoded, row: Delivery, known: KnownRelation) -> Task:
    """Return the delivery as its target sees it."""
    event = decoded.event
    return Task(event, event.operation, event.data, seen(known), in_doubt=row.maybe_sent)


def rendered(target: Target, step: Step, now: datetime) -> dict[str, Any]:
    """Return a call as it would go out, secrets masked; address and login may be known to the worker only."""
    if target.exchange(now) is not None:
        body = orjson.dumps(step.body, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        return {"method": None, "url": "known once a session is open", "request": body}
    told = last_call(LastCall(target.request([step], now), None))
    return {name: told[name] for name in ("method", "url", "request")}
