"""What was changed at a vendor: when, in which order, how often."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from worker.sandbox.clock import Clock

Kind = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Effect:
    """One write that the vendor took.

    `fields` is what was written and `changed` names those that differ from before: an update with nothing in
    `changed` left the state as it was. `call` is the number of the request, `reference` the client's own
    identifier where the vendor has one (onOffice). `moment` is monotonic, `at` seconds since 1970.
    """

    sequence: int
    call: int
    kind: Kind
    key: str
    fields: Mapping[str, Any]
    changed: tuple[str, ...]
    reference: str
    moment: float
    at: float

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def as_json(self) -> dict[str, Any]:
        return {
            "sequence": self.sequence,
            "call": self.call,
            "kind": self.kind,
            "key": self.key,
            "fields": dict(self.fields),
            "changed": list(self.changed),
            "reference": self.reference,
            "moment": self.moment,
            "time": self.time.isoformat(),
        }


class EffectLog:
    """The oracle: every effect in order; `keep` bounds the memory, the count goes on."""

    def __init__(self, clock: Clock, keep: int | None = None) -> None:
        self._clock = clock
        self._effects: deque[Effect] = deque(maxlen=keep)
        self.count = 0

    def record(
        self,
        call: int,
        kind: Kind,
        key: str,
        fields: Mapping[str, Any],
        *,
        changed: Iterable[str] | None = None,
        reference: str = "",
    ) -> None:
        """Note one effect; without `changed` all its fields count as changed."""
        self.count += 1
        self._effects.append(
            Effect(
                self.count,
                call,
                kind,
                key,
                fields,
                tuple(fields if changed is None else changed),
                reference,
                self._clock.monotonic(),
                self._clock.wall(),
            )
        )

    def all(self, *, after: int = 0) -> list[Effect]:
        """Return the effects later than the given sequence."""
        return [effect for effect in self._effects if effect.sequence > after]

    def of(self, key: str) -> list[Effect]:
        """Return the effects on one record."""
        return [effect for effect in self._effects if effect.key == key]

    def by_key(self) -> dict[str, list[Effect]]:
        """Return all effects, record by record."""
        found: dict[str, list[Effect]] = {}
        for effect in self._effects:
            found.setdefault(effect.key, []).append(effect)
        return found

    def clear(self) -> None:
        self._effects.clear()
        self.count = 0


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the fields of `after` that differ from `before`."""
    return tuple(name for name, value in after.items() if before.get(name) != value)
