"""Holds what the vendors were changed to against what the results say."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, str]  # source, subject
Change = tuple[str, str]  # record at the vendor, kind of change


@dataclass(frozen=True, slots=True)
class Shown:
    """One vendor as it is: every change in order (`kind`, `key`, `changed`), and the records that it holds."""

    effects: Sequence[Mapping[str, Any]]
    records: Iterable[str]


@dataclass(slots=True)
class Told:
    """What the results of one connection add up to."""

    changes: Counter[Change] = field(default_factory=Counter)
    records: dict[Key, str | None] = field(default_factory=dict)

    def hear(self, result: Mapping[str, Any], target: str) -> None:
        """Add one `relation.applied` event."""
        data = result["data"]
        key = (data["event"]["source"], data["event"]["subject"])
        before, after = self.records.get(key), data["remote_id"]
        gone, came = set(pairs(target, before)), set(pairs(target, after))
        match data["effect"]:
            case "created":
                self._add("create", came)
            case "updated":
                self._add("update", came)
            case "replaced":
                self._add("delete", gone - came)
                self._add("create", came - gone)
            case "deleted":
                self._add("delete", gone)
            case "deactivated":
                self._add("update", gone)
        self.records[key] = None if data["effect"] in {"deleted", "absent"} else after or before

    def _add(self, kind: str, records: Iterable[str]) -> None:
        self.changes.update((record, kind) for record in records)

    def live(self, target: str) -> set[str]:
        """Return the records that must be there now."""
        return {record for remote_id in self.records.values() for record in pairs(target, remote_id)}


def mismatches(
    target: str, results: Iterable[Mapping[str, Any]], shown: Shown, journal: Mapping[Key, str | None]
) -> list[str]:
    """Return what does not agree, in words; nothing: every change was asked for, once.

    `results` are the connection's result events in the order in which they were told, `journal` the remote id
    of every relation that the journal takes for live (None: deleted).
    """
    told = Told()
    for result in results:
        if result["type"] == "relation.applied":
            told.hear(result, target)
    return [
        *changes(told, shown.effects),
        *records(told.live(target), set(shown.records), "vendor"),
        *records(told.live(target), {each for held in journal.values() for each in pairs(target, held)}, "journal"),
    ]


def changes(told: Told, effects: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield every change that lacks, and every one too many; writing the same again changes nothing."""
    made = Counter((effect["key"], effect["kind"]) for effect in effects)
    real = Counter((effect["key"], effect["kind"]) for effect in effects if effect["changed"] or is_birth(effect))
    for change in sorted(told.changes.keys() | real.keys()):
        record, kind = change
        if made[change] < told.changes[change]:
            yield f"{kind} of {record}: told {told.changes[change]} times, made {made[change]} times"
        if real[change] > told.changes[change]:
            yield f"{kind} of {record}: made {real[change]} times, told {told.changes[change]} times"


def is_birth(effect: Mapping[str, Any]) -> bool:
    """Say whether the change made or ended a record, which is one whatever fields it names."""
    return bool(effect["kind"] != "update")


def records(told: set[str], found: set[str], where: str) -> Iterator[str]:
    """Yield every record that is only in one of the two."""
    yield from (f"{record} lacks in the {where}" for record in sorted(told - found))
    yield from (f"{record} is in the {where}, and no result says so" for record in sorted(found - told))


def pairs(target: str, remote_id: str | None) -> Iterator[str]:
    """Yield the records of one remote id: at onOffice a relation is a set of pairs."""
    if remote_id is None:
        return
    if target != "onoffice":
        yield remote_id
        return
    kind, parents, children = remote_id.rsplit("/", 2)
    for parent in parents.split(","):
        for child in children.split(","):
            yield f"{kind}/{parent}/{child}"
