"""The noun `dead`, where letters are sent again: plans and their progress."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.choosing import (
    Chosen,
    Connections,
    Fingerprints,
    Ids,
    Operations,
    Reasons,
    Since,
    Sources,
    Statuses,
    Subjects,
    Until,
    Why,
    Yes,
    served,
)
from worker.cli.exits import Exit, Problem
from worker.cli.ledger import person
from worker.cli.options import AsJson, ConfigFile
from worker.cli.output import note, say, show_fields, show_json, show_table

if TYPE_CHECKING:
    from worker.dead_letters.document import Patch, Terms
    from worker.dead_letters.plans import PlanView, Progress
    from worker.dead_letters.rehearsal import Rehearsal, Shown
    from worker.sending.quota import Quota

Plan = Annotated[str, typer.Argument(help="Its id, as `dead plans` tells it.")]
LEFT = "left as they were"
COLUMNS = ("plan", "state", "made", "by", "why")


def plan(
    ids: Ids = None,
    config: ConfigFile = None,
    *,
    why: Why = "",
    connection: Connections = None,
    reason: Reasons = None,
    subject: Subjects = None,
    source: Sources = None,
    fingerprint: Fingerprints = None,
    operation: Operations = None,
    status: Statuses = None,
    since: Since = None,
    until: Until = None,
    patch: Annotated[
        str | None, typer.Option("--patch", help="JSON Patch over the event, or @FILE that holds one.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also over newer state, and what was replayed too often.")
    ] = False,
    share: Annotated[float, typer.Option(min=0.0, max=0.99, help="Part of the quota taken from live traffic.")] = 0.0,
    rate: Annotated[str | None, typer.Option(help='Not faster than this: "5/s", "100/h".')] = None,
    canary: Annotated[int, typer.Option(min=0, help="So many go first; the rest only if they pass.")] = 3,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show requests and changes; write nothing.")] = False,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="So many letters of a dry run in detail.")] = 10,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Plan to send dead letters again; nothing is sent before `dead apply`."""
    wanted = Chosen(ids, connection, reason, subject, source, fingerprint, operation, status, since, until).filter()
    meant = terms(why or ("a look ahead" if dry_run else ""), patch, rate, force=force, share=share, canary=canary)
    if dry_run:
        told = served(config, lambda dead: dead.rehearse(wanted, meant, everything=yes, most=most))
        show_json(rehearsal_json(told)) if as_json else show_rehearsal(told)
        return
    made = served(config, lambda dead: dead.plan(wanted, meant, person(), everything=yes))
    told_plan(made, as_json=as_json, hint=f"to begin: relation-worker dead apply {made.id}")


def terms(why: str, patch: str | None, rate: str | None, *, force: bool, share: float, canary: int) -> "Terms":
    from worker.dead_letters.document import Terms
    from worker.dead_letters.errors import DeadLetterError

    try:
        return Terms(why, operations(patch), force, share, quota(rate), canary)
    except DeadLetterError as error:
        hint = 'say --why "..."' if not why.strip() else ""
        raise Problem(str(error), Exit.USAGE, hint=hint) from error


def operations(given: str | None) -> "Patch":
    """Return the patch as it stands on the command line, or in the file that is named there."""
    from worker.dead_letters.document import patch_of

    if given is None:
        return ()
    if not given.startswith("@"):
        return patch_of(given)
    try:
        return patch_of(Path(given[1:]).read_bytes())
    except OSError as error:
        raise Problem(f"{given[1:]} cannot be read: {error.strerror}", Exit.USAGE) from error


def quota(given: str | None) -> "Quota | None":
    from worker.sending.quota import Quota

    try:
        return Quota.parse(given) if given else None
    except ValueError as error:
        raise Problem(f"--rate: {error}", Exit.USAGE) from error


def apply(plan: Plan, config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Let a plan begin: its canary first, then the rest. A running worker does it."""
    begun = served(config, lambda dead: dead.apply(plan, person()))
    told_plan(begun, as_json=as_json, hint=f"to watch it: relation-worker dead progress {begun.id}")


def pause(plan: Plan, config: ConfigFile = None, *, why: Why = "", as_json: AsJson = False) -> None:
    """Offer no further letter of a plan; what is under way ends."""
    told_plan(served(config, lambda dead: dead.pause(plan, person(), why)), as_json=as_json)


def resume(plan: Plan, config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Go on with a paused plan."""
    told_plan(served(config, lambda dead: dead.resume(plan, person())), as_json=as_json)


def cancel(plan: Plan, config: ConfigFile = None, *, why: Why = "", as_json: AsJson = False) -> None:
    """End a plan for good; letters that are not under way stay as they are."""
    told_plan(served(config, lambda dead: dead.cancel(plan, person(), why)), as_json=as_json)


def plans(
    config: ConfigFile = None,
    *,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List plans, the newest first."""
    found = served(config, lambda dead: dead.plans(most))
    if as_json:
        show_json([plan_json(each) for each in found])
    elif found:
        show_table(COLUMNS, [plan_row(each) for each in found])
    else:
        note("no plans")


def progress(plan: Plan, config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Show how far a plan has come, and why it stands still if it does."""
    told = served(config, lambda dead: dead.progress(plan))
    if as_json:
        show_json(progress_json(told))
        return
    show_fields(progress_fields(told))
    if told.view.state == "canary_failed":
        note(
            "the first letters did not come through, so the rest was not sent: `relation-worker dead groups` tells why"
        )


def told_plan(view: "PlanView", *, as_json: bool, hint: str = "") -> None:
    if as_json:
        show_json(plan_json(view))
        return
    say(f"{view.id} {view.state}")
    if hint:
        note(hint)


def plan_row(view: "PlanView") -> tuple[Any, ...]:
    plan = view.plan
    return (plan.id, plan.state, plan.created_at, plan.created_by, view.document.terms.why)


def plan_json(view: "PlanView") -> dict[str, Any]:
    plan = view.plan
    return {
        "id": plan.id,
        "state": plan.state,
        "created_at": plan.created_at.isoformat(),
        "created_by": plan.created_by,
        "changed_at": plan.changed_at.isoformat(),
        **view.document.terms.as_json(),
        "select": dict(view.document.select),
        "along": len(view.document.along),
    }


def progress_fields(told: "Progress") -> list[tuple[str, Any]]:
    from worker.dead_letters.plans import OVER

    terms, is_over = told.view.document.terms, told.view.state in OVER
    coming = [f"{count} at {name}" for name, count in sorted(told.connections.items())]
    return [
        ("plan", told.view.id),
        ("state", told.view.state),
        ("why", terms.why),
        ("letters", f"{told.ended} of {told.letters}"),
        *((LEFT if is_over and state == "planned" else state, count) for state, count in sorted(told.counts.items())),
        ("to come", None if is_over else ", ".join(coming) or None),
        ("in the last minute", f"{told.per_minute:g}"),
        ("stands still", told.stalled),
    ]


def progress_json(told: "Progress") -> dict[str, Any]:
    return plan_json(told.view) | {
        "letters": told.letters,
        "ended": told.ended,
        "counts": dict(told.counts),
        "connections": dict(told.connections),
        "per_minute": told.per_minute,
        "moved_at": told.moved_at.isoformat() if told.moved_at else None,
        "stalled": told.stalled,
    }


def show_rehearsal(told: "Rehearsal") -> None:
    seconds = {name: "no idle quota" if each is None else f"{each:g} s" for name, each in told.seconds.items()}
    show_fields(
        [
            ("letters", told.letters),
            ("that wait for others", told.along or None),
            *((name, f"{count} letters, at least {seconds[name]}") for name, count in told.connections.items()),
        ]
    )
    for each in told.shown:
        say()
        show_fields(shown_fields(each))
    if told.letters > len(told.shown):
        note(f"{told.letters - len(told.shown)} more letters; --most shows more")


def shown_fields(each: "Shown") -> list[tuple[str, Any]]:
    request = each.request or {}
    call = f"{request['method'] or ''} {request['url']}".strip() if request else None
    return [
        ("dead letter", each.letter.id),
        ("connection", each.letter.connection),
        ("relation", each.letter.subject),
        ("would be", f"{each.verdict}: {each.detail}" if each.detail else each.verdict),
        ("waits for", each.waits_for),
        *(
            ("changed", f"{one['path']}: {told_value(one, 'before')} -> {told_value(one, 'after')}")
            for one in each.changes
        ),
        ("call", call),
        ("sends", request.get("request") or None),
    ]


def told_value(change: Mapping[str, Any], side: str) -> str:
    """Return what was changed in an event as its JSON has it on one side; null clears a field, nothing leaves it."""
    return json.dumps(change[side], ensure_ascii=False) if side in change else "nothing"


def rehearsal_json(told: "Rehearsal") -> dict[str, Any]:
    return {
        "letters": told.letters,
        "along": told.along,
        "connections": dict(told.connections),
        "seconds": dict(told.seconds),
        "verdicts": dict(told.verdicts),
        "shown": [
            {
                "id": each.letter.id,
                "connection": each.letter.connection,
                "subject": each.letter.subject,
                "verdict": each.verdict,
                "detail": each.detail,
                "waits_for": each.waits_for,
                "changes": [dict(one) for one in each.changes],
                "request": dict(each.request) if each.request else None,
            }
            for each in told.shown
        ],
    }
