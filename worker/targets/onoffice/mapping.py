"""How an event about a link is said in onOffice's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.link import EndPoint, Previous
from schemas.relation import Link
from worker.targets.mapping import dropped, native, unmappable
from worker.targets.onoffice.settings import OnOfficeSettings, tail
from worker.targets.onoffice.triple import Triple

VERSION = "onoffice/1"

# https://apidoc.onoffice.de/actions/datensatz-bearbeiten/relations/, read 2026-01
APPOINTMENT = "calendar:address"
CONFIRMATION: Mapping[str, str] = {
    "confirmed": "bestätigt",
    "sent": "gesendet",
    "cancelled": "gecancelt",
    "not_set": "nicht gesetzt",
}
FEEDBACK: Mapping[str, str] = {"active": "aktiv", "inactive": "inaktiv"}
STATUSES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "confirmation_status": ("statusTerminbestaetigung", CONFIRMATION),
    "feedback_status": ("statusTerminrueckmeldung", FEEDBACK),
}

Info = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ends:
    """What something says of a link; None: nothing of that member."""

    tail: str | None = None
    parents: tuple[int, ...] | None = None
    children: tuple[int, ...] | None = None

    def over(self, other: "Ends") -> "Ends":
        """Return these members, those of `other` where they lack."""
        return Ends(self.tail or other.tail, self.parents or other.parents, self.children or other.children)

    @property
    def lacking(self) -> tuple[str, ...]:
        members = (("relation_type", self.tail), ("parents", self.parents), ("children", self.children))
        return tuple(name for name, value in members if value is None)

    @property
    def triple(self) -> Triple | None:
        """The link, None when a member lacks; n:n is refused."""
        if self.tail is None or self.parents is None or self.children is None:
            return None
        if len(self.parents) > 1 and len(self.children) > 1:
            raise unmappable("parents and children: only one of them may hold several records (n:n)")
        return Triple(self.tail, self.parents, self.children)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an event wants: the link as it says, as it was before, its status, and what finds no place."""

    own: Ends
    previous: Ends | None
    info: Info
    statuses: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether nothing of the event concerns onOffice."""
        return self.own == Ends() and self.previous is None and not self.info


def wish(settings: OnOfficeSettings, data: Link) -> Wish:
    """Return what the event wants; raises `unmappable`."""
    if data.direction == "reversed":
        raise unmappable("direction: onOffice fixes it by the relation type, reversed is refused")
    own = ends(settings, data)
    before = None if data.previous is None else ends(settings, data.previous)
    statuses = tuple(name for name in STATUSES if getattr(data, name) is not None)
    canonical = {STATUSES[name][0]: STATUSES[name][1][getattr(data, name)] for name in statuses}
    return Wish(own, before, canonical | _native(data), statuses, dropped(settings, _without_place(data)))


def ends(settings: OnOfficeSettings, data: Link | Previous) -> Ends:
    """Return what the event, or its `previous`, says of the link."""
    kind = None if data.relation_type is None else relation_type(settings, data.relation_type)
    return Ends(kind, _ids(data.parents), _ids(data.children))


def relation_type(settings: OnOfficeSettings, name: str) -> str:
    """Return the tail that a name of the connection's table, or a native form, stands for."""
    if name in settings.relation_types:
        return settings.relation_types[name]
    try:
        return tail(name)
    except ValueError as error:
        known = ", ".join(sorted(settings.relation_types)) or "none"
        raise unmappable(f"relation_type: {name!r} is not in relation_types ({known}) and no onOffice type") from error


@dataclass(frozen=True, slots=True)
class Change:
    """The link as it was and as it shall be; None where nobody says which it is."""

    old: Triple | None
    new: Triple | None
    known: bool
    lacking: tuple[str, ...]


def change(wanted: Wish, known: Triple | None) -> Change:
    """Return from what to what the link changes: the journal's word counts first, then `previous`."""
    journal = Ends() if known is None else Ends(known.tail, known.parents, known.children)
    before = wanted.previous or Ends()
    after = wanted.own.over(journal).over(before)
    new = after.triple
    if new is not None and wanted.statuses and new.tail != APPOINTMENT:
        raise unmappable(f"{wanted.statuses[0]}: only links of type {APPOINTMENT} have one, not {new.tail}")
    return Change(known or before.over(wanted.own).triple, new, known is not None, after.lacking)


def _ids(given: tuple[EndPoint, ...] | None) -> tuple[int, ...] | None:
    return None if given is None else tuple(end.record_id for end in given)


def _native(data: Link) -> dict[str, str]:
    info: Any = native(data, "onoffice", ("relationinfo",)).get("relationinfo", {})
    if not isinstance(info, dict) or not all(isinstance(value, str) for value in info.values()):
        raise unmappable("native.onoffice.relationinfo: must be an object of strings")
    return info


def _without_place(data: Link) -> Iterator[str]:
    for name in ("comment", "remote_id"):
        if getattr(data, name) is not None:
            yield name
    for name in ("parents", "children"):
        if any(end.person_id is not None for end in getattr(data, name) or ()):
            yield f"{name}.person_id"
