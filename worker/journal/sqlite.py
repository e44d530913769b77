"""Opens an SQLite journal, and says what is wrong with one that it cannot open."""

import sqlite3
import sys
import time
from io import FileIO
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy.dialects.sqlite import pysqlite

from worker.journal.errors import JournalError
from worker.journal.session import Clock, Session
from worker.journal.tables import APPLICATION

MEMORY = ":memory:"
PATIENCE = 5.0  # seconds that one writer waits for another: the worker for the CLI
CHECKED = 64 * 2**20  # bytes up to which a file is read through at the start
SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -16384",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA temp_store = MEMORY",
)
# https://www.sqlite.org/rescode.html, read November 2025; what each means to whoever runs the worker.
MEANINGS = {
    "SQLITE_FULL": "the disk is full; make room, nothing that was confirmed is lost",
    "SQLITE_READONLY": "the file or its folder cannot be written; give the worker's user the right to",
    "SQLITE_CANTOPEN": "the file cannot be opened; see that its folder exists and the worker's user may write there",
    "SQLITE_NOTADB": "the file is no SQLite database; name another file, or move this one away",
    "SQLITE_CORRUPT": "the file is damaged; stop the worker, save a copy and restore it from a backup "
    "(or try: sqlite3 FILE .recover)",
    "SQLITE_BUSY": "another process is writing to it and does not finish",
    "SQLITE_IOERR": "the disk cannot be read or written; look at the system's log",
}


class Sqlite:
    """One file, or memory."""

    begin = "BEGIN IMMEDIATE"
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, url: str, clock: Clock | None) -> None:
        self.path = unquote(url.removeprefix("sqlite://").removeprefix("/")) or MEMORY
        self._clock = clock or time.time

    @property
    def is_file(self) -> bool:
        return self.path != MEMORY

    def connect(self) -> Session:
        raw = sqlite3.connect(
            self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        return Session(raw, pysqlite.dialect(), self._clock)

    def configure(self, session: Session) -> None:
        for setting in SETTINGS:
            session.say(setting).fetchall()

    def inspect(self, session: Session) -> bool:
        """Say whether the file is new; one that is not ours is left as it is."""
        application = session.say("PRAGMA application_id").fetchall()[0][0]
        tables = session.say("SELECT count(*) FROM sqlite_master").fetchall()[0][0]
        if tables == 0 and application in {0, APPLICATION}:
            return True
        if application != APPLICATION:
            raise JournalError(f"{self.path} belongs to some other program; name another file as journal.url")
        if self.is_file and Path(self.path).stat().st_size <= CHECKED:
            self._check(session)
        return False

    def claim(self, session: Session) -> None:
        session.say(f"PRAGMA application_id = {APPLICATION}")

    def explained(self, error: Exception) -> Exception:
        if not isinstance(error, sqlite3.Error):
            return error
        name = getattr(error, "sqlite_errorname", None) or ""
        meaning = next((text for code, text in MEANINGS.items() if name.startswith(code)), str(error))
        return JournalError(f"{self.path}: {meaning}")

    def fatal(self, error: Exception) -> bool:
        name = getattr(error, "sqlite_errorname", None) or ""
        return isinstance(error, sqlite3.Error) and name.startswith(tuple(MEANINGS))

    def is_broken(self, session: Session) -> bool:  # noqa: ARG002  # a file does not hang up
        return False

    def is_taken(self, error: Exception) -> bool:
        return isinstance(error, sqlite3.IntegrityError) and "relations.remote_key" in str(error)

    def _check(self, session: Session) -> None:
        found = session.say("PRAGMA quick_check(1)").fetchall()[0][0]
        if found != "ok":
            raise JournalError(f"{self.path}: {MEANINGS['SQLITE_CORRUPT']}")


class Lock:
    """Held beside the file by the one worker that works on it; the CLI does without."""

    def __init__(self, path: str, owner: str) -> None:
        self.path = Path(f"{path}.lock")
        try:
            self._file: FileIO = self.path.open("a+b", buffering=0)
        except OSError as error:
            raise JournalError(f"{self.path}: {MEANINGS['SQLITE_READONLY']} ({error.strerror})") from error
        if not _locked(self._file):
            self._file.seek(0)
            holder = self._file.read(200).decode(errors="replace").strip() or "another worker"
            self._file.close()
            raise JournalError(f"{path} is in use by {holder}; an SQLite journal serves one worker at a time")
        try:
            self._file.truncate(0)
            self._file.write(owner.encode())
        except OSError as error:
            self._file.close()
            raise JournalError(f"{self.path}: {MEANINGS['SQLITE_FULL']} ({error.strerror})") from error

    def release(self) -> None:
        self._file.truncate(0)
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _locked(file: FileIO) -> bool:
        """Lock a byte far behind the text, which others may then read."""
        try:
            file.seek(2**20)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        file.seek(0)
        return True
else:
    import fcntl

    def _locked(file: FileIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
