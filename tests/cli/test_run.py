"""The command `run`, as a process of its own."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.house import command
from worker.cli.exits import Exit
from worker.telemetry.failpoints import VARIABLE

SETTINGS = """
[broker]
url = "nats://127.0.0.1:1"
[console]
enabled = false
[log]
level = "warning"
format = "json"
"""


@pytest.mark.usefixtures("folder")
def test_failpoints_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test wrote wrongly is told in one line, before anything is begun."""
    monkeypatch.setenv(VARIABLE, "before-ack")

    told = command("run")

    assert told.code == Exit.USAGE
    assert told.err.startswith(f"error: {VARIABLE}: 'before-ack' is no failpoint")


@pytest.mark.process
async def test_armed_worker_says_so(tmp_path: Path) -> None:
    """Whoever left a test's variable in place reads it in the first line."""
    line, _ = await first_line(tmp_path, {VARIABLE: "before-ack=kill"})

    assert (line["failpoints"], line["level"]) == ("before-ack=kill", "warning")


@pytest.mark.process
async def test_failures_of_ours_are_said_at_the_level_of_warnings(tmp_path: Path) -> None:
    """A worker that is told to leave out what went well says that its broker does not answer."""
    line, rest = await first_line(tmp_path, {})

    assert "does not answer" in line["event"]
    assert line["level"] == "warning"
    assert b"stopped" not in rest


async def first_line(tmp_path: Path, environ: Mapping[str, str]) -> tuple[dict[str, Any], bytes]:
    """Return what a worker says first, and what it says after it was told to stop."""
    config = tmp_path / "worker.toml"
    config.write_text(f'{SETTINGS}[journal]\nurl = "sqlite:///{tmp_path}/journal.db"\n')
    words = (sys.executable, "-m", "worker", "run", "--config", str(config))
    child = await asyncio.create_subprocess_exec(*words, stderr=PIPE, env={**os.environ, **environ})
    assert child.stderr is not None
    try:
        async with asyncio.timeout(20):
            line = json.loads(await child.stderr.readline())
    finally:
        child.terminate()
        rest = await child.stderr.read()

    assert await child.wait() == 0
    return line, rest
