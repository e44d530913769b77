"""Holds what the vendors show against what the results say, and counts."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

from tests.faults.events import FIRST_CHILD, VERSIONS
from tests.faults.folds import Version, by_version, retold
from tests.faults.row import Row
from worker.demo.oracle import Change, Key, Shown, Told, is_birth, mismatches, pairs

WRITTEN = re.compile(r"\w+-\d+ v(\d+)")
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one connection at the end; `cut_off`: a worker may have died between call and outcome."""

    target: str
    results: Sequence[Event]
    effects: Sequence[Event]
    records: Iterable[str]
    journal: Mapping[Key, str | None]
    cut_off: bool = False


def judge(row: Row, evidence: Evidence) -> list[str]:
    """Add one connection's counts to the row; return in words what does not agree."""
    doubtful = set(doubted(evidence))
    if evidence.cut_off:
        evidence = replace(evidence, results=[*retold(evidence.results, written_by(evidence))])
    evidence = replace(evidence, results=[*heard(evidence)])
    told = Told()
    for result in evidence.results:
        told.hear(result, evidence.target)
    made = Counter(change(effect) for effect in evidence.effects if effect["key"] not in doubtful)
    real = Counter(change(effect) for effect in evidence.effects if is_real(effect) and effect["key"] not in doubtful)
    row.lost += sum(max(0, count - made[each]) for each, count in told.changes.items() if each[0] not in doubtful)
    row.duplicate_calls += sum(max(0, count - told.changes[each]) for each, count in made.items())
    row.duplicate_effects += sum(max(0, count - told.changes[each]) for each, count in real.items())
    row.out_of_order += sum(misplaced(evidence.target, evidence.effects))
    shown = Shown(evidence.effects, evidence.records)
    found = mismatches(evidence.target, evidence.results, shown, evidence.journal)
    return [f"{evidence.target}: {each}" for each in found if not any(key in each for key in doubtful)]


def heard(evidence: Evidence) -> Iterator[Event]:
    """Yield what was told as applied; a deletion that was found done, and that somebody made, was ours."""
    made = {effect["key"] for effect in evidence.effects if effect["kind"] == "delete"}
    before: dict[str, str | None] = {}
    for result in evidence.results:
        if result["type"] != "relation.applied":
            continue
        data, subject = result["data"], result["subject"]
        was = set(pairs(evidence.target, before.get(subject)))
        before[subject] = data["remote_id"] or before.get(subject)
        is_ours = data["effect"] == "absent" and bool(was & made)
        yield {**result, "data": {**data, "effect": "deleted"}} if is_ours else result


def doubted(evidence: Evidence) -> Iterator[str]:
    """Yield the records of relations with a dead letter that says itself that it may have been applied."""
    subjects = {
        result["subject"]
        for result in evidence.results
        if result["type"] == "relation.dead_lettered" and result["data"].get("maybe_applied")
    }
    for effect in evidence.effects:
        if subject_of(evidence.target, effect) in subjects:
            yield effect["key"]


def written_by(evidence: Evidence) -> dict[Version, list[Event]]:
    """Return the real changes by the version that they wrote."""
    target = evidence.target
    real = (effect for effect in evidence.effects if is_real(effect) and effect["kind"] != "delete")
    return by_version(real, partial(subject_of, target), partial(version_of, target))


def change(effect: Event) -> Change:
    return effect["key"], effect["kind"]


def is_real(effect: Event) -> bool:
    return bool(effect["changed"]) or is_birth(effect)


def misplaced(target: str, effects: Iterable[Event]) -> Iterator[int]:
    """Yield, for each relation, how many changes came after a later version had been written."""
    versions: dict[str, list[int]] = defaultdict(list)
    for effect in effects:
        version = version_of(target, effect)
        if is_real(effect) and version is not None and effect["kind"] != "delete":
            versions[subject_of(target, effect)].append(version)
    for written in versions.values():
        yield sum(later < earlier for earlier, later in pairwise(written))


def version_of(target: str, effect: Event) -> int | None:
    """Return the version that an effect wrote."""
    if target == "onoffice":
        return (int(effect["key"].rpartition("/")[2]) - FIRST_CHILD) % VERSIONS
    found = written(effect)
    return int(found[1]) if found else None


def subject_of(target: str, effect: Event) -> str:
    """Return the relation that an effect is about; a record's key where it does not say."""
    if target == "onoffice":
        return f"onoffice-{(int(effect['key'].rpartition('/')[2]) - FIRST_CHILD) // VERSIONS}"
    found = written(effect)
    return found[0].partition(" ")[0] if found else str(effect["key"])


def written(effect: Event) -> re.Match[str] | None:
    texts = (value for value in effect["fields"].values() if isinstance(value, str))
    return next((found for text in texts if (found := WRITTEN.fullmatch(text))), None)
