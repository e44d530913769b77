"""The folder of an embedded broker: who holds it, and where its server listens."""

import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from worker.brokers.base import BrokerSetupError

if sys.platform != "win32":
    import fcntl

STORE_LOCK, WORKER_LOCK = "store.lock", "worker.lock"
PORTS = range(1, 65_536)
MIB = 1024**2
MAX_PAYLOAD = 16 * MIB
# Of the disk's free room, what the streams may take; the rest is for the journal and everybody else.
SHARE_OF_DISK = 0.5

CONFIG = """\
# Written anew at each start of the worker.
host: "127.0.0.1"
port: {port}
server_name: "relation-worker"
ports_file_dir: {folder}
log_file: {log}
logfile_size_limit: 10MB
logfile_max_num: 3
max_payload: {max_payload}
jetstream {{
  store_dir: {store}
  max_file_store: {max_file_store}
  sync_interval: {sync}
}}
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A server as its ports file tells."""

    pid: int
    url: str

    @property
    def port(self) -> int:
        """The port that the URL names."""
        return int(self.url.rpartition(":")[2])


class Store:
    """A folder with the streams of one server, its configuration, its log, its ports file and two locks.

    `store.lock` is held as long as any server works on the streams, because the server inherits it;
    `worker.lock` as long as the worker lives that started it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.config = self.folder / "nats-server.conf"
        self.log = self.folder / "nats-server.log"
        self.complaints = self.folder / "start.log"
        self._port = self.folder / "port"

    def make(self) -> None:
        """Make the folder; raises `BrokerSetupError` where that is not to be had."""
        if sys.platform == "win32":
            raise BrokerSetupError(
                "the embedded broker needs file locks that Windows does not have: start nats-server -js "
                "yourself, and give its address as broker.url."
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.folder / STORE_LOCK).touch()
        except OSError as error:
            raise BrokerSetupError(
                f"the broker's folder {self.folder} cannot be written ({error.strerror}). "
                "Mend its rights, or name another as broker.folder."
            ) from error

    def lock(self, name: str) -> int | None:
        """Take a lock and return what holds it, or nothing when somebody else does."""
        descriptor = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def held(self) -> bool:
        """Say whether a server works on the streams; takes nothing away from anybody."""
        try:
            descriptor = os.open(self.folder / STORE_LOCK, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def running(self) -> Running | None:
        """Read the newest ports file that is whole; whether that server still lives is another question."""
        for path in sorted(self._ports_files(), key=_age):
            with suppress(OSError, LookupError, TypeError, ValueError):
                running = Running(int(path.stem.rpartition("_")[2]), str(orjson.loads(path.read_bytes())["nats"][0]))
                if running.port in PORTS:
                    return running
        return None

    def forget(self) -> None:
        """Remove the ports files of servers that are gone."""
        for path in self._ports_files():
            path.unlink(missing_ok=True)

    def _ports_files(self) -> list[Path]:
        return list(self.folder.glob("*_*.ports"))

    def last_port(self) -> int:
        """Return the port of the last server here, so that its URL stays true; -1: any."""
        try:
            port = int(self._port.read_text())
        except (OSError, ValueError):
            return -1
        return port if port in PORTS else -1

    def keep_port(self, port: int) -> None:
        """Remember it for the next."""
        self._port.write_text(str(port))

    def said(self) -> str:
        """Quote what the server wrote before it had a log, else the end of its log."""
        for path in (self.complaints, self.log):
            with suppress(OSError):
                if text := path.read_text(errors="replace").strip():
                    return f"{text[-400:]} (log: {self.log})"
        return "it says nothing"

    def room(self) -> int:
        """Bytes that the streams may take: a share of what is free, with what they have already."""
        used = sum(path.stat().st_size for path in (self.folder / "jetstream").rglob("*.blk"))
        free = shutil.disk_usage(self.folder).free
        return int((free + used) * SHARE_OF_DISK) // MIB * MIB

    def configure(self, *, port: int, sync: str) -> None:
        """Write the server's configuration."""
        text = CONFIG.format(
            port=port,
            folder=quoted(self.folder),
            log=quoted(self.log),
            max_payload=MAX_PAYLOAD,
            store=quoted(self.folder),
            max_file_store=self.room(),
            sync=quoted(sync),
        )
        self.config.write_text(text)

    def owns(self, pid: int) -> bool:
        """Say whether this process is a nats-server that was started on this folder."""
        command = _command(pid)
        return "nats-server" in command and str(self.config) in command


def quoted(value: object) -> str:
    """Quote a string as nats-server's configuration wants it."""
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _command(pid: int) -> str:
    """Read the command line of a process, or nothing when there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return "" if sys.platform == "linux" else _command_by_ps(pid)


def _command_by_ps(pid: int) -> str:
    import subprocess  # noqa: PLC0415 - only where there is no /proc

    asked = ["/bin/ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own list
