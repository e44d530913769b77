"""The noun `config`: begin, show and check settings."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.exits import Exit, Problem
from worker.cli.options import USUAL_FILE, AsJson, ConfigFile, settings, settings_file
from worker.cli.output import note, say, show_json, show_table
from worker.configuration.findings import Finding, SettingsError

app = typer.Typer(help="Begin, show and check the settings.", no_args_is_help=True)


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="Where to write it; - is standard output.")] = USUAL_FILE,
) -> None:
    """Write settings to begin with; an existing file is left alone."""
    from worker.cli.beginning import BEGINNING

    if str(file) == "-":
        sys.stdout.write(BEGINNING)
        return
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(BEGINNING)
    except FileExistsError:
        raise Problem(f"{file} is there already", hint="name another file, or move it away first") from None
    except OSError as error:
        raise Problem(f"{file} cannot be written: {error.strerror}") from error
    note(f"wrote {file}; next: fill in a connection, then `relation-worker config check`")


@app.command()
def show(config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Show every option in effect and where it comes from; secrets as ***."""
    described = settings(config).describe()
    if as_json:
        show_json({one.key: {"value": one.value, "origin": one.origin} for one in described})
        return
    show_table(("option", "value", "from"), [(one.key, told(one.value), one.origin) for one in described])


def told(value: object) -> object:
    """Return a list or table as it would stand in the file."""
    if isinstance(value, list):
        return f"[{', '.join(map(repr, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {inner!r}' for key, inner in value.items())}}}" if value else "{}"
    return value


@app.command()
def check(config: ConfigFile = None, *, as_json: AsJson = False) -> None:
    """Check the settings without calling anybody: everything that is wrong, at once."""
    try:
        read = settings(config)
    except SettingsError as error:
        if not as_json:
            raise
        show_json({"ok": False, "findings": [finding_json(finding) for finding in error.findings]})
        raise typer.Exit(Exit.USAGE) from error
    names = sorted(read.connections)
    if as_json:
        show_json({"ok": True, "findings": [], "connections": names})
        return
    say(f"{settings_file(config) or 'the environment'}: good, {len(names)} connections")
    if not names:
        note("without a connection every event becomes a dead letter; `relation-worker config init` shows how")


def finding_json(finding: Finding) -> dict[str, str | None]:
    return {"key": finding.key, "value": finding.value, "origin": finding.origin, "problem": finding.problem}
