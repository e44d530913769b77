"""A real nats-server for tests: started and stopped at will, on one port and one store."""

import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from worker.brokers.process import program

PATIENCE = 10.0


class TestServer:
    """A nats-server in a folder; after a restart it listens at the same port."""

    __test__ = False

    def __init__(self, folder: Path, config: str = "jetstream { sync_interval: 1s }") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.config = config
        self.port = -1
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it is ready."""
        for old in self.folder.glob("*.ports"):
            old.unlink()
        config = self.folder / "server.conf"
        config.write_text(self.config)
        here = str(self.folder)
        command = [program(), "-c", str(config), "-a", "127.0.0.1", "-p", str(self.port)]
        command += ["-sd", f"{here}/store", "--ports_file_dir", here, "-l", f"{here}/log"]
        self.child = subprocess.Popen(command)
        self.port = self._listening()

    def _listening(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for path in self.folder.glob("*.ports"):
                with suppress(orjson.JSONDecodeError):  # it is being written
                    return int(orjson.loads(path.read_bytes())["nats"][0].rpartition(":")[2])
            time.sleep(0.01)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        assert self.child
        self.child.kill()
        self.child.wait()
        self.child = None

    def stop(self) -> None:
        """End it in good order."""
        if self.child:
            self.child.terminate()
            self.child.wait()
            self.child = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
