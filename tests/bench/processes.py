"""Processes under measurement: started, read, ended; their CPU time is their own."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

TICK = os.sysconf("SC_CLK_TCK")
PATIENCE = 60.0  # seconds for a process to say that it is ready
STOPPING = 10.0


class NotReadyError(Exception):
    """A process ended, or was silent for too long, before it was ready; its last words are the text."""


class Process:
    """A child whose output goes to a file; ended by its own id, with its children where it has any."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        self.began = time.monotonic()
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        self.id = self._child.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def said(self) -> str:
        """Return all that it has printed."""
        return self.log.read_text(errors="replace")

    def wait_for(self, pattern: str, patience: float = PATIENCE) -> "re.Match[str]":
        """Wait until it has printed something."""
        deadline = time.monotonic() + patience
        while True:
            found = re.search(pattern, self.said())
            if found:
                return found
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise NotReadyError(self.said()[-2000:])
            time.sleep(0.01)

    def wait(self, patience: float) -> int:
        """Wait until it has ended by itself."""
        return self._child.wait(patience)

    def end(self) -> None:
        """Ask it to end, and its children by force if they outlive it."""
        if self._child.poll() is None:
            self._child.terminate()
        try:
            self._child.wait(STOPPING)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def cpu(self) -> float:
        """Return the seconds of CPU that it and its children have used."""
        return sum(cpu_of(each) for each in family(self.id))

    def resident(self) -> float:
        """Return its resident memory in megabytes."""
        status = Path(f"/proc/{self.id}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found, "a running process has memory"
        return int(found[1]) / 1000


def cpu_of(process: int) -> float:
    """Return the seconds of CPU of one process, all its threads; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def family(process: int) -> list[int]:
    """Return a process and all that come from it."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return [process]
    return [process, *(each for child in children for each in family(int(child)))]


def module(name: str, *words: str) -> list[str]:
    """Return the command that runs a module of ours."""
    return [sys.executable, "-m", name, *words]


def found(*names: str) -> str | None:
    """Return the first of some programs that is on the PATH."""
    return next((path for name in names if (path := shutil.which(name))), None)
