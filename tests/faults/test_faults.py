"""The short form of the fault suite, as continuous integration plays it."""

import subprocess
import sys

import orjson
import pytest

from tests.faults.row import NAMES, Row, table
from tests.faults.scenarios.all import SCENARIOS

SHORT = [name for name, each in SCENARIOS.items() if each.is_short]


@pytest.mark.process
@pytest.mark.parametrize("name", SHORT)
def test_scenario(name: str) -> None:
    """In its short form a scenario loses nothing, does nothing twice, and keeps every relation's order."""
    command = [sys.executable, "-m", "tests.faults", "--short", "--json", "--scenario", name]
    done = subprocess.run(command, capture_output=True, check=False)
    rows = orjson.loads(done.stdout)

    assert [tuple(row) for row in rows] == [NAMES]
    assert (rows[0]["lost"], rows[0]["duplicate_effects"], rows[0]["out_of_order"]) == (0, 0, 0), done.stderr.decode()
    assert done.returncode == 0, done.stderr.decode()


def test_table() -> None:
    """The table for people has a line for each scenario, and says nothing where nothing was measured."""
    lines = table([Row("calm", produced=20_000)]).splitlines()

    assert len(lines) == 3
    assert lines[2] == "| calm | 0 | 20,000 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |  |"
