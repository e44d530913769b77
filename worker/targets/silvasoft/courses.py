"""The walk of one delivery at Silvasoft."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

from schemas.relation import Party
from schemas.result import Effect
from worker.errors import RejectedError, UnknownOutcomeError, UnsupportedError
from worker.targets.base import Applied, Course, Owners, Step, Task
from worker.targets.mapping import unmappable
from worker.targets.party import Mapped, live_id, party
from worker.targets.policy import absent, claimed, not_found
from worker.targets.silvasoft import calls, mapping
from worker.targets.silvasoft.field import CONTINUE, NUMBER, ON_NUMBER, Body, lacking, number, remote_id
from worker.targets.silvasoft.finding import Clue, clues, existing, made_before
from worker.targets.silvasoft.reading import AlreadyThere
from worker.targets.silvasoft.record import Relation, differences, is_older, likeness
from worker.targets.silvasoft.settings import SilvasoftSettings

Ask = Step | Owners


def course(task: Task, settings: SilvasoftSettings) -> Course:
    """Return the walk of this delivery."""
    return (yield from Walk(task, party(task), settings, live_id(task)).course())


@dataclass(frozen=True, slots=True)
class Walk:
    """One delivery; `live`: the id under which the journal knows the relation."""

    task: Task
    data: Party
    settings: SilvasoftSettings
    live: str | None

    def course(self) -> Course:
        if self.task.operation == "delete":
            return (yield from self._deletion())
        if self.task.operation == "update" and self.task.known.deleted:
            raise not_found("The relation was deleted; an update does not bring it back")
        if self.task.operation == "create" and self.live is None:
            return (yield from self._creation())
        return (yield from self._update())

    @property
    def is_whole(self) -> bool:
        """Say whether the event is the whole record."""
        return self.task.operation == "create" or bool(self.data.complete)

    def _creation(self, *, looked: bool = False) -> Course:
        """Make the relation; `looked`: it has been looked for and is not there."""
        mapped = self._new()
        step = calls.create(mapped.fields, person=self.data.party_type == "person")
        found = None if looked else (yield from self._before(step, mapped.fields))
        if found is not None:
            return (yield from self._met(found, mapped, self._there))
        made: Relation | AlreadyThere = yield step
        if isinstance(made, AlreadyThere):
            return (yield from self._refused(made, mapped))
        return (yield from self._met(made, mapped, "created"))

    def _new(self) -> Mapped:
        mapped = mapping.creation(self.data, self.settings)
        if lacks := lacking(mapped.fields, person=self.data.party_type == "person"):
            if self.task.operation == "update":
                raise not_found(f"Silvasoft has no such relation; to create it there lacks {', '.join(lacks)}")
            raise unmappable(f"{', '.join(lacks)}: Silvasoft needs a value")
        return mapped

    @property
    def _there(self) -> Effect:
        """What it means that a relation, equal to the event's, is there already: in doubt it is ours."""
        return "created" if self.task.in_doubt else "existed"

    def _before(self, step: Step, body: Body) -> Generator[Ask, Any, Relation | None]:
        """Look for the relation before it is made, where that is wanted or an earlier call may have made it."""
        doubtful = self.task.in_doubt and not step.repeatable
        if not doubtful and self.settings.look_before_create != "always":
            return None
        by = clues(body, self.settings)
        if doubtful and not by:
            raise UnknownOutcomeError("Silvasoft cannot be asked: there is neither a number nor an e-mail address")
        return (yield from made_before(body, by))

    def _refused(self, refused: AlreadyThere, mapped: Mapped) -> Course:
        """Find the relation because of which a create was refused."""
        sent = mapped.fields.get(NUMBER)
        found = None if sent is None else (yield from existing((Clue("number", str(sent)),)))
        if found is None:
            raise RejectedError(refused.detail, reason="conflict")
        return (yield from self._met(found, mapped, self._there))

    def _met(self, seen: Relation, mapped: Mapped, same: Effect) -> Course:
        """Compare what an answer shows with what was sent: it may be ours, changed, or somebody else."""
        body = mapped.fields
        sent = body.get(NUMBER)
        is_same = sent is not None and seen.number == sent
        if not is_same and self._is_another(seen, body):
            return (yield from self._met_another(seen, body))
        is_ours = self._was_deactivated(seen)
        seen = self._recalled(seen) if is_ours else seen
        if (is_same or is_ours) and (differ := differences(seen, body)):
            return (yield from self._met_changed(seen, mapped, differ))
        is_renumbered = sent is not None and seen.number not in (None, sent)
        warnings = (f"customer number: {sent} was taken, it is {seen.number}",) if is_renumbered else ()
        taken = yield from claimed(self.settings, [seen.guid])
        return Applied(same, seen.guid, mapped.dropped, warnings, taken)

    def _was_deactivated(self, seen: Relation) -> bool:
        """Say whether this is the relation that our own delete left without its roles."""
        return self.task.known.deleted and self.task.known.remote_id == seen.guid

    def _recalled(self, seen: Relation) -> Relation:
        """Add the roles that our own delete left, as answers need not show them."""
        left = {wire.lower(): on for wire, on in mapping.deactivation(self.data).items()}
        return replace(seen, shown={**left, **seen.shown})

    def _is_another(self, seen: Relation, body: Body) -> bool:
        """Say whether this is a record that was there before, maybe another person's."""
        numbers = (body.get(NUMBER), seen.number)
        if None not in numbers and body.get(ON_NUMBER) != CONTINUE:
            return numbers[0] != numbers[1]
        return is_older(seen, body, by_clock=not self.task.in_doubt)

    def _met_changed(self, seen: Relation, mapped: Mapped, differ: list[str]) -> Course:
        what = f"customer {seen.number} is there already and differs in {', '.join(differ)}"
        if self.settings.existing_same_number == "dead_letter":
            raise RejectedError(f"Silvasoft: {what}. Nothing was changed.", reason="conflict")
        taken = yield from claimed(self.settings, [seen.guid])
        if self.settings.existing_same_number == "keep":
            return Applied("existed", seen.guid, mapped.dropped, (what,), taken)
        return (yield from self._adopted(seen, taken=taken))

    def _met_another(self, seen: Relation, body: Body) -> Course:
        if self.settings.existing_other_number == "dead_letter":
            sent = f"we sent {body[NUMBER]}" if NUMBER in body else "which was there before"
            whom = "person" if self.data.party_type == "person" else "organization"
            raise RejectedError(
                f"Silvasoft returned customer {seen.number or seen.guid}, {sent}: {likeness(seen, body)}, "
                f"probably another {whom}. Nothing was changed.",
                reason="conflict",
            )
        taken = yield from claimed(self.settings, [seen.guid])
        return (yield from self._adopted(seen, taken=taken))

    def _adopted(self, seen: Relation, *, taken: bool) -> Course:
        """Make a relation that was met what the event says."""
        mapped = mapping.change(self.data, self.settings, whole=self.is_whole)
        if not (yield from self._is_changed(seen.guid, {**self._assumed(seen), **mapped.fields})):
            raise not_found(f"Silvasoft returned relation {seen.guid}, but has none")
        return Applied("updated", seen.guid, mapped.dropped, take_over=taken)

    def _assumed(self, seen: Relation) -> Body:
        """Return what a create says of a relation without the event's naming it."""
        if self.task.operation != "create":
            return {}
        return mapping.default_roles(self.data, self.settings, deactivated=self._was_deactivated(seen))

    def _update(self) -> Course:
        mapped = mapping.change(self.data, self.settings, whole=self.is_whole)
        given = self._given()
        if not mapped.fields:
            return Applied("unchanged", self.live, mapped.dropped)
        by = () if given else clues(mapped.fields, self.settings)
        found = yield from existing(by)
        guid = found.guid if found else given
        if guid is None:
            return (yield from self._missing(looked=bool(by)))
        taken = False if guid == self.live else (yield from claimed(self.settings, [guid]))
        if (yield from self._is_changed(guid, mapped.fields)):
            return Applied("updated", guid, mapped.dropped, take_over=taken)
        return (yield from self._missing(looked=False))

    def _given(self) -> str | None:
        """Return the relation's id: the journal's, else the event's."""
        given = remote_id(self.data.remote_id) if self.data.remote_id else None
        if self.live and given and given != self.live and self.task.operation != "delete":
            raise RejectedError(f"The journal knows it as {self.live}, the event as {given}.", reason="conflict")
        return self.live or given

    def _is_changed(self, guid: str, body: Body) -> Generator[Ask, Any, bool]:
        """Change the relation and say whether it is there; an empty answer is looked at."""
        if (yield calls.change(guid, body)):
            return True
        rows: list[Relation] = yield calls.by_id(guid)
        if any(row.guid == guid for row in rows):
            raise RejectedError("Silvasoft answered with nothing: it changed nothing.", reason="rejected")
        return False

    def _missing(self, *, looked: bool) -> Course:
        if self.settings.on_missing == "dead_letter":
            raise not_found("Silvasoft has no such relation")
        return (yield from self._creation(looked=looked))

    def _deletion(self) -> Course:
        if self.settings.on_delete == "dead_letter":
            raise UnsupportedError(
                'Silvasoft cannot delete a relation. See on_delete = "deactivate".', reason="unsupported"
            )
        nothing = "Silvasoft has no such relation"
        if self.task.known.deleted:
            return replace(absent(self.settings, nothing), remote_id=self.task.known.remote_id)
        guid = yield from self._doomed()
        if guid is None:
            return absent(self.settings, nothing)
        taken = False if guid == self.live else (yield from claimed(self.settings, [guid]))
        if not (yield from self._is_changed(guid, mapping.deactivation(self.data))):
            return absent(self.settings, nothing)
        return Applied("deactivated", guid, take_over=taken)

    def _doomed(self) -> Generator[Ask, Any, str | None]:
        """Return the id of the relation that is to be deactivated."""
        if given := self._given():
            return given
        if not self.data.customer_number:
            return None
        known = {NUMBER: number(self.data.customer_number, "customer_number", self.settings)}
        found = yield from existing(clues(known, self.settings))
        return found.guid if found else None
