"""The walk of one delivery at OutSmart."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from schemas.relation import Party
from schemas.result import Effect
from worker.errors import PermanentError, RejectedError, RetryableError, UnsupportedError
from worker.targets.base import Applied, Course, Owners, Step, Task
from worker.targets.outsmart.calls import delete, find, post
from worker.targets.outsmart.field import KEY, REQUIRED, Record, check_required, is_blank, lacking
from worker.targets.outsmart.mapping import fields
from worker.targets.outsmart.reading import Stored
from worker.targets.outsmart.record import merged, on_wire, shows
from worker.targets.outsmart.settings import OutSmartSettings
from worker.targets.party import Mapped, live_id, party
from worker.targets.policy import absent, claimed, deleted, not_found
from worker.value import value


def course(task: Task, settings: OutSmartSettings) -> Course:
    """Return the walk of this delivery."""
    return (yield from Walk(task, party(task), settings, live_id(task)).course())


@value
class Walk:
    """One delivery; `live`: the number under which the journal knows the relation."""

    task: Task
    data: Party
    settings: OutSmartSettings
    live: str | None

    def course(self) -> Course:
        if self.task.operation == "delete":
            return (yield from self._deletion())
        if self.task.operation == "update" and self.task.known.deleted:
            raise not_found("The relation was deleted; an update does not bring it back")
        self._check_renumbering()
        return (yield from (self._whole() if self.is_whole else self._patch()))

    @property
    def is_whole(self) -> bool:
        """Say whether the event is the whole record."""
        return self.task.operation == "create" or bool(self.data.complete)

    @property
    def key(self) -> str | None:
        """The number that the event gives."""
        subject = self.settings.key_from == "subject"
        number = self.task.event.subject if subject else self.data.customer_number
        return None if is_blank(number) else number

    @property
    def is_renumbered(self) -> bool:
        # That the vendor compares without case is a guess.
        return bool(self.live and self.key and self.live.casefold() != self.key.casefold())

    @property
    def number(self) -> str | None:
        """The number that the record shall have."""
        return self.key if self.live is None or self.is_renumbered else self.live

    @property
    def _both(self) -> tuple[str, ...]:
        """Both numbers of a record that changes its own; claimed one by one, two that swap would wait for ever."""
        return tuple(filter(None, (self.live, self.key))) if self.is_renumbered else ()

    def _check_renumbering(self) -> None:
        if self.is_renumbered and self.settings.on_renumber == "dead_letter":
            raise UnsupportedError(
                f"OutSmart knows a relation by its number: it is {self.live}, the event says {self.key}. "
                'See on_renumber = "replace".',
                reason="unsupported",
            )

    def _whole(self) -> Course:
        new = self.live is None and self.task.operation == "create"
        mapped = self._said()
        record = self._record({**self._revival, **mapped.fields})
        taken = yield from self._taken(record[KEY])
        if self.is_renumbered:
            return (yield from self._merged(taken=taken))
        effect: Effect = "created" if self.live is None else "updated"
        if self._looks_first():
            found = yield from self._found(record[KEY])
            if found is None and not new:
                raise not_found(self._nowhere())
            if new and found and shows(found, record, self.settings):
                return Applied("existed", record[KEY], mapped.dropped, take_over=taken)
            effect = "updated" if found else "created"
        return (yield from self._written(record, mapped, effect, taken=taken))

    @property
    def _revival(self) -> Record:
        """What makes a record active again that our own delete deactivated: only such a one keeps its number."""
        off = self.task.known.remote_id if self.task.known.deleted else None
        return {"active": 1} if off and self.number and off.casefold() == self.number.casefold() else {}

    def _looks_first(self) -> bool:
        """Say whether a whole record needs a look, which the vendor's upsert spares us otherwise."""
        if self.live is not None:
            return False
        if self.task.operation == "create":
            return self.settings.look_before_create == "always"
        return self.settings.on_missing == "dead_letter"

    def _patch(self) -> Course:
        mapped = self._said()
        if not mapped.fields and not self.is_renumbered:
            return Applied("unchanged", self.live, mapped.dropped)
        if self.settings.update_style == "whole_only":
            raise UnsupportedError(
                'This connection sends whole records only (update_style = "whole_only").',
                reason="unsupported",
            )
        if self.number is None:
            return (yield from self._missing())
        taken = yield from self._taken(self.number)
        sure = self._said({}) if self._may_go_unread else None
        if sure is None or lacking({**sure.fields, KEY: self.number}):
            return (yield from self._merged(taken=taken))
        effect: Effect = "updated" if self.live else "created"
        return (yield from self._written(self._record(sure.fields), sure, effect, taken=taken))

    def _said(self, held: Record | None = None) -> Mapped:
        """Return what the event says; of a patch, what it says to a record that holds this (None: not read yet)."""
        create = self.live is None and self.task.operation == "create"
        return fields(self.data, self.settings, create=create, whole=self.is_whole, held=held)

    def _merged(self, *, taken: bool) -> Course:
        """Post what the event says together with what the record holds; one that gets a new number is made anew."""
        found = yield from self._base()
        if found is None:
            return (yield from self._missing(taken=taken))
        mapped = self._said(None if self.is_whole else found)
        if not mapped.fields and not self.is_renumbered:
            return Applied("unchanged", self.number, mapped.dropped, take_over=taken)
        record = self._record(self._completed(found, mapped.fields))
        return (yield from self._written(record, mapped, "updated", taken=taken))

    @property
    def _may_go_unread(self) -> bool:
        """Say whether a patch that holds all that is required needs no read."""
        unread = self.settings.update_style == "send" and not self.is_renumbered
        return unread and (self.live is not None or self.settings.on_missing == "create")

    def _completed(self, found: Record, said: Record) -> Record:
        if self.settings.update_style == "read" or self.is_renumbered:
            return merged(found, said, self.settings)
        return {**{wire: found[wire] for wire in REQUIRED if wire in found}, **said}

    def _base(self) -> Generator[Step | Owners, Any, Record | None]:
        """Return the record as it is; once renumbered it has left its old number."""
        found = yield from self._found(self.live or self.key or "")
        if found is None and self.is_renumbered:
            found = yield from self._found(self.key or "")
        return found

    def _missing(self, *, taken: bool = False) -> Course:
        if self.settings.on_missing == "dead_letter":
            raise not_found(self._nowhere())
        mapped = fields(self.data, self.settings, create=True, whole=True)
        if lacks := lacking({**mapped.fields, KEY: self.number}):
            raise RejectedError(
                f"OutSmart has no such relation, and to create it {', '.join(lacks)} lacks.",
                reason="not_found",
            )
        return (yield from self._written(self._record(mapped.fields), mapped, "created", taken=taken))

    def _deletion(self) -> Course:
        number = self.live or self.key
        if self.task.known.deleted:
            return replace(self._absent(), remote_id=self.task.known.remote_id)
        if number is None:
            return self._absent()
        taken = yield from self._taken(number)
        if self.settings.on_delete == "deactivate":
            return (yield from self._deactivated(number, taken=taken))
        rows: int | None = yield delete(number)
        if rows == 0 and not self.task.in_doubt:
            return self._absent()
        warnings = (f"{rows} rows deleted",) if rows is not None and rows > 1 else ()
        return deleted(number if taken else None, *warnings)

    def _deactivated(self, number: str, *, taken: bool) -> Course:
        found = yield from self._found(number)
        if found is None:
            return self._absent()
        record = on_wire(number, merged(found, {"active": 0}, self.settings))
        check_required(record)
        warnings = yield from self._stored(record)
        return Applied("deactivated", number, (), warnings, taken)

    def _absent(self) -> Applied:
        return absent(self.settings, self._nowhere())

    def _nowhere(self) -> str:
        if number := self.live or self.key:
            return f"OutSmart has no relation with number {number}"
        return "Neither the journal nor the event gives the relation's number"

    def _record(self, said: Record) -> Record:
        record = on_wire(self.number or "", said)
        check_required(record)
        return record

    def _taken(self, number: str) -> Generator[Step | Owners, Any, bool]:
        """Say whether the number is taken over from another relation."""
        if number == self.live:
            return False
        # The journal compares exactly, the vendor (a guess) without case.
        return (yield from claimed(self.settings, {number, number.upper(), number.lower()}))

    def _found(self, number: str) -> Generator[Step | Owners, Any, Record | None]:
        rows: list[Record] = yield find(number, *self._both)
        if len(rows) > 1:
            raise RejectedError(f"OutSmart has {len(rows)} relations with number {number}.", reason="ambiguous")
        return rows[0] if rows else None

    def _written(self, record: Record, mapped: Mapped, effect: Effect, *, taken: bool) -> Course:
        """Post the record; one that got a new number leaves the old one."""
        warnings = yield from self._stored(record)
        if self.is_renumbered:
            yield from self._left_behind()
            effect = "replaced"
        return Applied(effect, record[KEY], mapped.dropped, warnings, taken)

    def _left_behind(self) -> Generator[Step | Owners, Any, None]:
        try:
            yield delete(self.live or "")
        except PermanentError as error:
            detail = f"The new number is there, {self.live} could not be deleted: {error.detail}"
            raise RejectedError(detail, reason=error.reason, code=error.code, applied_in_part=True) from error

    def _stored(self, record: Record) -> Generator[Step | Owners, Any, tuple[str, ...]]:
        """Post one record and return the warnings; a count that is not ours is looked at."""
        stored: Stored = yield post(record, *self._both)
        if stored.mismatch is None:
            return ()
        if self.settings.count_check == "verify":
            found = yield from self._found(record[KEY])
            if found is None or not shows(found, record, self.settings):
                raise RetryableError(f"OutSmart: {stored.mismatch}, and the record does not show it.")
        return (stored.mismatch,)
