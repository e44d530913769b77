"""The command line as a whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.house import command
from worker.cli import exits
from worker.cli.exits import Exit

HEAVY = ("aiohttp", "faststream", "nats", "sqlalchemy", "pydantic", "jinja2", "worker.settings", "worker.app")


def test_help_names_every_noun_and_exit_code() -> None:
    """The help shows what there is, and how commands end."""
    told = command("--help")

    assert told.code == Exit.DONE
    for noun in ("demo", "run", "emit", "sandbox", "connections", "event", "relation", "dead", "config", "schemas"):
        assert noun in told.out
    assert "3 nothing found" in told.out


def test_exit_codes_are_documented() -> None:
    """Each code stands in the room's docstring."""
    assert exits.__doc__ is not None
    documented = {int(line.split()[0]) for line in exits.__doc__.splitlines() if line[:1].isdigit()}

    assert documented == set(Exit)


def test_help_starts_without_heavy_rooms() -> None:
    """Nothing that takes long to import is imported before a command needs it."""
    script = (
        "import sys; from worker.cli.face import application; application();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("args", [["connectons"], ["dead", "shw"], ["emit"], ["config", "show", "--jsn"]])
def test_wrong_usage(args: list[str]) -> None:
    """A wrong command line ends with code 2."""
    assert command(*args).code == Exit.USAGE


@pytest.mark.parametrize(
    "args",
    [
        ["connections", "pause", "acme-onoffice", "--why", "f\udcfcr heute"],
        ["event", "show", "\udcff"],
        ["relation", "show", "\udcff"],
        ["dead", "show", "\udcff"],
        ["dead", "list", "--subject", "\udcff"],
    ],
)
@pytest.mark.usefixtures("furnished")
def test_bytes_that_are_no_text(args: list[str]) -> None:
    """An argument that is not UTF-8 is told by its number, and nothing is done."""
    told = command(*args)

    assert (told.code, told.out) == (Exit.USAGE, "")
    assert told.err == f"error: argument {len(args)} is not UTF-8\n"


def test_wrong_settings_are_told_line_by_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command tells all mistakes of the settings on standard error, and ends with code 2."""
    monkeypatch.setenv("RELATION_WORKER_LOG__LEVEL", "loud")
    (folder / "relation-worker.toml").write_text("[brokr]\n")

    for args in (["dead", "list"], ["connections", "list"], ["emit", "x"], ["config", "check"], ["run"]):
        told = command(*args)
        assert told.code == Exit.USAGE
        assert told.err.splitlines()[0] == "error: the settings have 2 mistakes"
        assert "did you mean 'broker'?" in told.err
        assert "RELATION_WORKER_LOG__LEVEL" in told.err
        assert told.out == ""


@pytest.mark.parametrize("args", [["dead", "list"], ["event", "show", "x"], ["connections", "pause", "acme-onoffice"]])
@pytest.mark.usefixtures("furnished")
def test_no_journal(args: list[str]) -> None:
    """Where no worker ever ran there is no journal, and none is made."""
    Path("relation-worker.db").unlink()

    told = command(*args)

    assert told.code == Exit.UNREACHABLE
    assert "there is no journal at relation-worker.db" in told.err
    assert not Path("relation-worker.db").exists()


@pytest.mark.usefixtures("furnished")
def test_damaged_journal() -> None:
    """A file that is no journal is told in one line."""
    Path("relation-worker.db").write_bytes(b"no database" * 100)

    told = command("dead", "list")

    assert told.code == Exit.UNREACHABLE
    assert len(told.err.splitlines()) == 1


def test_file_of_settings_by_option_and_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option names the file, else the environment, else the usual name."""
    for name in ("a", "b", "relation-worker"):
        (folder / f"{name}.toml").write_text(f'[worker]\ninstance = "{name}"\n')

    def instance(*args: str) -> object:
        found = command("config", "show", "--json", *args).json
        assert isinstance(found, dict)
        return found["worker.instance"]["value"]

    assert instance() == "relation-worker"
    monkeypatch.setenv("RELATION_WORKER_CONFIG", "b.toml")
    assert instance() == "b"
    assert instance("--config", "a.toml") == "a"
