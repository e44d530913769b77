"""The command `schemas`."""

import json
from pathlib import Path

from schemas.publish import documents
from tests.cli.house import command
from worker.cli.exits import Exit


def test_names_one_and_all(folder: Path) -> None:
    """Without a name the names are told, with one its schema, and all can be written into a folder."""
    names = command("schemas").out.split()

    assert names == sorted(documents())
    assert command("schemas", "event.json").json == documents()["event.json"]
    assert command("schemas", "--json").json == documents()
    assert command("schemas", "--to", "out").code == Exit.DONE
    assert {path.name for path in (folder / "out").iterdir()} == set(names)
    assert json.loads((folder / "out" / "event.json").read_text()) == documents()["event.json"]


def test_unknown_schema() -> None:
    """A near miss is asked for."""
    told = command("schemas", "evnt.json")

    assert told.code == Exit.NOTHING
    assert "did you mean 'event.json'?" in told.err
