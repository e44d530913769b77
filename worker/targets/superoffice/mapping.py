"""How an event about a link is said in SuperOffice's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from schemas.relation import EndPoint, Link, Previous
from worker.targets.mapping import dropped, native, unmappable
from worker.targets.superoffice.settings import SuperOfficeSettings

VERSION = "superoffice/1"

# https://docs.superoffice.com/en/api/reference/restful/rest/ContactRelation/, read 2026-01
IDS = ("SourceContactId", "SourcePersonId", "DestinationContactId", "DestinationPersonId", "RelationDefinitionId")
TIED = (*IDS, "Reversed")
ORDER = (*IDS, "Comment", "Reversed")
TEXTS = (
    "Comment",
    "UpdatedDate",
    "CreatedDate",
    "SourceContactName",
    "SourcePersonName",
    "DestinationContactName",
    "DestinationPersonName",
    "ActiveText",
    "PassiveText",
)
CARRIERS = ("CreatedBy", "UpdatedBy")
SINCE = "if_unmodified_since"
NUMBER = "RelationId"
NATIVE = frozenset((*ORDER, *TEXTS, *CARRIERS, SINCE, NUMBER))
# What an end is called in an event, and its company and person on the wire.
SOURCE = ("parents", "SourceContactId", "SourcePersonId")
DESTINATION = ("children", "DestinationContactId", "DestinationPersonId")

# https://docs.superoffice.com/en/database/tables/relations.html, read 2026-01; that the column counts UTF-16
# units is our guess, from what it is stored in.
COMMENT_LENGTH = 254
# Guesses: nobody says how a person or a text is cleared.
NO_PERSON = 0
NO_TEXT = ""
ID_MAX = 2_147_483_647
LAST_YEAR = 9998  # a second may be added

Wire = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """What an event wants: the wire fields it names, those the link had before, and what finds no place."""

    fields: Wire
    before: Wire
    since: datetime | None
    dropped: tuple[str, ...]


def wish(settings: SuperOfficeSettings, data: Link, *, whole: bool, live: bool) -> Wish:
    """Return what the event wants; raises `unmappable`.

    `whole`: a created event, which names all there is; `live`: the link is there already and will be changed.
    """
    given = native(data, "superoffice", NATIVE)
    since = _since(given[SINCE]) if SINCE in given else None
    fields = _canonical(settings, data, whole=whole, live=live)
    if given:
        fields = ordered(fields | _native(settings, given, whole=whole))
    stray = [SINCE] if whole and since is not None else []
    if live and fields.pop(NUMBER, None) is not None:  # a link keeps the id that it was made with
        stray.append(NUMBER)
    before = {} if data.previous is None else _ends(settings, data.previous, absent_person=None)
    return Wish(fields, before, None if whole else since, dropped(settings, _placeless(data, stray)))


def named(settings: SuperOfficeSettings, data: Link) -> Wire:
    """Return which link a deleted event names."""
    return _ends(settings, data, absent_person=None)


def relation_definition(settings: SuperOfficeSettings, name: str) -> int:
    """Return the id that a name of the connection's table, or digits, stand for."""
    if name in settings.relation_types:
        return settings.relation_types[name]
    if name.isascii() and name.isdecimal() and 0 < int(name) <= ID_MAX:
        return int(name)
    known = ", ".join(sorted(settings.relation_types)) or "none"
    raise unmappable(f"relation_type: {name!r} is not in relation_types ({known}) and no definition id")


def relation_id(text: str) -> int:
    """Return a remote id as the number that it is."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= ID_MAX):
        raise unmappable("remote_id: SuperOffice's are digits")
    return int(text)


def http_date(moment: datetime) -> str:
    """Return the moment for a header, which knows whole seconds only: up, so that our own change is not newer."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    return format_datetime(whole + timedelta(seconds=whole < moment), usegmt=True)


def ordered(fields: dict[str, Any]) -> dict[str, Any]:
    known = {name: fields[name] for name in ORDER if name in fields}
    return known | {name: fields[name] for name in fields if name not in known}


def _canonical(settings: SuperOfficeSettings, data: Link, *, whole: bool, live: bool) -> dict[str, Any]:
    fields = _ends(settings, data, absent_person=NO_PERSON if live or not whole else None)
    if data.comment is not None:
        fields["Comment"] = _comment("comment", data.comment)
    elif "comment" in data.model_fields_set and not whole:
        fields["Comment"] = NO_TEXT
    if data.direction is not None or whole:
        fields["Reversed"] = int(data.direction == "reversed")
    return fields


def _placeless(data: Link, stray: Sequence[str]) -> list[str]:
    """Return what the event names and SuperOffice has no place for; `stray`: native fields among it."""
    without = []
    if data.confirmation_status is not None:
        without.append("confirmation_status")
    if data.feedback_status is not None:
        without.append("feedback_status")
    without.extend(f"native.superoffice.{name}" for name in stray)
    return without


def _ends(settings: SuperOfficeSettings, data: Link | Previous, *, absent_person: int | None) -> dict[str, Any]:
    """Return the ends and the definition, in the order of the wire."""
    definition = None if data.relation_type is None else relation_definition(settings, data.relation_type)
    fields: dict[str, Any] = {}
    if data.parents is not None:
        _tie(fields, SOURCE, data.parents, absent_person)
    if data.children is not None:
        _tie(fields, DESTINATION, data.children, absent_person)
    if definition is not None:
        fields["RelationDefinitionId"] = definition
    return fields


def _tie(fields: dict[str, Any], names: tuple[str, str, str], given: Sequence[EndPoint], absent: int | None) -> None:
    """Note the company at one end, and the person (`absent`: what stands for none, if anything)."""
    name, contact, place = names
    if len(given) > 1:
        raise unmappable(f"{name}: SuperOffice ties one to one, send one event a link")
    fields[contact] = given[0].record_id
    person = given[0].person_id or absent
    if person is not None:
        fields[place] = person


def _native(settings: SuperOfficeSettings, given: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    fields = {}
    for name, value in given.items():
        if name == SINCE:
            continue
        if name == NUMBER and not (whole and settings.native_relation_id == "send"):
            raise unmappable("native.superoffice.RelationId: only on created, with native_relation_id = send")
        if value is None:
            if not whole:
                fields[name] = _cleared(name)
        else:
            fields[name] = _checked(name, value)
    return fields


def _cleared(name: str) -> Any:
    return None if name in CARRIERS else NO_TEXT if name in TEXTS else 0


def _checked(name: str, value: Any) -> Any:
    path = f"native.superoffice.{name}"
    if name in CARRIERS:
        if not isinstance(value, dict):
            raise unmappable(f"{path}: must be an object")
    elif name in TEXTS:
        if not isinstance(value, str):
            raise unmappable(f"{path}: must be text")
        if name == "Comment":
            _comment(path, value)
    elif not isinstance(value, int) or isinstance(value, bool) or not -ID_MAX - 1 <= value <= ID_MAX:
        raise unmappable(f"{path}: must be an integer of 32 bits")
    return value


def _comment(path: str, text: str) -> str:
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if length > COMMENT_LENGTH:
        raise unmappable(f"{path}: {length} characters, at most {COMMENT_LENGTH}")
    return text


def _since(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        whole = moment.astimezone(UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        whole = None
    if whole is None or whole.year > LAST_YEAR:
        raise unmappable(f"native.superoffice.{SINCE}: must be an RFC 3339 time stamp with offset")
    return whole
