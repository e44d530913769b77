"""The noun `dead`, where letters are discarded, brought back and carried."""

import os
import sys
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
    none_here,
    served,
)
from worker.cli.exits import Exit, Problem
from worker.cli.ledger import person
from worker.cli.options import AsJson, ConfigFile
from worker.cli.output import note, say, show_json, show_table

if TYPE_CHECKING:
    from worker.dead_letters.reading import Cause
    from worker.dead_letters.service import DeadLetters
    from worker.journal.letters import Filter

COLUMNS = ("cause", "count", "reason", "operation", "connections", "first", "last", "sample", "detail", "what to do")


def groups(
    config: ConfigFile = None,
    *,
    connection: Connections = None,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """List causes: how many letters each has, a sample, and what to do about it."""
    chosen = Chosen(connections=connection, reasons=reason, since=since, until=until)
    wanted = chosen.filter()
    found = served(config, lambda dead: dead.groups(wanted))
    if as_json:
        show_json([cause_json(each) for each in found])
    elif found:
        show_table(COLUMNS, [cause_row(each) for each in found], numbers=("count",))
    else:
        none_here(config, connection)


def cause_row(cause: "Cause") -> tuple[Any, ...]:
    each = cause.group
    times = (each.first_buried_at, each.last_buried_at)
    names = ", ".join(each.connections)
    words = (each.sample, each.detail, cause.action)
    return (each.fingerprint, each.count, each.reason, each.operation, names, *times, *words)


def cause_json(cause: "Cause") -> dict[str, Any]:
    each = cause.group
    return {
        "fingerprint": each.fingerprint,
        "count": each.count,
        "reason": each.reason,
        "operation": each.operation,
        "connections": list(each.connections),
        "first_buried_at": each.first_buried_at.isoformat(),
        "last_buried_at": each.last_buried_at.isoformat(),
        "sample": each.sample,
        "detail": each.detail,
        "action": cause.action,
    }


def discard(
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
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give dead letters up for good, for a reason; for a day `dead undo` brings them back."""
    if not why.strip():
        raise Problem("discarding asks for a reason", Exit.USAGE, hint='say --why "..."')
    wanted = Chosen(ids, connection, reason, subject, source, fingerprint, operation, status, since, until).filter()
    count = served(config, lambda dead: dead.discard(wanted, person(), why, everything=yes))
    told(count, "discarded", as_json=as_json)


def undo(
    ids: Annotated[list[str], typer.Argument(help="Ids of what was discarded within a day.")],
    config: ConfigFile = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Bring back what was discarded within the last day."""
    wanted = Chosen(ids).filter()
    told(served(config, lambda dead: dead.undo(wanted, person())), "brought back", as_json=as_json)


def told(count: int, word: str, *, as_json: bool) -> None:
    if as_json:
        show_json({word.replace(" ", "_"): count})
    else:
        say(f"{count} {word}")


def export(
    ids: Ids = None,
    config: ConfigFile = None,
    *,
    connection: Connections = None,
    reason: Reasons = None,
    subject: Subjects = None,
    fingerprint: Fingerprints = None,
    since: Since = None,
    until: Until = None,
    file: Annotated[Path | None, typer.Option("--file", "-o", help="Write there. Default: standard output.")] = None,
) -> None:
    """Write open dead letters as JSON lines, complete, for `dead import` on another machine."""
    wanted = Chosen(ids, connection, reason, subject, fingerprints=fingerprint, since=since, until=until).filter()
    count = served(config, lambda dead: written(dead, wanted, file))
    note(f"{count} dead letter{'' if count == 1 else 's'}")


async def written(dead: "DeadLetters", wanted: "Filter", file: Path | None) -> int:
    """Write one line after the other, so that no number of letters fills the memory."""
    count = 0
    try:
        out = file.open("wb") if file else sys.stdout.buffer
        async for line in dead.export(wanted):
            out.write(line)
            count += 1
        out.flush()
        if file:
            out.close()
    except BrokenPipeError:  # whoever reads us has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise Problem(f"{file or 'standard output'} cannot be written: {error.strerror}") from error
    return count


def import_(
    file: Annotated[Path, typer.Argument(help="What `dead export` wrote; - is standard input.")],
    config: ConfigFile = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take in exported dead letters, all or none; those that are known here are skipped."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror}", Exit.USAGE) from error
    done = served(config, lambda dead: dead.take_in(raw, person()))
    if as_json:
        show_json({"imported": list(done.new), "known": list(done.known)})
    else:
        say(f"{len(done.new)} imported")
        if done.known:
            note(f"{len(done.known)} were known here and are left as they are")
