"""Two waiting events of one relation as one (contract.md 2.5)."""

from typing import Any

from pydantic import ValidationError

from schemas.link import KEY, Link
from schemas.party import Party

Values = dict[str, Any]

IDENTITY = ("kind", "party_type", "remote_id", "customer_number")
PLACE = ("remote_id", "customer_number", *KEY)


def merged(earlier: Link | Party, later: Link | Party) -> Link | Party | None:
    """Return what brings both in one call, of the class that says what to do; None: these two do not fold.

    They do not where one call could not leave the target as two would: another record is meant, a patch fills
    again what the one before cleared as a whole, a created party would lose its name, or both ends of a link
    would hold several records.
    """
    before, after = values(earlier), values(later)
    if any(differ(before, after, name) for name in IDENTITY):
        return None
    match (earlier.rules.operation, later.rules.operation):
        case ("create" | "update", "update"):
            return updated(earlier, before, after)
        case ("create" | "update", "delete"):
            return valid(type(later), after | place(before))
        case _:
            return None


def differ(before: Values, after: Values, name: str) -> bool:
    """Say whether both events name a field, and not the same value."""
    return name in before and name in after and before[name] != after[name]


def updated(earlier: Link | Party, before: Values, after: Values) -> Link | Party | None:
    """Return created or complete data, or a patch, with a later update worked in."""
    if after.get("complete"):
        return made(earlier, {name: before[name] for name in ("remote_id",) if name in before} | after)
    if is_patch(earlier) and refills(before, after):
        return None
    result = patched(without_partner(before, after), after)
    if isinstance(earlier, Link):
        result.pop("previous", None)
        result |= previous(before, after, result)
    return made(earlier, result)


def place(before: Values) -> Values:
    """Return where the target shows the relation as the earlier event leaves it, or found it."""
    known: Values = {name: before[name] for name in PLACE if name in before}
    shown: Values = before.get("previous", {})
    return known | shown


def values(data: Link | Party) -> Values:
    """Return the fields that an event names, null or not."""
    return data.model_dump(exclude_unset=True)


def made(earlier: Link | Party, result: Values) -> Link | Party | None:
    """Return the data as the earlier event's operation has it; what is created was nothing before."""
    if earlier.rules.operation == "create":
        result = {name: value for name, value in result.items() if name not in {"complete", "previous"}}
    return valid(type(earlier), result)


def valid(model: type[Link] | type[Party], result: Values) -> Link | Party | None:
    """Return the model of these values, None where they break its rules."""
    try:
        return model.model_validate(result)
    except ValidationError:
        return None


def is_patch(data: Link | Party) -> bool:
    """Say whether what is absent shall stay."""
    return data.rules.operation == "update" and not (isinstance(data, Party) and data.complete)


def patched(target: Any, patch: Any) -> Any:
    """Return the RFC 7396 merge of two values, with each null kept."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        result[name] = patched(result.get(name), value)
    return result


def refills(before: Any, after: Any) -> bool:
    """Say whether a patch gives members to an object that the one before cleared as a whole."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return False
    return any(
        isinstance(value, dict) and name in before and (before[name] is None or refills(before[name], value))
        for name, value in after.items()
    )


def without_partner(before: Values, after: Values) -> Values:
    """Return the earlier fields; its salutation goes when later names come without one."""
    if "honorific_prefix" in after or "family_name" not in after:
        return before
    return {name: value for name, value in before.items() if name != "honorific_prefix"}


def previous(before: Values, after: Values, result: Values) -> Values:
    """Return what the target shows of the link before both: as the earlier event says, else the later."""
    first, second = before.get("previous", {}), after.get("previous", {})
    shown = {}
    for name in KEY:
        value = first.get(name, before.get(name, second.get(name)))
        if value is not None and (name in first or name in second or value != result.get(name)):
            shown[name] = value
    return {"previous": shown} if shown or "previous" in before or "previous" in after else {}
