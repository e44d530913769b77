"""The noun `dead`: dead letters, as people read them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli import closing, replaying
from worker.cli.choosing import (
    Chosen,
    Connections,
    Fingerprints,
    Operations,
    Reasons,
    Since,
    Sources,
    Statuses,
    Subjects,
    Until,
    none_here,
    served,
)
from worker.cli.options import AsJson, ConfigFile
from worker.cli.output import moment, note, say, show_fields, show_json, show_table

if TYPE_CHECKING:
    from worker.dead_letters.reading import Replayed
    from worker.journal.letters import Buried

app = typer.Typer(help="Look at dead letters, send them again, give them up.", no_args_is_help=True)
app.command()(closing.groups)


@app.command("list")
def list_(
    config: ConfigFile = None,
    *,
    connection: Connections = None,
    reason: Reasons = None,
    subject: Subjects = None,
    source: Sources = None,
    fingerprint: Fingerprints = None,
    operation: Operations = None,
    status: Statuses = None,
    since: Since = None,
    until: Until = None,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List open dead letters, those buried last first."""
    wanted = Chosen(None, connection, reason, subject, source, fingerprint, operation, status, since, until).filter()
    found = served(config, lambda dead: dead.page(wanted, most + 1))
    if as_json:
        show_json([one.as_json() for one in found[:most]])
    elif found:
        columns = ("id", "connection", "relation", "reason", "buried", "detail")
        show_table(columns, [letter_row(one) for one in found[:most]])
    else:
        none_here(config, connection)
    if len(found) > most:
        note(f"there are more than {most}; --most shows more, --connection and --reason choose")


def letter_row(one: "Buried") -> tuple[Any, ...]:
    letter = one.letter
    return (letter.id, letter.connection, letter.subject, letter.reason, letter.buried_at, letter.detail)


@app.command()
def show(
    letter: Annotated[str, typer.Argument(help="Its id, as `dead list` tells it.")],
    config: ConfigFile = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show all that is known of one dead letter: what came, what was tried, what to do."""
    told = served(config, lambda dead: dead.show(letter))
    found, case = told.buried, told.case
    if as_json:
        replays = [each.as_json() for each in told.replays]
        show_json(found.as_json() | {"case": case, "replays": replays})
        return
    show_fields(case_fields(found, case))
    show_tries(case.get("tries") or [])
    show_call(case.get("last_call"))
    show_original(case.get("original") or {})
    show_replays(told.replays)


def case_fields(found: "Buried", case: dict[str, Any]) -> list[tuple[str, Any]]:
    letter = found.letter
    times = f" ({found.burials} times since {found.first_buried_at:%Y-%m-%d})" if found.burials > 1 else ""
    return [
        ("dead letter", letter.id),
        ("connection", letter.connection),
        ("relation", letter.subject),
        ("source", letter.source),
        ("event", letter.event_id),
        ("operation", letter.operation),
        ("state", closed(found)),
        ("buried", letter.buried_at),
        ("reason", f"{letter.reason}{times}"),
        ("detail", letter.detail),
        ("what to do", case.get("action")),
        ("perhaps applied", "yes" if case.get("maybe_applied") else None),
        ("applied in part", "yes" if case.get("applied_in_part") else None),
        ("fingerprint", letter.fingerprint),
    ]


def closed(found: "Buried") -> str | None:
    """Say how, by whom and why a letter was closed; None: it is open."""
    if found.state == "open":
        return None
    by = f" by {found.closed_by}" if found.closed_by else ""
    at = f", {moment(found.closed_at)}" if found.closed_at else ""
    return f"{found.state}{by}{at}{f': {found.why}' if found.why else ''}"


def show_tries(tries: list[dict[str, Any]]) -> None:
    if tries:
        say()
        keys = ("at", "waited_seconds", "calls", "verdict", "status", "message")
        columns = ("tried at", "waited", "calls", "verdict", "status", "message")
        show_table(columns, [[one.get(key) for key in keys] for one in tries], numbers=("waited", "calls"))


def show_call(call: dict[str, Any] | None) -> None:
    if call:
        say()
        show_fields(
            [
                ("last call", f"{call.get('method')} {call.get('url')}"),
                ("sent", call.get("request")),
                ("status", call.get("status")),
                ("answer", call.get("response")),
            ]
        )


def show_original(original: dict[str, Any]) -> None:
    text = original.get("body") or original.get("body_base64")
    if text:
        say()
        cut = " (cut)" if original.get("cut") else ""
        show_fields([("original", f"{original.get('size')} bytes, {original.get('mode')}{cut}"), ("body", text)])


def show_replays(replays: "tuple[Replayed, ...]") -> None:
    if replays:
        say()
        columns = ("replayed by", "plan", "what came of it", "at", "why", "note")
        show_table(columns, [(one.by, one.plan, one.state, one.at, one.why, one.note) for one in replays])


app.command()(replaying.plan)
app.command()(replaying.apply)
app.command()(replaying.plans)
app.command()(replaying.progress)
app.command()(replaying.pause)
app.command()(replaying.resume)
app.command()(replaying.cancel)
app.command()(closing.discard)
app.command()(closing.undo)
app.command()(closing.export)
app.command("import")(closing.import_)
