"""Which connections an event is for."""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from schemas.cloudevent import Event
from worker.value import value

UNKNOWN = "target names no connection of ours: "  # begins the detail of a letter, and its name ends it
REMEMBERED = 1024  # sources and lists of names whose connections are kept at hand; an event can name any


@dataclass(frozen=True, slots=True)
class Route:
    """One connection as routing sees it; a disabled one is no other, its deliveries wait in the journal.

    `sources` and `subjects` are globs (`*`, `?`, `[...]`, case-sensitive) of which one must match; none: all.
    """

    name: str
    target: str
    kind: Literal["link", "party"]
    sources: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


@value
class Routed:
    """Where an event goes: to these; these names are no connections; these do not take its kind."""

    connections: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()

    @property
    def is_nobody(self) -> bool:
        """Whether no connection takes it, and none was named."""
        return not (self.connections or self.unknown or self.unsupported)


class Routes:
    """All connections of this installation."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {route.name: route for route in routes}
        self._sources = {route.name: compiled(route.sources) for route in self._routes.values()}
        self._subjects = {route.name: compiled(route.subjects) for route in self._routes.values()}
        self._remembered: dict[tuple[str, str], tuple[str, ...]] = {}
        self.named = lru_cache(REMEMBERED)(self._named)

    def route(self, event: Event) -> Routed:
        """Return where one event goes."""
        if event.target is not None:
            return self.named(event.target, event.kind)
        subject = event.subject
        names = self.takers(event.kind, event.source)
        return Routed(tuple(name for name in names if is_match(self._subjects[name], subject)))

    def target_of(self, name: str) -> str:
        """Return the kind of system behind a connection."""
        return self._routes[name].target

    def _named(self, names: tuple[str, ...], kind: str) -> Routed:
        """Return where an event goes that names its connections."""
        known = [self._routes[name] for name in names if name in self._routes]
        return Routed(
            tuple(route.name for route in known if route.kind == kind),
            tuple(name for name in names if name not in self._routes),
            tuple(route.name for route in known if route.kind != kind),
        )

    def takers(self, kind: str, source: str) -> tuple[str, ...]:
        """Return the connections that take this kind from this source."""
        key = (kind, source)
        if key not in self._remembered:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = tuple(
                route.name
                for route in self._routes.values()
                if route.kind == kind and is_match(self._sources[route.name], source)
            )
        return self._remembered[key]


def compiled(globs: Sequence[str]) -> re.Pattern[str] | None:
    """Return one pattern for all globs, None where everything matches."""
    return re.compile("|".join(fnmatch.translate(glob) for glob in globs)) if globs else None


def is_match(pattern: re.Pattern[str] | None, text: str) -> bool:
    """Say whether the pattern, if there is one, matches."""
    return pattern is None or pattern.match(text) is not None
