"""The nats-server that we start, watch, and end."""

import os
import shutil
import signal
import socket
from asyncio import Task, create_task, get_running_loop, sleep, timeout, wait
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from worker.brokers.base import BrokerSetupError
from worker.brokers.connection import waits
from worker.brokers.process import STOP_SECONDS, Process, program
from worker.brokers.store import MIB, STORE_LOCK, WORKER_LOCK, Store
from worker.telemetry.absence import Absence

START_SECONDS = 15.0
LOOK_SECONDS = 2.0
ENOUGH_DISK = 64 * MIB
# What nats-server 2.15.1 logs when a stream stops taking writes for good (seen on a full disk).
WRITE_DEAD = b"critical write error"


class Server:
    """One nats-server on one folder; comes back when it dies, and after a full disk."""

    def __init__(
        self,
        folder: Path,
        *,
        named: str | None,
        sync: str,
        tell: Callable[[str], None],
        on_url: Callable[[str], None],
    ) -> None:
        self.store = Store(folder)
        self._named = named
        self._sync = sync
        self._tell = tell
        self._away = Absence(tell)
        self._on_url = on_url
        self._program = ""
        self._locks: dict[str, int] = {}
        self._process: Process | None = None
        self._tasks: list[Task[None]] = []

    async def start(self) -> None:
        """Take the folder and start a server on it; raises `BrokerSetupError`."""
        self._program = program(self._named)
        self.store.make()
        try:
            await self._take_folder()
            await self._launch()
        except BaseException:
            await self.stop()
            raise
        self._tasks = [create_task(self._keep()), create_task(self._watch())]

    async def stop(self) -> None:
        """End the server and give the folder back."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await wait(self._tasks)
        self._tasks = []
        if self._process:
            await self._process.end()
            self._process = None
        for descriptor in self._locks.values():
            os.close(descriptor)
        self._locks.clear()

    async def _take_folder(self) -> None:
        if not await self._lock(WORKER_LOCK):
            raise BrokerSetupError(
                f"another worker runs its broker in {self.store.folder}. Stop that one, or name another "
                "folder as broker.folder."
            )
        if not await self._lock(STORE_LOCK):
            await self._end_orphan()

    async def _lock(self, name: str, patience: float = 0.5) -> bool:
        """Take a lock, with some patience for one who only looks."""
        deadline = get_running_loop().time() + patience
        while (descriptor := self.store.lock(name)) is None:
            if get_running_loop().time() > deadline:
                return False
            await sleep(0.02)
        self._locks[name] = descriptor
        return True

    async def _end_orphan(self) -> None:
        """End the server that a killed worker left behind, if it is one; else refuse."""
        orphan = self.store.running()
        if not orphan or not self.store.owns(orphan.pid):
            raise BrokerSetupError(
                f"a process that is not ours holds {self.store.folder / STORE_LOCK}: two servers on one "
                "store lose events. End it, or name another folder as broker.folder."
            )
        self._tell(f"ending the broker that a killed worker left behind (process {orphan.pid})")
        for word in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(orphan.pid, word)
            if await self._lock(STORE_LOCK, STOP_SECONDS):
                return
        raise BrokerSetupError(f"the broker left behind (process {orphan.pid}) cannot be ended: end it by hand.")

    async def _launch(self) -> None:
        """Start the program and wait until it listens, at the port that it had before if that is free."""
        store = self.store
        store.forget()
        port = store.last_port()
        store.configure(port=port if _free(port) else -1, sync=self._sync)
        command = [self._program, "-c", str(store.config)]
        self._process = Process(command, store.folder, self._locks[STORE_LOCK], store.complaints)
        try:
            async with timeout(START_SECONDS):
                self._on_url(await self._listening(self._process))
        except TimeoutError:
            raise BrokerSetupError(f"nats-server does not listen: {store.said()}") from None

    async def _listening(self, process: Process) -> str:
        while not (now := self.store.running()) or not _listens(now.port):
            if process.ended is not None:
                raise BrokerSetupError(f"nats-server ended at once ({process.ended}): {self.store.said()}")
            await sleep(0.01)
        self.store.keep_port(now.port)
        return now.url

    async def _keep(self) -> None:
        """Start it again whenever it ends."""
        while self._process:
            code = await self._process.gone()
            self._tell(f"the embedded broker ended ({code}); starting it again")
            await self._revive()

    async def _revive(self) -> None:
        """Start it, however long what hinders it lasts: a full disk, a program that is being replaced."""
        for seconds in waits():
            await sleep(seconds)
            try:
                await self._launch()
            except (BrokerSetupError, OSError) as error:
                self._away(f"the embedded broker does not start: {error}")
                if self._process:
                    await self._process.end()
            else:
                self._away.over("the embedded broker runs again")
                return

    async def _watch(self) -> None:
        """Restart a server whose streams take no more writes, once there is room again."""
        place = _size(self.store.log)
        while True:
            await sleep(LOOK_SECONDS)
            with suppress(OSError):  # the log is being rotated, or the system opens no file now
                place = await self._look(place)

    async def _look(self, place: int) -> int:
        """Read on in the log, and see to what it says; return up to where it is read."""
        place, words = _news(self.store.log, place)
        if WRITE_DEAD in words:
            self._tell(f"no more can be written in {self.store.folder}: the broker waits for room")
            await self._room()
            place = _size(self.store.log)
            if self._process:
                self._process.terminate()
        return place

    async def _room(self) -> None:
        while shutil.disk_usage(self.store.folder).free < ENOUGH_DISK:  # noqa: ASYNC110 - a disk tells nobody
            await sleep(LOOK_SECONDS)


def _free(port: int) -> bool:
    if port <= 0:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _news(path: Path, place: int) -> tuple[int, bytes]:
    """Read what was logged since; a log that was rotated is read from its beginning."""
    size = _size(path)
    if size == place:
        return place, b""
    with path.open("rb") as log:
        log.seek(place if size > place else 0)
        return size, log.read()
