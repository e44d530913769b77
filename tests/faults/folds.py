"""Retells what was applied, never told because the worker was cut off, and then folded into a later event."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Event = Mapping[str, Any]
Version = tuple[str, int]  # relation, version


def retold(results: Iterable[Event], written: Mapping[Version, Sequence[Event]]) -> Iterator[Event]:
    """Yield results; an absorbed event that a vendor shows all the same is told as applied, once.

    After a crash nobody knows that an event had been applied whose call may be repeated: it folds like any other, and
    is told as merged or cancelled. `written` are the real changes that bear a version. What was written twice, or by
    an event that was told as stale, stays untold, and so one too many.
    """
    before: dict[str, str | None] = {}
    for result in results:
        subject = result["subject"]
        told = (
            shown(result, written, before.get(subject))
            if is_absorbed(result)
            else corrected(result, before.get(subject))
        )
        if told["type"] == "relation.applied":
            before[subject] = told["data"]["remote_id"]
        yield told


def is_absorbed(result: Event) -> bool:
    return result["type"] == "relation.superseded" and result["data"]["superseded"]["why"] in {"merged", "cancelled"}


def shown(result: Event, written: Mapping[Version, Sequence[Event]], before: str | None) -> Event:
    """Return an absorbed event's result as that of the change which bears its version, if there is one."""
    changes = written.get(version(result), ())
    if not changes:
        return result
    key, kind = changes[0]["key"], changes[0]["kind"]
    effect = "updated" if kind == "update" else "created" if before in {None, key} else "replaced"
    data = {**result["data"], "effect": effect, "remote_id": key}
    return {**result, "type": "relation.applied", "data": data}


def corrected(result: Event, before: str | None) -> Event:
    """Return a carrier's result; what an absorbed event had created by then, it has only updated."""
    data = result["data"]
    if data.get("effect") != "created" or before is None or data["remote_id"] != before:
        return result
    return {**result, "data": {**data, "effect": "updated"}}


def version(result: Event) -> Version:
    """Read a relation's version out of its event's name."""
    return result["subject"], int(result["data"]["event"]["id"].rpartition("-v")[2])


def by_version(
    effects: Iterable[Event], subject_of: Callable[[Event], str], version_of: Callable[[Event], int | None]
) -> dict[Version, list[Event]]:
    """Return the changes that bear a version."""
    found: defaultdict[Version, list[Event]] = defaultdict(list)
    for effect in effects:
        number = version_of(effect)
        if number is not None:
            found[subject_of(effect), number].append(effect)
    return dict(found)
