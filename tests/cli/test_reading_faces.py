"""The nouns that read the journal: `event`, `relation`, `dead`."""

from typing import Any

import pytest

from tests.cli.house import HOSTILE, command
from worker.cli.exits import Exit

pytestmark = pytest.mark.usefixtures("furnished")


def is_harmless(text: str) -> bool:
    lines = text.splitlines()
    return text.replace("\n", "").isprintable() and not [line for line in lines if line.startswith("forged")]


def test_event_at_each_connection() -> None:
    """An event is told with its outcome at every connection, for people and programs."""
    told, machine = command("event", "show", "e-1"), command("event", "show", "e-1", "--json")
    found: Any = machine.json

    assert "acme-onoffice" in told.out
    assert "applied" in told.out
    assert [(one["connection"], one["state"], one["calls"]) for one in found] == [("acme-onoffice", "applied", 2)]
    assert command("event", "show", "e-1", "--source", "/other").code == Exit.NOTHING


def test_relation_with_its_history() -> None:
    """A relation is told as each connection shows it, with its latest deliveries."""
    told, machine = command("relation", "show", "cust-1"), command("relation", "show", "cust-1", "--json")
    found: Any = machine.json

    assert "live" in told.out
    assert (found["states"][0]["remote_id"], found["states"][0]["sequence"]) == ("77", "42")
    assert [one["event_id"] for one in found["deliveries"]] == ["e-1"]
    assert "no connection shows it yet" in command("relation", "show", "cust-2").out


def test_dead_letters_chosen() -> None:
    """The list can be narrowed; what is chosen by an unknown reason is asked back."""
    everything: Any = command("dead", "list", "--json").json
    rejected: Any = command("dead", "list", "--json", "--reason", "rejected").json
    onoffice: Any = command("dead", "list", "--json", "--connection", "acme-onoffice").json

    assert {one["id"] for one in everything} == {"letter-1", "letter-2"}
    assert [one["id"] for one in rejected] == ["letter-2"]
    assert [one["id"] for one in onoffice] == ["letter-1"]
    assert "no dead letters" in command("dead", "list", "--subject", "nobody").err
    assert "--most shows more" in command("dead", "list", "--most", "1").err
    unknown = command("dead", "list", "--reason", "rejectd")
    assert unknown.code == Exit.NOTHING
    assert "did you mean 'rejected'?" in unknown.err


def test_dead_letter_in_full() -> None:
    """One letter is told with reason, what to do, attempts, last call and original."""
    told, machine = command("dead", "show", "letter-2"), command("dead", "show", "letter-2", "--json")
    found: Any = machine.json

    for word in ("rejected", "1300: insert failed", "Create what lacks", "perhaps applied", "POST https://x"):
        assert word in told.out
    assert found["case"]["tries"][0]["verdict"] == "bury"
    assert found["state"] == "open"


@pytest.mark.parametrize(
    "args",
    [
        ["dead", "list"],
        ["dead", "show", "letter-1"],
        ["event", "show", HOSTILE],
        ["relation", "show", HOSTILE],
        ["connections", "list"],
    ],
)
def test_hostile_data_steers_no_terminal(args: list[str]) -> None:
    """Control characters of event data are spelled out, in tables and in JSON."""
    told, machine = command(*args), command(*args, "--json")

    assert told.code == machine.code == Exit.DONE
    assert is_harmless(told.out)
    assert machine.out.isascii()
    assert is_harmless(machine.out)


@pytest.mark.parametrize(
    "args", [["event", "show", HOSTILE + "x"], ["relation", "show", "\x1b[2J"], ["dead", "show", "\x9b"]]
)
def test_nothing_found(args: list[str]) -> None:
    """What is not there ends with code 3, and its name harms nobody."""
    told = command(*args)

    assert told.code == Exit.NOTHING
    assert told.err.startswith("error: there is no ")
    assert is_harmless(told.err)


def test_pipes_get_whole_lines() -> None:
    """Off a terminal a row is one line, however long, so that it can be searched."""
    told = command("dead", "list").out.splitlines()

    assert len(told) == 3
    assert all(line == line.rstrip() for line in told)
