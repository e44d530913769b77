"""The noun `dead`, where something is done about dead letters."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cli.house import SECRETS, SETTINGS, command
from tests.dead_letters.house import House
from worker.cli.ledger import person
from worker.journal.journal import Journal

ACME = "acme-onoffice"


async def furnish(file: Path) -> list[str]:
    """Lay three letters down that were refused by onOffice."""
    journal = await Journal.open(f"sqlite:///{file}")
    house = House(journal)
    ids = [await house.bury(position, f"cust-{position}", connection=ACME) for position in (1, 2, 3)]
    await journal.close()
    return ids


@pytest.fixture(scope="module")
def buried(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Fill a journal once, to be copied."""
    file = tmp_path_factory.mktemp("buried") / "relation-worker.db"
    return file, asyncio.run(furnish(file))


@pytest.fixture
def ids(folder: Path, buried: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Go to a folder with settings and these letters; give their ids."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (folder / "relation-worker.toml").write_text(SETTINGS)
    shutil.copy(buried[0], folder)
    return buried[1]


def planned(*args: str) -> dict[str, Any]:
    """Make a plan and return what is told of it."""
    told = command("dead", "plan", "--why", "mended", "--json", *args)
    assert told.code == 0, told.err
    found: Any = told.json
    return dict(found)


def test_groups_say_what_to_do(ids: list[str]) -> None:
    """A cause has its count, a sample and what to do about it, for people and for programs."""
    told = command("dead", "groups")
    machine: Any = command("dead", "groups", "--json").json

    (group,) = machine
    assert (group["count"], group["reason"], group["connections"]) == (3, "rejected", [ACME])
    assert group["sample"] in ids
    assert "Read what the target says" in group["action"]
    assert "Read what the target says" in told.out


def test_plan_is_made_and_applied(ids: list[str]) -> None:
    """A plan is made, applied once, held, gone on with and cancelled; each step says where it stands."""
    plan = planned(*ids[:2])["id"]

    assert command("dead", "apply", plan).out == f"{plan} running\n"
    again = command("dead", "apply", plan)
    assert (again.code, "running already" in again.err) == (1, True)
    assert command("dead", "pause", plan, "--why", "lunch").out == f"{plan} paused\n"
    assert command("dead", "resume", plan).out == f"{plan} running\n"
    progress: Any = command("dead", "progress", plan, "--json").json
    assert (progress["letters"], progress["ended"], progress["counts"]) == (2, 0, {"planned": 2})
    assert "0 of 2" in command("dead", "progress", plan).out
    assert command("dead", "cancel", plan).out == f"{plan} cancelled\n"
    assert [each["state"] for each in command("dead", "plans", "--json").json] == ["cancelled"]  # type: ignore[attr-defined]  # an array
    assert "mended" in command("dead", "plans").out


def test_unbounded_action_asks_for_yes(ids: list[str]) -> None:
    """What would be done to every letter is refused without --yes, and nothing is changed."""
    for args in (["plan", "--why", "x"], ["plan", "--dry-run"], ["discard", "--why", "x"]):
        told = command("dead", *args)
        assert (told.code, "--yes" in told.err) == (2, True)
    assert command("dead", "plans", "--json").json == []

    assert planned("--yes")["select"] == {}
    assert len(ids) == 3


def test_dry_run_shows_requests_and_changes(ids: list[str]) -> None:
    """A dry run shows the masked request and what a patch changes; nothing is written."""
    patch = '[{"op": "replace", "path": "/data/parents/0/record_id", "value": 418}]'
    cleared = '[{"op": "add", "path": "/data/comment", "value": null}]'

    told = command("dead", "plan", ids[0], "--dry-run", "--patch", patch)
    machine: Any = command("dead", "plan", ids[0], "--dry-run", "--patch", patch, "--json").json

    (shown,) = machine["shown"]
    assert shown["verdict"] == "send"
    assert shown["changes"] == [
        {"path": "/data/parents", "before": [{"record_id": 417}], "after": [{"record_id": 418}]}
    ]
    assert "418" in shown["request"]["request"]
    assert "onoffice-token-1" not in told.out
    assert "onoffice-secret-1" not in told.out
    assert "***" in shown["request"]["request"]
    assert "sends" in told.out
    assert "/data/comment: nothing -> null" in command("dead", "plan", ids[0], "--dry-run", "--patch", cleared).out
    assert command("dead", "plans", "--json").json == []


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["plan", "nobody", "--why", "x"], 3, "nobody"),
        (["plan", "--connection", ACME], 2, "needs a reason"),
        (["plan", "--connection", ACME, "--why", "x", "--patch", "{"], 2, "not JSON"),
        (["plan", "--connection", ACME, "--why", "x", "--patch", "@nowhere"], 2, "cannot be read"),
        (["plan", "--connection", ACME, "--why", "x", "--rate", "fast"], 2, "no quota"),
        (["plan", "--connection", ACME, "--why", "x", "--since", "lately"], 2, "no moment"),
        (["plan", "--status", "99999999999999999999", "--why", "x"], 2, "less than or equal to 999"),
        (["plan", "--operation", "erase", "--why", "x"], 3, "erase"),
        (
            ["plan", "--connection", ACME, "--why", "x", "--patch", '[{"op": "remove", "path": "/data/x"}]'],
            5,
            "does not apply",
        ),
        (["apply", "nobody"], 3, "no plan"),
        (["progress", "nobody"], 3, "no plan"),
        (["discard", "--connection", ACME], 2, "reason"),
        (["undo", "nobody"], 3, "nobody"),
        (["show", "nobody"], 3, "nobody"),
        (["import", "nowhere"], 2, "cannot be read"),
    ],
)
def test_bad_input_changes_nothing(ids: list[str], args: list[str], code: int, said: str) -> None:
    """What cannot be done ends with its documented exit code and one line that says why."""
    told = command("dead", *args)

    assert (told.code, said in told.err) == (code, True), told.err
    assert "Traceback" not in told.err
    assert command("dead", "plans", "--json").json == []
    assert len(command("dead", "list", "--json").json) == len(ids)  # type: ignore[arg-type]  # an array


def test_discarded_letter_comes_back(ids: list[str]) -> None:
    """A letter is discarded for a reason and brought back within the day."""
    assert command("dead", "discard", ids[0], "--why", "a test").out == "1 discarded\n"
    assert len(command("dead", "list", "--json").json) == 2  # type: ignore[arg-type]  # an array
    shown = command("dead", "show", ids[0]).out
    assert f"discarded by {person()}, " in shown
    assert ": a test\n" in shown

    assert command("dead", "undo", ids[0], "--json").json == {"brought_back": 1}

    assert len(command("dead", "list", "--json").json) == 3  # type: ignore[arg-type]  # an array


def test_misspelt_connection_is_told(ids: list[str]) -> None:
    """Where nothing is there for a name, it is said when that name is nobody's."""
    for words in ("list", "groups"):
        told = command("dead", words, "--connection", ACME[:-1])
        assert (told.code, told.out) == (0, "")
        assert f"did you mean '{ACME}'" in told.err
        assert "no dead letters" in told.err
    assert len(ids) == 3


@pytest.mark.process
def test_pipe_that_closes_early_is_no_error(ids: list[str]) -> None:
    """Who reads only the beginning of an export gets that, and no complaint."""
    export = subprocess.Popen(
        [sys.executable, "-m", "worker", "dead", "export"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert export.stdout
    assert export.stderr
    export.stdout.close()
    told = export.stderr.read()
    export.stderr.close()
    export.wait(10)
    assert b"error" not in told, told
    assert b"Traceback" not in told
    assert len(ids) == 3


def test_letters_travel(ids: list[str], folder: Path) -> None:
    """What is exported in a pipe or a file is imported on another machine; known letters are skipped."""
    whole = command("dead", "export", "--connection", ACME)
    assert command("dead", "export", ids[0], "--file", "one.jsonl").out == ""
    assert {orjson.loads(line)["id"] for line in whole.out.splitlines()} == set(ids)
    (folder / "relation-worker.db").unlink()
    asyncio.run(empty(folder / "relation-worker.db"))

    assert command("dead", "import", "one.jsonl").out == "1 imported\n"
    told = command("dead", "import", "-", "--json", stdin=whole.out.encode())

    assert told.json == {"imported": [ids[1], ids[2]], "known": [ids[0]]}
    assert len(command("dead", "list", "--json").json) == 3  # type: ignore[arg-type]  # an array


def test_damaged_import_is_refused(ids: list[str], folder: Path) -> None:
    """A damaged line refuses the whole file and tells its number."""
    lines = command("dead", "export", "--connection", ACME).out.splitlines()
    (folder / "relation-worker.db").unlink()
    asyncio.run(empty(folder / "relation-worker.db"))
    (folder / "bad.jsonl").write_text("\n".join([lines[0], lines[1][:-9], lines[2]]))

    told = command("dead", "import", "bad.jsonl")

    assert (told.code, "line 2" in told.err) == (5, True)
    assert command("dead", "list", "--json").json == []
    assert len(ids) == 3


async def empty(file: Path) -> None:
    """Make a journal without anything in it."""
    await (await Journal.open(f"sqlite:///{file}")).close()
