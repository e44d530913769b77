"""A PostgreSQL that can go away and come back."""

import os
import signal
import time
from contextlib import suppress

from tests.journal.servers import PostgreSQL

PATIENCE = 10.0  # seconds


class Mortal(PostgreSQL):
    """As the journal's tests have one, but it keeps what it was told, and can be stopped and started."""

    def go(self) -> None:
        """End it at once, as a crash would; the folder stays."""
        pid = self._server.get_pid()
        os.kill(pid, signal.SIGQUIT)
        until = time.monotonic() + PATIENCE
        with suppress(ProcessLookupError):
            while time.monotonic() < until:
                os.kill(pid, 0)
                time.sleep(0.02)

    def come(self) -> None:
        """Start it again on the same folder."""
        self._server.ensure_postgres_running()
