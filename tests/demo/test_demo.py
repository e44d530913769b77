import json
import subprocess
import sys

import pytest

from worker.demo.events import messages
from worker.demo.progress import Progress, Row


def test_the_same_seed_is_the_same_demo() -> None:
    """The demo's events depend on the seed only."""
    assert messages(3) == messages(3)
    assert messages(3) != messages(4)


def test_effects_match_only_when_all_have_an_outcome() -> None:
    """An event without an outcome, or anything that a vendor shows otherwise, is no match."""
    row = Row(events=1)
    progress = Progress({"onoffice": row}, ended=True)
    assert not progress.effects_match

    row.outcomes["applied"] += 1
    assert progress.effects_match

    progress.mismatches = {"onoffice": ["create of 1: told once, made twice"]}
    assert not progress.effects_match


@pytest.mark.process
def test_the_demo_accounts_for_every_event() -> None:
    """The demo ends by itself, with one outcome an event and vendors that show what the results say."""
    command = [sys.executable, "-m", "worker", "demo", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    told = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert told["effects_match"] is True
    for each in (told, *told["connections"].values()):
        assert each["events"] == each["applied"] + each["superseded"] + each["dead_lettered"]
    assert told["connections"]["_intake"]["dead_lettered"] == 6
    assert told["refused"] > 0
