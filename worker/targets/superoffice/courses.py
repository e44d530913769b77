"""How a delivery walks at SuperOffice: create, update, delete."""

from collections.abc import Generator
from typing import Any

from schemas.relation import Link
from schemas.result import Effect
from worker.errors import RejectedError, UnsupportedError
from worker.targets.base import Applied, Course, Owners, Step, Task
from worker.targets.policy import FOUND_AFTERWARDS, GONE_AFTERWARDS, absent, claimed, deleted, not_found
from worker.targets.superoffice import calls
from worker.targets.superoffice.finding import Found, differing, find, look
from worker.targets.superoffice.mapping import Wish, named, relation_id, wish
from worker.targets.superoffice.settings import SuperOfficeSettings
from worker.targets.superoffice.sought import anew, fixed, lacking, sought

Part = Generator[Step | Owners, Any, Applied]

# What a find does not look at, and what an event can want to be otherwise.
COMPARED = frozenset({"Comment"})


def course(settings: SuperOfficeSettings, task: Task) -> Course:
    """Walk one delivery; raises `unmappable` before any call."""
    data = task.data
    if not isinstance(data, Link):
        raise UnsupportedError("SuperOffice ties companies; it takes no parties from us", reason="unsupported")
    if task.operation == "delete":
        return (yield from _delete(settings, task, data))
    created, live = task.operation == "create", _known(task) is not None
    wanted = wish(settings, data, whole=created, live=live)
    if created and not live:
        return (yield from _create(settings, task, wanted))
    if task.known.deleted:
        raise not_found("the link was deleted here; an update does not bring it back")
    return (yield from _update(settings, task, data, wanted))


def _known(task: Task) -> int | None:
    """Return the id that the journal knows as live."""
    known = task.known
    return None if known.deleted or known.remote_id is None else relation_id(known.remote_id)


def _create(settings: SuperOfficeSettings, task: Task, wanted: Wish) -> Part:
    ours = wanted.fields.get("RelationId")
    taken = False if ours is None else (yield from claimed(settings, (str(ours),)))
    if _looks_first(settings, task):
        found = yield from find(fixed(wanted.fields))
        if found is not None:
            return (yield from _existed(settings, task, wanted, found))
    relation = yield calls.create(wanted.fields)
    return Applied("created", relation, wanted.dropped, take_over=taken)


def _looks_first(settings: SuperOfficeSettings, task: Task) -> bool:
    """Whether a link may be there already that is to be made."""
    return task.in_doubt or settings.look_before_create == "always"


def _existed(settings: SuperOfficeSettings, task: Task, wanted: Wish, found: Found) -> Part:
    """Make a link that was there already what the event wants."""
    relation, entity = found
    effect: Effect = "existed"
    rest = differing(entity, {name: value for name, value in wanted.fields.items() if name in COMPARED})
    if rest:
        yield calls.update(settings, relation, rest, {}, None)
        effect = "updated"
    if task.in_doubt:
        return Applied("created", str(relation), wanted.dropped, (FOUND_AFTERWARDS,))
    return Applied(effect, str(relation), wanted.dropped)


def _update(settings: SuperOfficeSettings, task: Task, data: Link, wanted: Wish) -> Part:
    relation, taken = yield from _addressed(settings, task, data)
    if not wanted.fields:
        return Applied("unchanged", None if relation is None else str(relation), wanted.dropped, take_over=taken)
    aim = sought(wanted)
    if relation is not None:
        done = yield from _patched(settings, task, wanted, relation, taken=taken)
        if done is not None:
            return done
    found = yield from find(aim)
    if found is not None and found[0] != relation:
        done = yield from _patched(settings, task, wanted, found[0], taken=False)
        if done is not None:
            return done
    return (yield from _missing(settings, task, wanted))


def _addressed(
    settings: SuperOfficeSettings, task: Task, data: Link
) -> Generator[Step | Owners, Any, tuple[int | None, bool]]:
    """Return the id that journal or event give, and whether it is taken over from another relation."""
    known = _known(task)
    given = None if data.remote_id is None else relation_id(data.remote_id)
    if known is not None and given not in {None, known}:
        raise RejectedError(f"remote_id: the event says {given}, known here is {known}", reason="conflict")
    if known is not None or given is None:
        return known, False
    return given, (yield from claimed(settings, (str(given),)))


def _patched(
    settings: SuperOfficeSettings, task: Task, wanted: Wish, relation: int, *, taken: bool
) -> Generator[Step | Owners, Any, Applied | None]:
    """Change the link; return None when there is none of this id. After a doubt it is compared first."""
    step = calls.update(settings, relation, wanted.fields, wanted.before, wanted.since)
    if task.in_doubt and not step.repeatable:
        entity = yield from look(relation)
        if entity is None:
            return None
        if not differing(entity, wanted.fields):
            return Applied("updated", str(relation), wanted.dropped, (FOUND_AFTERWARDS,), taken)
    try:
        yield step
    except RejectedError as error:
        if error.reason != "not_found":
            raise
        return None
    return Applied("updated", str(relation), wanted.dropped, take_over=taken)


def _missing(settings: SuperOfficeSettings, task: Task, wanted: Wish) -> Part:
    """Do what the connection wants when the link to update is not there.

    It was searched for between the ends of `previous`, if there are any; what is made ties the new ones.
    """
    lack = lacking(wanted.fields)
    if settings.on_missing == "dead_letter" or lack:
        more = f", and the event lacks {lack} to make it" if lack else ""
        raise not_found(f"SuperOffice has no such link{more}")
    fields = anew(wanted.fields)
    found = (yield from find(fixed(fields))) if wanted.before and _looks_first(settings, task) else None
    if found is not None:
        return (yield from _existed(settings, task, wanted, found))
    relation = yield calls.create(fields)
    return Applied("created", relation, wanted.dropped)


def _delete(settings: SuperOfficeSettings, task: Task, data: Link) -> Part:
    """Delete the link that an id names, else the one between the event's ends.

    Where the id's link is gone, one between the same ends is another, which somebody else has made: it stays.
    """
    if task.known.deleted:
        return absent(settings, "the link was deleted here before")
    relation, is_taken = yield from _addressed(settings, task, data)
    taken = str(relation) if is_taken else None
    if relation is None:
        aim = named(settings, data)
        if lack := lacking(aim):
            return absent(settings, f"the link is not known here, and the event lacks {lack}")
        found = yield from find(aim)
        relation = None if found is None else found[0]
    if relation is not None and (yield from _deleted(relation)):
        return deleted(taken)
    if task.in_doubt:
        return deleted(taken, GONE_AFTERWARDS)
    return absent(settings, "SuperOffice has no such link")


def _deleted(relation: int) -> Generator[Step | Owners, Any, bool]:
    """Delete the link; return False when there is none of this id."""
    try:
        yield calls.delete(relation)
    except RejectedError as error:
        if error.reason != "not_found":
            raise
        return False
    return True
