"""Which link: a type, its parents and its children."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

Pair = tuple[int, int]

REMOTE_ID = re.compile(r"([A-Za-z0-9:]+)/(\d+(?:,\d+)*)/(\d+(?:,\d+)*)", re.ASCII)
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Triple:
    """A link at onOffice, which gives it no id of its own."""

    tail: str
    parents: tuple[int, ...]
    children: tuple[int, ...]

    @classmethod
    def of(cls, tail: str, pairs: Iterable[Pair]) -> "Triple":
        """Return the link of these pairs, which have one end in common."""
        ordered = sorted(pairs)
        parents = tuple(dict.fromkeys(parent for parent, _ in ordered))
        return cls(tail, parents, tuple(dict.fromkeys(child for _, child in ordered)))

    @classmethod
    def read(cls, remote_id: str) -> "Triple | None":
        """Return the link that a remote id names, None when it is no such id."""
        found = REMOTE_ID.fullmatch(remote_id)
        if found is None:
            return None
        parents, children = (tuple(map(int, ids.split(","))) for ids in found.group(2, 3))
        return cls(found[1], parents, children)

    @property
    def pairs(self) -> frozenset[Pair]:
        return frozenset((parent, child) for parent in self.parents for child in self.children)

    @property
    def keys(self) -> frozenset[str]:
        """What no request may name twice."""
        return frozenset(f"{self.tail}/{parent}/{child}" for parent, child in self.pairs)

    @property
    def remote_id(self) -> str:
        return "/".join((self.tail, *(",".join(map(str, sorted(ids))) for ids in (self.parents, self.children))))

    def __str__(self) -> str:
        return f"Link {self.tail}, parent {_shown(self.parents)}, child {_shown(self.children)}"


def _shown(ids: tuple[int, ...]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(map(str, ids[:SHOWN])) + more
