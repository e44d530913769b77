"""The command `run`, as a process of its own."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

SETTINGS = """
[broker]
url = "nats://127.0.0.1:1"
[console]
enabled = false
[log]
level = "warning"
format = "json"
"""


@pytest.mark.process
async def test_failures_of_ours_are_said_at_the_level_of_warnings(tmp_path: Path) -> None:
    """A worker that is told to leave out what went well says that its broker does not answer."""
    config = tmp_path / "worker.toml"
    config.write_text(f'{SETTINGS}[journal]\nurl = "sqlite:///{tmp_path}/journal.db"\n')
    command = (sys.executable, "-m", "worker", "run", "--config", str(config))
    child = await asyncio.create_subprocess_exec(*command, stderr=PIPE)
    assert child.stderr is not None
    try:
        async with asyncio.timeout(20):
            line = json.loads(await child.stderr.readline())
    finally:
        child.terminate()
        rest = await child.stderr.read()

    assert await child.wait() == 0
    assert "does not answer" in line["event"]
    assert line["level"] == "warning"
    assert b"stopped" not in rest
