"""How a delivery walks at onOffice: create, update, delete."""

from collections.abc import Generator
from typing import Any

from schemas.relation import Link
from schemas.result import Effect
from worker.errors import RejectedError, UnsupportedError
from worker.targets.base import Applied, Course, Owners, Step, Task
from worker.targets.onoffice.codes import LINK_UNKNOWN, says
from worker.targets.onoffice.errand import Errand
from worker.targets.onoffice.mapping import Change, Ends, Wish, change, ends, wish
from worker.targets.onoffice.replacing import replace
from worker.targets.onoffice.settings import OnOfficeSettings
from worker.targets.onoffice.triple import Triple
from worker.targets.policy import FOUND_AFTERWARDS, GONE_AFTERWARDS, absent, claimed, deleted, not_found

Part = Generator[Step | Owners, Any, Applied]


def course(settings: OnOfficeSettings, task: Task) -> Course:
    """Walk one delivery; raises `unmappable` before any call."""
    data = task.data
    if not isinstance(data, Link):
        raise UnsupportedError("onOffice ties records; it takes no parties from us", reason="unsupported")
    if task.operation == "delete":
        return (yield from _delete(settings, task, data))
    wanted = wish(settings, data)
    errand = Errand(settings, task)
    if task.operation == "create" and _known(task) is None:
        return (yield from _create(errand, wanted))
    return (yield from _update(errand, wanted))


def _known(task: Task) -> Triple | None:
    """Return the link that the journal knows as live."""
    known = task.known
    return None if known.deleted or known.remote_id is None else Triple.read(known.remote_id)


def _create(errand: Errand, wanted: Wish) -> Part:
    link = change(wanted, None).new
    assert link is not None, "a created event names type, parents and children"
    taken = yield from claimed(errand.settings, (link.remote_id,))
    missing = link.pairs
    if errand.task.in_doubt or errand.settings.look_before_create == "always":
        missing -= yield from errand.look(link)
    if missing and (yield from errand.add(link.tail, missing, wanted.info)):
        return Applied("created", link.remote_id, wanted.dropped, take_over=taken)
    return (yield from _existed(errand, wanted, link, taken=taken))


def _existed(errand: Errand, wanted: Wish, link: Triple, *, taken: bool) -> Part:
    """Give a link that was there already the status that the event wants."""
    effect: Effect = "existed"
    warnings: tuple[str, ...] = ()
    if wanted.info:
        try:
            yield from errand.modify(link, wanted.info)
            effect = "updated"
        except UnsupportedError as error:
            warnings = (f"the status was not set: {error.detail}",)
    if errand.task.in_doubt:
        effect, warnings = "created", (FOUND_AFTERWARDS, *warnings)
    return Applied(effect, link.remote_id, wanted.dropped, warnings, take_over=taken)


def _update(errand: Errand, wanted: Wish) -> Part:
    if errand.task.known.deleted and errand.task.operation == "update":
        raise not_found("the link was deleted here; an update does not bring it back")
    known = _known(errand.task)
    if known is None and wanted.is_nothing:
        return Applied("unchanged", None, wanted.dropped)
    changed = change(wanted, known)
    if changed.new is None or changed.old is None:
        raise not_found(f"the link is not known here, and the event lacks {', '.join(changed.lacking)}")
    ids = {changed.new.remote_id, changed.old.remote_id} - {errand.task.known.remote_id}
    taken = yield from claimed(errand.settings, ids)
    effect, warnings = yield from _changed(errand, wanted, changed, changed.old, changed.new)
    return Applied(effect, changed.new.remote_id, wanted.dropped, warnings, take_over=taken)


Done = tuple[Effect, tuple[str, ...]]


def _changed(
    errand: Errand, wanted: Wish, changed: Change, old: Triple, new: Triple
) -> Generator[Step | Owners, Any, Done]:
    """Choose the row of the table of updates (contract.md 3.1)."""
    if old.keys != new.keys:
        return (yield from replace(errand, wanted, old, new))
    if wanted.info:
        return (yield from _set_status(errand, wanted, new))
    if changed.known and not errand.task.known.doubtful:
        return "unchanged", ()
    return (yield from _verify(errand, wanted, new))


def _set_status(errand: Errand, wanted: Wish, link: Triple) -> Generator[Step | Owners, Any, Done]:
    """Modify the link; where its type takes no modify, an event that says `previous` allows to replace it."""
    try:
        yield from errand.modify(link, wanted.info)
    except RejectedError as error:
        if not says(error, LINK_UNKNOWN):
            raise
        return (yield from _missing(errand, wanted, link, error.detail))
    except UnsupportedError:
        if wanted.previous is None:
            raise
        return (yield from replace(errand, wanted, link, link))
    return "updated", ()


def _verify(errand: Errand, wanted: Wish, link: Triple) -> Generator[Step | Owners, Any, Done]:
    """Make sure that a link is there which the journal does not know."""
    missing = link.pairs - (yield from errand.look(link))
    if missing == link.pairs:
        return (yield from _missing(errand, wanted, link, f"it is not there. {link}."))
    if missing:
        yield from errand.add(link.tail, missing, wanted.info)
        return "updated", ()
    return ("created", (FOUND_AFTERWARDS,)) if errand.task.in_doubt else ("unchanged", ())


def _missing(errand: Errand, wanted: Wish, link: Triple, detail: str) -> Generator[Step | Owners, Any, Done]:
    """Do what the connection wants when the link to update is not there."""
    if errand.settings.on_missing == "dead_letter":
        raise not_found(detail)
    yield from errand.add(link.tail, link.pairs, wanted.info)
    return "created", ()


def _delete(settings: OnOfficeSettings, task: Task, data: Link) -> Part:
    if task.known.deleted:
        return absent(settings, "the link was deleted here before")
    known = _known(task)
    said: Ends = ends(settings, data) if known is None else Ends()
    link = known or said.triple
    if link is None:
        lack = ", ".join(said.lacking)
        return absent(
            settings, f"the link is not known here, and the event lacks {lack}", f"no link named: {lack} lack"
        )
    is_taken = known is None and (yield from claimed(settings, (link.remote_id,)))
    taken = link.remote_id if is_taken else None
    removed = yield from Errand(settings, task).remove(link.tail, link.pairs)
    if removed:
        return deleted(taken)
    if task.in_doubt:
        return deleted(taken, GONE_AFTERWARDS)
    return absent(settings, f"it is not there. {link}.")
