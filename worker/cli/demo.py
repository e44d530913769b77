"""The command `demo`: everything at work, before your eyes, with nothing installed."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exits import Exit
from worker.cli.options import AsJson
from worker.cli.output import note, say, show_json

if TYPE_CHECKING:
    from rich.table import Table

    from worker.demo.progress import Progress, Row

COLUMNS = (
    "connection",
    "events",
    "waits",
    "flies",
    "quota",
    "applied",
    "superseded",
    "buried",
    "calls",
    "refused",
)
NEXT = """\
What to try next:
  relation-worker sandbox        the four vendors alone, for your own client
  relation-worker config init    settings for your own accounts, to begin with
  relation-worker run            the worker itself
  relation-worker schemas        what an event may say
"""


def demo(
    *,
    as_json: AsJson = False,
    seed: Annotated[int, typer.Option(help="Another seed mixes the events another way.")] = 1,
) -> None:
    """Start a broker, four vendors and a worker; bring some hundred events; hold vendors against results."""
    from worker.telemetry.logs import configure

    configure("error")  # the demo's table and JSON are all that it has to say
    progress = silent(seed) if as_json or not sys.stdout.isatty() else watched(seed)
    if as_json:
        show_json(progress.as_json())
    else:
        told(progress)
    raise typer.Exit(Exit.DONE if progress.effects_match else Exit.FAILED)


def silent(seed: int) -> "Progress":
    """Run it and show nothing meanwhile."""
    from worker.demo.run import run

    return asyncio.run(run(lambda _: None, note, seed=seed))


def watched(seed: int) -> "Progress":
    """Run it with a table that changes as things go."""
    from rich.live import Live

    from worker.demo.run import run

    with Live(refresh_per_second=10, transient=True) as live:
        return asyncio.run(run(lambda progress: live.update(table(progress)), note, seed=seed))


def told(progress: "Progress") -> None:
    """Say how it ended, and what to try next."""
    from rich.console import Console

    Console().print(table(progress))
    for name, found in progress.mismatches.items():
        for mismatch in found:
            say(f"  {name}: {mismatch}")
    agree = "agree, change by change" if progress.effects_match else "DO NOT AGREE"
    say(f"{progress.done} of {progress.events} events have their outcome after {progress.seconds:.1f} s.")
    say(f"The vendors' own logs, the result events and the journal {agree}.")
    for line in NEXT.splitlines():
        say(line)


def table(progress: "Progress") -> "Table":
    """Return the state of all connections."""
    from rich.table import Table

    drawn = Table(
        box=None, pad_edge=False, padding=(0, 1, 0, 0), caption=f"{progress.seconds:.1f} s", caption_justify="right"
    )
    for column in COLUMNS:
        drawn.add_column(column, justify="left" if column in {"connection", "quota"} else "right", no_wrap=True)
    for name, row in progress.rows.items():
        drawn.add_row(*cells(name, row))
    return drawn


def cells(name: str, row: "Row") -> list[str]:
    """Return one line of the table."""
    outcomes = (row.outcomes[word] for word in ("applied", "superseded", "dead_lettered"))
    numbers = (*outcomes, row.calls, row.refused)
    quota = "paused" if row.paused else row.quota
    return [name, str(row.events), str(row.backlog), str(row.in_flight), quota, *map(str, numbers)]
