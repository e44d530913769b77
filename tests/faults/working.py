"""A worker in a process of its own, to be killed, frozen, starved and stopped."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from worker.telemetry.failpoints import VARIABLE

START = 30.0  # seconds, on a machine that many share


class WorkerProcess:
    """One `relation-worker run`; what it says goes to a file."""

    def __init__(self, config: Path, log: Path, *, failpoints: str = "", module: str = "worker") -> None:
        self.config = config
        self.log = log
        self._failpoints = failpoints
        self._module = module
        self._process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.returncode

    async def launch(self) -> None:
        """Start it and wait for nothing."""
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self._module, "run", "--config", str(self.config)),
                stdout=log,
                stderr=log,
                env={**os.environ, VARIABLE: self._failpoints},
            )

    async def start(self) -> None:
        """Start it and wait until it works; one that dies before is not waited for."""
        await self.launch()
        async with asyncio.timeout(START):
            while "started" not in self.said() and self.code is None:  # noqa: ASYNC110 -- a file tells nobody
                await asyncio.sleep(0.02)

    def said(self) -> str:
        """Return all that it has said."""
        return self.log.read_text(errors="replace")

    def signal(self, word: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self.code is None:
            self._process.send_signal(word)

    async def ended(self, seconds: float = 30.0) -> int:
        """Wait for its end; return its exit code."""
        return await asyncio.wait_for(self._process.wait(), seconds)

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> int:
        """End it in good order; return its exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()
