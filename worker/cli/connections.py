"""The noun `connections`: how they stand, and what a person may do about it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from worker.cli.exits import Exit, Problem, nothing
from worker.cli.ledger import opened, person, with_journal
from worker.cli.options import AsJson, ConfigFile, settings
from worker.cli.output import note, say, show_json, show_table
from worker.cli.standing import why
from worker.journal.errors import JournalError

if TYPE_CHECKING:
    from worker.delivery.standing import Standing
    from worker.delivery.steering import Action
    from worker.journal.journal import Journal
    from worker.settings import Settings

app = typer.Typer(help="See and steer connections.", no_args_is_help=True)

Done = TypeVar("Done")
Name = Annotated[str, typer.Argument(help="The connection's name.")]
COLUMNS = ("connection", "target", "state", "waiting", "drains in", "oldest", "buried", "why")
PROBE_WITHIN = 90.0


@app.command("list")
def list_(config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """List all connections: state, backlog, dead letters."""
    from worker.delivery.standing import standings

    read = settings(config)
    found = with_journal(read, lambda journal: standings(read.connections, journal))
    if as_json:
        show_json([one.as_json() for one in found])
    elif found:
        show_table(COLUMNS, [row(one) for one in found], numbers=("waiting", "buried"))
    else:
        note("no connections; `relation-worker config init` shows how to begin")


def row(one: "Standing") -> tuple[Any, ...]:
    from worker.delivery.forecast import told

    drains = None if one.forecast is None or not one.waiting else told(one.forecast)
    return (one.name, one.target, one.state, one.waiting, drains, one.oldest, one.buried, why(one))


@app.command()
def pause(
    name: Name,
    config: ConfigFile = None,
    *,
    why: Annotated[str, typer.Option("--why", help="For those who come across it.")] = "paused by hand",
    length: Annotated[str | None, typer.Option("--for", help="So long: 10min, 2h. Default: until resumed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let a connection take nothing for now; its events wait and lose no attempt."""
    read = settings(config)
    known(read, name)
    seconds = None if length is None else duration(length)
    steer(read, name, "pause", {"why": why, "seconds": seconds}, as_json=as_json)


@app.command()
def resume(name: Name, config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Open a paused connection again, whoever paused it."""
    read = settings(config)
    known(read, name)
    steer(read, name, "resume", {}, as_json=as_json)


def steer(read: "Settings", name: str, action: "Action", detail: dict[str, Any], *, as_json: bool) -> None:
    """Ask the worker that has the connection, or write it down for the next one."""
    from worker.delivery import steering

    async def steered(journal: "Journal") -> str | None:
        try:
            return await steering.steer(journal, name, action, detail, person(), datetime.now(UTC))
        except steering.UnansweredError as error:
            raise unanswered(error) from error

    owner = with_journal(read, steered)
    if as_json:
        show_json({"connection": name, "action": action, "worked_by": owner})
    else:
        say(f"{name}: {action}d{'' if owner else '; no worker has it now, it holds from the next start'}")


def unanswered(error: Exception) -> Problem:
    return Problem(str(error), hint="the request stays in the journal, and holds as soon as it is read")


@app.command()
def check(
    name: Annotated[list[str] | None, typer.Argument(help="Only these; without names all.")] = None,
    config: ConfigFile = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make one harmless call per connection, to see that address and credentials are right."""
    import asyncio

    read = settings(config)
    for one in name or []:
        known(read, one)
    found = asyncio.run(check_all(read, name or sorted(read.connections)))
    if as_json:
        show_json(found)
    else:
        rows = [(key, one["ok"], one["seconds"], one["said"]) for key, one in found.items()]
        show_table(("connection", "good", "seconds", "said"), rows, numbers=("seconds",))
    if not all(one["ok"] for one in found.values()):
        raise typer.Exit(Exit.FAILED)


async def check_all(read: "Settings", names: list[str]) -> dict[str, dict[str, Any]]:
    from worker.cli.probing import probed
    from worker.delivery.steering import UnansweredError, answered, owner_of

    async with opened(read) as journal:
        found = {}
        for name in names:
            if await owner_of(journal, name) is None:
                found[name] = await probed(journal, name, read.connections[name], PROBE_WITHIN)
            else:
                try:
                    now = datetime.now(UTC)
                    found[name] = await answered(journal, name, "check", {}, person(), now, PROBE_WITHIN)
                except UnansweredError as error:
                    raise unanswered(error) from error
        return found


@app.command()
def rename(
    old: Annotated[str, typer.Argument(help="As it was.")],
    new: Annotated[str, typer.Argument(help="As the settings call it now.")],
    config: ConfigFile = None,
) -> None:
    """Give all that is kept for a connection its new name, after the settings did."""
    read = settings(config)
    known(read, new)
    detail = {"connection": old, "to": new}
    recorded(read, "rename", detail, lambda journal: journal.accounts.rename(old, new))
    say(f"{old} is {new} now")


@app.command()
def retire(name: Name, config: ConfigFile = None) -> None:
    """Say that a connection is gone for good; the worker no longer asks for it."""
    read = settings(config)
    if name in read.connections:
        raise Problem(f"{name} is still in the settings", Exit.USAGE, hint="take it out first, then retire it")
    now = datetime.now(UTC)
    detail = {"connection": name}
    waiting = recorded(read, "retire", detail, lambda journal: journal.accounts.retire(name, now))
    say(f"{name} is retired" + (f"; {waiting} deliveries that waited for it stay unsent" if waiting else ""))


@app.command()
def rekey(name: Name, config: ConfigFile = None) -> None:
    """Confirm that a new key or token belongs to the same account as the old one."""
    from worker.journal.identity import Identity
    from worker.targets.registry import TARGETS

    read = settings(config)
    options = known(read, name)
    host, account = TARGETS[options.target].target(options).identity()
    new = Identity(options.target, host, account)
    detail = {"connection": name, "host": host, "account": account}
    recorded(read, "rekey", detail, lambda journal: journal.accounts.rekey(name, new))
    say(f"{name}: the new key is known as the same account's")


def recorded(read: "Settings", action: str, detail: dict[str, Any], do: "Callable[[Journal], Awaitable[Done]]") -> Done:
    """Do it and write down who did; what the journal refuses is no trouble with the journal."""

    async def done(journal: "Journal") -> Done:
        try:
            found = await do(journal)
        except JournalError as error:
            raise Problem(str(error)) from error
        await journal.audit.append(person(), action, detail, datetime.now(UTC))
        return found

    return with_journal(read, done)


def known(read: "Settings", name: str) -> Any:
    """Return the settings of a connection; ends the command if there is none of that name."""
    return read.connections.get(name) or nothing("connection", name, list(read.connections))


def duration(text: str) -> float:
    from worker.targets.options import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise Problem(f"--for {text!r}: {error}", Exit.USAGE) from error
