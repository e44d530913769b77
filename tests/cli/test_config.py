"""The noun `config`."""

from pathlib import Path

import pytest

from tests.cli.house import SECRETS, command
from worker.cli.exits import Exit


def test_init_writes_settings_that_are_good(folder: Path) -> None:
    """What `init` writes passes `check`, and is never written over."""
    assert command("config", "init").code == Exit.DONE
    before = (folder / "relation-worker.toml").read_text()

    told = command("config", "check")
    again = command("config", "init")

    assert (told.code, again.code) == (Exit.DONE, Exit.FAILED)
    assert "relation-worker.toml: good, 0 connections" in told.out
    assert "is there already" in again.err
    assert (folder / "relation-worker.toml").read_text() == before


def test_every_connection_of_init_can_be_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its comment signs taken away and its secrets given, the beginning is a whole installation."""
    text = command("config", "init", "-").out
    start = text.index("# [connections.")
    lines = [line.removeprefix("# ") for line in text[start:].splitlines()]
    (folder / "relation-worker.toml").write_text(text[:start] + "\n".join(lines))
    prefix = "RELATION_WORKER_CONNECTIONS__ACME_"
    given = {
        "ONOFFICE__TOKEN": "on-token",
        "ONOFFICE__SECRET": "on-secret",
        "OUTSMART__TOKEN": "out-token",
        "OUTSMART__SOFTWARE_TOKEN": "out-soft",
        "SILVASOFT__API_KEY": "silva-key",
        "SUPEROFFICE__AUTH": "bearer",
        "SUPEROFFICE__ACCESS_TOKEN": "super-token",
    }
    for name, value in given.items():
        monkeypatch.setenv(prefix + name, value)

    told = command("config", "check", "--json")

    assert told.json == {
        "ok": True,
        "findings": [],
        "connections": ["acme-onoffice", "acme-outsmart", "acme-silvasoft", "acme-superoffice"],
    }


@pytest.mark.usefixtures("furnished")
def test_show_has_every_value_and_no_secret() -> None:
    """Values in effect and their origin, in both forms; secrets as ***."""
    text, machine = command("config", "show"), command("config", "show", "--json")
    found = machine.json

    assert isinstance(found, dict)
    assert found["connections.acme-onoffice.batch"] == {"value": 25, "origin": "default"}
    assert found["connections.acme-onoffice.token"] == {"value": "***", "origin": "environment"}
    assert found["connections.acme-onoffice.target"]["origin"] == "file"
    assert "connections.acme-onoffice.quotas" in text.out
    assert not [secret for secret in SECRETS.values() if secret in text.out + machine.out]


def test_findings_for_programs(folder: Path) -> None:
    """`check --json` has the findings as data, and ends with code 2."""
    (folder / "relation-worker.toml").write_text("[log]\nlevel = 3\n")

    told = command("config", "check", "--json")

    assert told.code == Exit.USAGE
    assert told.json == {
        "ok": False,
        "findings": [
            {
                "key": "log.level",
                "value": "3",
                "origin": None,
                "problem": "must be 'debug', 'info', 'warning' or 'error'",
            }
        ],
    }
