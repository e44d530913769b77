"""The relations of an onOffice tenant: typed pairs without an id."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from worker.sandbox.effects import EffectLog, changes
from worker.sandbox.onoffice_types import (
    APPOINTMENT,
    DELETABLE,
    MODIFIABLE,
    READ_ONLY,
    RELATION_INFO,
    RELATION_TYPES,
    TYPE_PREFIX,
)

MOST_IDS = 500
NoHits = Literal["key", "object", "list"]
Info = Mapping[str, str]


class ActionError(Exception):
    """One action is refused with this code."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Rules:
    """What nobody documents, to be chosen: `on_existing` and `on_missing_delete` are codes, 0 is success."""

    records: Container[int] = range(1, 900_000)
    types: frozenset[str] = RELATION_TYPES
    modifiable: frozenset[str] = MODIFIABLE
    deletable: frozenset[str] = DELETABLE
    on_existing: int = 0
    on_missing_delete: int = 168
    undeletable: int = 168
    no_hits: NoHits = "key"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a change comes from: the number of the call and the client's identifier."""

    call: int
    reference: str
    effects: EffectLog = field(repr=False)


class Relations:
    """Pairs by type, found from both sides."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._infos: dict[tuple[str, int, int], dict[str, str]] = {}
        self._children: dict[tuple[str, int], dict[int, None]] = {}
        self._parents: dict[tuple[str, int], dict[int, None]] = {}

    def state(self) -> dict[str, dict[str, Any]]:
        return {
            key_of(*pair): {"type": pair[0], "parent": pair[1], "child": pair[2], "relationinfo": dict(info)}
            for pair, info in self._infos.items()
        }

    def create(self, parameters: Mapping[str, Any], source: Source) -> list[dict[str, Any]]:
        tail = self._type(parameters)
        if tail in READ_ONLY:
            raise ActionError(78)
        info = relation_info(parameters, tail, code=179)
        pairs = self._pairs(tail, parameters)
        existing = [pair for pair in pairs if pair in self._infos]
        if existing and self._rules.on_existing:
            raise ActionError(self._rules.on_existing)
        for pair in pairs:
            if pair not in self._infos:
                self._add(pair, info, source)
        return []

    def modify(self, parameters: Mapping[str, Any], source: Source) -> list[dict[str, Any]]:
        tail = self._type(parameters)
        if tail not in self._rules.modifiable:
            raise ActionError(182)
        pairs = self._pairs(tail, parameters)
        if any(pair not in self._infos for pair in pairs):
            raise ActionError(180)
        info = relation_info(parameters, tail, code=181)
        if tail == APPOINTMENT and not info:
            raise ActionError(181)
        for pair in pairs:
            before = self._infos[pair]
            changed = changes(before, info)
            before.update(info)
            source.effects.record(
                source.call, "update", key_of(*pair), info, changed=changed, reference=source.reference
            )
        return [done()]

    def delete(self, parameters: Mapping[str, Any], source: Source) -> list[dict[str, Any]]:
        tail = self._type(parameters)
        pair = (tail, single(parameters, "parentid"), single(parameters, "childid"))
        if tail not in self._rules.deletable:
            raise ActionError(self._rules.undeletable)
        if pair in self._infos:
            self._remove(pair, source)
        elif self._rules.on_missing_delete:
            raise ActionError(self._rules.on_missing_delete)
        return [done()]

    def related(self, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Answer get on idsfromrelation: the other side of each id asked for, as strings."""
        tail = self._type(parameters)
        parents, children = several(parameters, "parentids"), several(parameters, "childids")
        if bool(parents) == bool(children):
            raise ActionError(167)
        index = self._children if parents else self._parents
        found = {str(asked): [str(other) for other in index.get((tail, asked), ())] for asked in parents or children}
        return [{"id": "relatedIds", "type": "", "elements": self._elements(found)}]

    def _elements(self, found: dict[str, list[str]]) -> dict[str, list[str]] | list[str]:
        hits = {asked: others for asked, others in found.items() if others}
        if self._rules.no_hits == "key":
            return found
        return hits if hits or self._rules.no_hits == "object" else []

    def _type(self, parameters: Mapping[str, Any]) -> str:
        urn = parameters.get("relationtype")
        if not isinstance(urn, str) or not urn.startswith(TYPE_PREFIX):
            raise ActionError(132)
        tail = urn.removeprefix(TYPE_PREFIX)
        if tail not in self._rules.types:
            raise ActionError(132)
        return tail

    def _pairs(self, tail: str, parameters: Mapping[str, Any]) -> list[tuple[str, int, int]]:
        parents, children = several(parameters, "parentid"), several(parameters, "childid")
        if not parents or not children:
            raise ActionError(167)
        if len(parents) > 1 and len(children) > 1:
            raise ActionError(219)
        if any(record not in self._rules.records for record in (*parents, *children)):
            raise ActionError(80)
        return [(tail, parent, child) for parent in parents for child in children]

    def _add(self, pair: tuple[str, int, int], info: Info, source: Source) -> None:
        tail, parent, child = pair
        self._infos[pair] = dict(info)
        self._children.setdefault((tail, parent), {})[child] = None
        self._parents.setdefault((tail, child), {})[parent] = None
        fields = {"parent": parent, "child": child, **info}
        source.effects.record(source.call, "create", key_of(*pair), fields, reference=source.reference)

    def _remove(self, pair: tuple[str, int, int], source: Source) -> None:
        tail, parent, child = pair
        del self._infos[pair]
        del self._children[tail, parent][child]
        del self._parents[tail, child][parent]
        fields = {"parent": parent, "child": child}
        source.effects.record(source.call, "delete", key_of(*pair), fields, reference=source.reference)


def key_of(tail: str, parent: int, child: int) -> str:
    return f"{tail}/{parent}/{child}"


def done() -> dict[str, Any]:
    return {"id": 0, "type": "", "elements": {"success": "success"}}


def several(parameters: Mapping[str, Any], name: str) -> list[int]:
    """Read one id or an array of them; an empty array counts as absent."""
    given = parameters.get(name)
    if given is None or given == "":
        return []
    ids = [record_id(each) for each in (given if isinstance(given, list) else [given])]
    if len(ids) > MOST_IDS:
        raise ActionError(302)
    return list(dict.fromkeys(ids))


def single(parameters: Mapping[str, Any], name: str) -> int:
    given = parameters.get(name)
    if given is None:
        raise ActionError(167)
    if isinstance(given, list):
        raise ActionError(187)
    return record_id(given)


def record_id(given: Any) -> int:
    if isinstance(given, str) and given.isdecimal():
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int):
        raise ActionError(228)
    if given < 1:
        raise ActionError(185)
    return given


def relation_info(parameters: Mapping[str, Any], tail: str, *, code: int) -> Info:
    """Read relationinfo: only appointments have any; PHP sends an empty map as an empty list."""
    given = parameters.get("relationinfo") or {}
    if not isinstance(given, dict):
        raise ActionError(code)
    if given and tail != APPOINTMENT:
        raise ActionError(code)
    for name, value in given.items():
        allowed = RELATION_INFO.get(name, frozenset())
        if not isinstance(value, str) or value not in allowed:
            raise ActionError(code)
    return given
