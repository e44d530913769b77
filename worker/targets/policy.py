"""What a connection wants done where a relation is missing, or belongs to another."""

from collections.abc import Generator, Iterable

from worker.errors import RejectedError
from worker.targets.base import Applied, Owners
from worker.targets.options import ConnectionSettings

FOUND_AFTERWARDS = "found after an unknown outcome"
GONE_AFTERWARDS = "found gone after an unknown outcome"


def not_found(detail: str) -> RejectedError:
    return RejectedError(detail, reason="not_found")


def claimed(settings: ConnectionSettings, remote_ids: Iterable[str]) -> Generator[Owners, frozenset[str], bool]:
    """Return whether one of the remote ids is taken over from another relation; raises `conflict`."""
    ids = tuple(sorted(set(remote_ids)))
    owned = (yield Owners(ids)) if ids else frozenset()
    if owned and settings.on_taken == "dead_letter":
        raise RejectedError(f"{min(owned)} belongs to another relation here", reason="conflict")
    return bool(owned)


def deleted(taken: str | None, *warnings: str) -> Applied:
    """Return the outcome of a deletion; `taken` is the remote id of what was another relation's until now."""
    return Applied("deleted", taken, warnings=warnings, take_over=taken is not None)


def absent(settings: ConnectionSettings, detail: str, *warnings: str) -> Applied:
    """Return the outcome of deleting what is not there; raises `not_found` where that is wanted."""
    if settings.on_missing_delete == "dead_letter":
        raise not_found(detail)
    return Applied("absent", warnings=warnings)
