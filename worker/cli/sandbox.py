"""The command `sandbox`: the four vendors, on this machine, for anybody."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exits import Problem, nothing
from worker.cli.options import AsJson
from worker.cli.output import note, show_json, show_table

if TYPE_CHECKING:
    from worker.sandbox.server import Running


def sandbox(
    vendor: Annotated[list[str] | None, typer.Argument(help="Only these of the four.")] = None,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65532, help="Port of the first; the others follow. 0: any free ones.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Run the vendors' sandboxes until Ctrl-C; prints each address with credentials to use."""
    from worker.sandbox.server import VENDORS, serve

    chosen = vendor or list(VENDORS)
    for name in chosen:
        if name not in VENDORS:
            nothing("vendor", name, list(VENDORS))
    ports = {name: port + place for place, name in enumerate(chosen)} if port else {}
    try:
        serve(*chosen, host=host, ports=ports, started=json_addresses if as_json else addresses)
    except (OSError, ValueError) as error:
        raise Problem(f"the sandboxes cannot start: {error}") from error


def json_addresses(running: Mapping[str, "Running"]) -> None:
    """Print one object; the credentials are those of a sandbox and worth nothing elsewhere."""
    show_json({name: dict(one.settings) for name, one in running.items()})
    sys.stdout.flush()


def addresses(running: Mapping[str, "Running"]) -> None:
    """Print what a connection to each needs."""
    rows = [(name, key, value) for name, one in running.items() for key, value in one.settings.items()]
    show_table(("sandbox", "option", "value"), rows)
    sys.stdout.flush()
    note("running; Ctrl-C ends them")
