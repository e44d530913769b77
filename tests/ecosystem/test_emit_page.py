"""The page for producers: each emitter on it, copied from there and tried on a real worker."""

import asyncio
import os
import re
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import nats
import pytest

from tests.console.house import TOKEN, House, inhabited
from worker.journal.history import Passage

PAGE = (Path(__file__).parents[2] / "docs/emit.md").read_text()
BLOCKS: Mapping[str, str] = dict(re.findall(r"<!-- try: (\w+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
async def house(tmp_path: Path, nats_url: str) -> AsyncIterator[House]:
    """Run a worker with its console."""
    async with inhabited(tmp_path, nats_url) as found:
        yield found


async def done(folder: Path, environment: Mapping[str, str], *command: str) -> str:
    """Run a program to its end; return what it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await asyncio.wait_for(process.communicate(), 60))[0].decode()
    assert process.returncode == 0, said
    return said


async def arrived(house: House, event_id: str) -> Passage:
    """Return what became of an event at its connection."""
    async with asyncio.timeout(20):
        await house.heard.count(1)
    (passage,) = await house.worker.journal.event(event_id)
    return passage


def test_page_has_an_emitter_for_each() -> None:
    """There is something to copy for each kind of producer, and each has an event of its own."""
    assert BLOCKS.keys() == {"nats", "python", "javascript", "curl"}


async def test_nats_cli(house: House, nats_url: str, tmp_path: Path) -> None:
    """What the nats CLI is told to send is an event; where there is no such program it is sent for it."""
    block = BLOCKS["nats"]
    if shutil.which("nats"):
        await done(tmp_path, {"NATS_URL": nats_url}, "sh", "-c", block)
    else:
        words = shlex.split(block)
        headers = dict(words[at + 1].split(":", 1) for at, word in enumerate(words) if word == "--header")
        client = await nats.connect(nats_url)
        receipt = await client.request(words[-2], words[-1].encode(), headers=headers)
        await client.close()
        assert b'"seq"' in receipt.data

    assert (await arrived(house, "e-1")).source == "/docs/cli"


async def test_python(house: House, nats_url: str, tmp_path: Path) -> None:
    """The Python emitter, with nats-py and the CloudEvents SDK, is heard by the worker."""
    (tmp_path / "emit.py").write_text(BLOCKS["python"])

    said = await done(tmp_path, {"NATS_URL": nats_url}, sys.executable, "emit.py")

    assert "stored as 1" in said
    assert (await arrived(house, "e-2")).source == "/docs/python"


@pytest.mark.process
async def test_javascript(house: House, nats_url: str, node_folder: Path) -> None:
    """The JavaScript emitter, with the real packages, is heard by the worker, as is one in binary mode."""
    script = BLOCKS["javascript"]
    (node_folder / "emit.mjs").write_text(script)
    (node_folder / "binary.mjs").write_text(script.replace("HTTP.structured", "HTTP.binary").replace("e-3", "e-3b"))

    said = await done(node_folder, {"NATS_URL": nats_url}, "node", "emit.mjs")
    await done(node_folder, {"NATS_URL": nats_url}, "node", "binary.mjs")

    assert "stored as 1" in said
    assert (await arrived(house, "e-3")).source == "/docs/javascript"
    async with asyncio.timeout(20):
        await house.heard.count(2)
    assert len(await house.worker.journal.event("e-3b")) == 1


async def test_curl(house: House, tmp_path: Path) -> None:
    """The API takes what curl sends, and publishes it."""
    environment = {"CONSOLE_URL": house.url, "CONSOLE_TOKEN": TOKEN}

    said = await done(tmp_path, environment, "sh", "-c", BLOCKS["curl"])

    assert '"e-4"' in said
    assert (await arrived(house, "e-4")).source == "/docs/curl"
