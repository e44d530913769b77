"""What mappings of all targets have in common."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.relation import Link, Party
from worker.errors import UnsupportedError
from worker.targets.options import ConnectionSettings


def unmappable(detail: str) -> UnsupportedError:
    """Return the error of a value without an expression at the target (contract.md 3.0, rule 2)."""
    return UnsupportedError(detail, reason="unmappable")


def dropped(settings: ConnectionSettings, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the fields without a place at the target; refused where the connection wants that (rule 1)."""
    found = tuple(paths)
    if found and settings.unsupported_fields == "refuse":
        raise unmappable(f"{', '.join(found)}: no place at this target, and unsupported_fields is refuse")
    return found


def native(data: Link | Party, target: str, allowed: Iterable[str]) -> Mapping[str, Any]:
    """Return the fields meant for this target alone; unknown and protected names are refused."""
    if not data.native:
        return {}
    fields: Mapping[str, Any] = dict(data.native.get(target) or {})  # type: ignore[call-overload] # a target's name
    unknown = sorted(set(fields) - set(allowed))
    if unknown:
        raise unmappable(f"native.{target}.{unknown[0][:64]!s}: unknown here, or not to be set by an event")
    return fields
