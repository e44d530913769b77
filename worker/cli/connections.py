"""The noun `connections`: how they stand, and what a person may do about it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from worker.cli.exits import Exit, Problem, nothing
from worker.cli.ledger import opened, person, with_journal
from worker.cli.options import AsJson, ConfigFile, settings
from worker.cli.output import note, say, show_json, show_table
from worker.cli.standing import Standing, standings
from worker.journal.errors import JournalError

if TYPE_CHECKING:
    from worker.journal.journal import Journal
    from worker.settings import Settings

app = typer.Typer(help="See and steer connections.", no_args_is_help=True)

Done = TypeVar("Done")
Name = Annotated[str, typer.Argument(help="The connection's name.")]
COLUMNS = ("connection", "target", "state", "waiting", "oldest", "buried", "why")
ANSWER_WITHIN = 10.0  # seconds that a running worker has to answer
PROBE_WITHIN = 90.0


@app.command("list")
def list_(config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """List all connections: state, backlog, dead letters."""
    read = settings(config)
    found = with_journal(read, lambda journal: standings(read, journal))
    if as_json:
        show_json([one.as_json() for one in found])
    elif found:
        show_table(COLUMNS, [row(one) for one in found], numbers=("waiting", "buried"))
    else:
        note("no connections; `relation-worker config init` shows how to begin")


def row(one: Standing) -> tuple[Any, ...]:
    return (one.name, one.target, one.state, one.waiting, one.oldest, one.buried, one.why)


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


def steer(read: "Settings", name: str, action: str, detail: dict[str, Any], *, as_json: bool) -> None:
    """Ask the worker that has the connection, or write it down for the next one."""
    by = person()

    async def steered(journal: "Journal") -> str | None:
        now = datetime.now(UTC)
        await journal.audit.append(by, action, {"connection": name, **detail}, now)
        if (owner := await owner_of(journal, name)) is None:
            await journal.commit(change(name, by, action, detail, now))
            return None
        await answered(journal, name, action, detail, ANSWER_WITHIN)
        return owner

    owner = with_journal(read, steered)
    if as_json:
        show_json({"connection": name, "action": action, "worked_by": owner})
    else:
        say(f"{name}: {action}d{'' if owner else '; no worker has it now, it holds from the next start'}")


def change(name: str, by: str, action: str, detail: dict[str, Any], now: datetime) -> Any:
    from worker.journal.rows import Paused, Resumed

    if action == "resume":
        return Resumed(name, by)
    seconds = detail["seconds"]
    until = None if seconds is None else now + timedelta(seconds=seconds)
    return Paused(name, by, detail["why"], until)


async def owner_of(journal: "Journal", name: str) -> str | None:
    """Return who works the connection now."""
    now = await journal.clock()
    return next((one.owner for one in await journal.leases() if one.name == name and one.until > now), None)


async def answered(journal: "Journal", name: str, action: str, detail: Any, within: float) -> Any:
    """Ask the connection's owner, and wait for its answer."""
    import asyncio

    number = await journal.requests.ask(name, action, detail, person(), datetime.now(UTC))
    try:
        async with asyncio.timeout(within):
            while True:
                found = await journal.requests.one(number)
                if found is not None and found.answered_at is not None:
                    return found.answer
                await asyncio.sleep(0.05)
    except TimeoutError:
        hint = "the request stays in the journal, and holds as soon as it is read"
        raise Problem(f"{name}: its worker has not answered within {within:.0f} s", hint=hint) from None


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

    async with opened(read) as journal:
        found = {}
        for name in names:
            if await owner_of(journal, name) is None:
                found[name] = await probed(journal, name, read.connections[name], PROBE_WITHIN)
            else:
                found[name] = await answered(journal, name, "check", {}, PROBE_WITHIN)
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
