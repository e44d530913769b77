"""The command `schemas`: the published contract as JSON Schemas."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from worker.cli.exits import Problem, nothing
from worker.cli.output import note, say, show_json


def schemas(
    name: Annotated[str | None, typer.Argument(help="Only this one; without it their names.")] = None,
    *,
    folder: Annotated[Path | None, typer.Option("--to", help="Write all into this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all as one JSON object.")] = False,
) -> None:
    """Print the JSON Schemas of events and results."""
    from schemas.publish import documents

    found = documents()
    if folder is not None:
        write(folder, found)
    elif name is not None:
        show_json(found[name] if name in found else nothing("schema", name, list(found)))
    elif as_json:
        show_json(found)
    else:
        for known in sorted(found):
            say(known)


def write(folder: Path, documents: Mapping[str, Any]) -> None:
    try:
        for name, document in sorted(documents.items()):
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as error:
        raise Problem(f"{folder} cannot be written: {error.strerror}") from error
    note(f"wrote {len(documents)} schemas to {folder}")
