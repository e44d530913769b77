"""Dead letters, plans and histories as JSON; the same words as in the command line."""

import math
from collections.abc import Mapping
from typing import Any

from worker.dead_letters.plans import PlanView, Progress
from worker.dead_letters.reading import CaseFile, Cause
from worker.dead_letters.rehearsal import Rehearsal, Shown
from worker.journal.audit import Entry
from worker.journal.letters import Buried


def cause(one: Cause) -> dict[str, Any]:
    group = one.group
    return {
        "fingerprint": group.fingerprint,
        "reason": group.reason,
        "action": one.action,
        "count": group.count,
        "first_buried_at": group.first_buried_at.isoformat(),
        "last_buried_at": group.last_buried_at.isoformat(),
        "connections": list(group.connections),
        "sample": group.sample,
        "detail": group.detail,
    }


def letter(one: Buried) -> dict[str, Any]:
    return one.as_json() | {
        "closed_at": one.closed_at.isoformat() if one.closed_at else None,
        "closed_by": one.closed_by,
        "why": one.why,
    }


def case_file(one: CaseFile) -> dict[str, Any]:
    return letter(one.buried) | {"case": one.case, "replays": [each.as_json() for each in one.replays]}


def plan(one: PlanView) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state,
        "created_at": one.plan.created_at.isoformat(),
        "created_by": one.plan.created_by,
        "changed_at": one.plan.changed_at.isoformat(),
        "select": dict(one.document.select),
        **one.document.terms.as_json(),
    }


def progress(one: Progress) -> dict[str, Any]:
    return plan(one.view) | {
        "letters": one.letters,
        "ended": one.ended,
        "counts": dict(one.counts),
        "remaining": dict(one.connections),
        "per_minute": one.per_minute,
        "moved_at": one.moved_at.isoformat() if one.moved_at else None,
        "stalled": one.stalled,
    }


def rehearsal(one: Rehearsal) -> dict[str, Any]:
    return {
        "letters": one.letters,
        "connections": dict(one.connections),
        "along": one.along,
        "seconds": {name: finite(seconds) for name, seconds in one.seconds.items()},
        "verdicts": dict(one.verdicts),
        "shown": [shown(each) for each in one.shown],
    }


def finite(seconds: float | None) -> float | None:
    return None if seconds is None or math.isinf(seconds) else round(seconds, 1)


def shown(one: Shown) -> dict[str, Any]:
    request: Mapping[str, Any] | None = one.request
    return {
        "id": one.letter.id,
        "connection": one.letter.connection,
        "subject": one.letter.subject,
        "verdict": one.verdict,
        "detail": one.detail,
        "request": dict(request) if request is not None else None,
        "changes": [dict(each) for each in one.changes],
        "waits_for": one.waits_for,
    }


def entry(one: Entry) -> dict[str, Any]:
    return {"id": one.id, "at": one.at.isoformat(), "who": one.who, "action": one.action, "detail": one.detail}
