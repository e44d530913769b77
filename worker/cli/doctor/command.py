"""The command `doctor`: everything that could keep a worker from working, and how to mend it."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.doctor.finding import Finding, is_well
from worker.cli.exits import Exit
from worker.cli.options import AsJson, ConfigFile, settings_file
from worker.cli.output import say, show_json

if TYPE_CHECKING:
    from worker.settings import Settings

WITHIN = 30.0  # seconds for each connection's call; a quota that is used up may take longer
SIGNS = {"good": "ok     ", "note": "note   ", "warning": "warning", "bad": "BAD    "}


def doctor(
    config: ConfigFile = None,
    *,
    calls: Annotated[bool, typer.Option("--calls/--no-calls", help="Call each vendor once.")] = True,
    as_json: AsJson = False,
) -> None:
    """Look at settings, broker, journal, clocks, credentials and quotas; says how to mend what is wrong.

    Exit code 0: a worker can work with this; 1: something is bad.
    """
    from worker.cli.doctor.configured import configured

    read, found = configured(settings_file(config))
    if read is not None:
        found += asyncio.run(examined(read, calls=calls))
    if as_json:
        show_json({"ok": is_well(found), "findings": [each.as_json() for each in found]})
    else:
        told(found)
    if not is_well(found):
        raise typer.Exit(Exit.FAILED)


async def examined(read: "Settings", *, calls: bool) -> list[Finding]:
    """Look at everything that the settings name."""
    from worker.cli.doctor.configured import quotas
    from worker.cli.doctor.surroundings import broker, journal
    from worker.cli.doctor.vendors import vendors

    made = [*quotas(read), *await broker(read)]
    made += [each async for each in journal(read)]
    return made + (await vendors(read, WITHIN) if calls else [])


def told(found: list[Finding]) -> None:
    for each in found:
        say(f"{SIGNS[each.verdict]}  {each.check:<11}  {each.about}: {each.said}")
        if each.mend and each.verdict != "good":
            say(f"         {'':<11}  -> {each.mend}")
    bad = sum(each.verdict == "bad" for each in found)
    say(f"{bad} to mend" if bad else "a worker can work with this")
