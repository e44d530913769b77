"""Opens a PostgreSQL journal, and says what is wrong with one that it cannot open."""

import re

import psycopg
from sqlalchemy.dialects.postgresql import psycopg as dialects

from worker.journal.errors import JournalAwayError, JournalError
from worker.journal.session import Clock, Session

PATIENCE = 5  # seconds to connect
# Seconds without an answer after which a connection counts as broken, and between questions whether it is.
SILENCE, ASKED_EVERY = 10, 3
# A worker that freezes within a transaction must not keep its locks: the next owner waits for them.
# Said for each transaction, because a pooler gives the session to others.
LONGEST_REST = 5  # seconds
# Not to_regclass: within a transaction it does not see what another one has created meanwhile.
EXISTING = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1919249969)"  # of workers that start together, one creates the tables
# https://www.postgresql.org/docs/current/errcodes-appendix.html, read November 2025
MEANINGS = {
    "53": "it lacks room, memory or connections",
    "57P": "it is stopping or starting",
    "25006": "it takes no writes (a standby?); name the primary",
    "42501": "the journal's user may not do this; grant it the right",
    "28": "it refuses our user or password",
    "3D000": "there is no such database; create it",
}
# What passes by itself: connections that break, no room for one more, a server that starts or stops.
PASSING = ("08", "53", "57P")
# At the connection libpq gives no code, only the server's words (seen with 18): these do not mend themselves. A server
# that speaks another language is waited for, and what it says is said.
REFUSALS = {
    re.compile(
        "authentication failed|no password supplied|no pg_hba.conf entry|not permitted to log in|no such user"
    ): "28",
    re.compile('role "[^"]*" does not exist'): "28",
    re.compile('database "[^"]*" does not exist|no such database'): "3D000",
    re.compile("permission denied"): "42501",
}
UNSAFE = ("certificate", "does not support SSL")


class Postgresql:
    """One database of a server."""

    begin = f"BEGIN; SET LOCAL idle_in_transaction_session_timeout = '{LONGEST_REST}s'"
    errors: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, url: str, password: str | None, clock: Clock | None) -> None:
        self._url = url
        self._password = password
        self._clock = clock

    def connect(self) -> Session:
        raw = psycopg.connect(
            self._url,
            password=self._password,
            autocommit=True,
            connect_timeout=PATIENCE,
            application_name="relation-worker",
            keepalives_idle=ASKED_EVERY,
            keepalives_interval=ASKED_EVERY,
            keepalives_count=SILENCE // ASKED_EVERY,
            tcp_user_timeout=SILENCE * 1000,
        )
        try:
            prepare(raw)
        except BaseException:
            raw.close()
            raise
        dialect = dialects.PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]  # not typed there
        return Session(raw, dialect, self._clock)

    def configure(self, session: Session) -> None:
        """Nothing: the server is set up by whoever runs it."""

    def inspect(self, session: Session) -> bool:
        """Say whether there is no journal yet; others' tables in the same schema are left alone."""
        tables = {name for (name,) in session.say(EXISTING).fetchall()}
        is_new = "journal_version" not in tables
        if is_new and "deliveries" in tables:
            raise JournalError("the database has a table `deliveries` of some other program; name another database")
        return is_new

    def claim(self, session: Session) -> None:
        session.say(ONE_AT_A_TIME)

    def explained(self, error: Exception) -> Exception:
        """Return what to do; the driver's text holds no password."""
        if not isinstance(error, psycopg.Error):
            return error
        said = decisive(error)
        state = error.sqlstate or refusal(said)
        meaning = next((text for code, text in MEANINGS.items() if state.startswith(code)), None)
        text = f"PostgreSQL: {meaning}: {said}" if meaning else f"PostgreSQL: {said}"
        return (JournalAwayError if passes(error, state, said) else JournalError)(text)

    def fatal(self, error: Exception) -> bool:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError)

    def is_broken(self, session: Session) -> bool:
        raw = session.connection
        return isinstance(raw, psycopg.Connection) and raw.broken

    def is_taken(self, error: Exception) -> bool:
        if not isinstance(error, psycopg.errors.UniqueViolation):
            return False
        return error.diag.constraint_name == "relations_remote_id"


def prepare(raw: "psycopg.Connection[tuple[int]]") -> None:
    """Let statements be prepared where sessions stay whose they are."""
    if is_pooled(raw):
        raw.prepare_threshold = None
    else:
        raw.prepared_max = 512


def is_pooled(raw: "psycopg.Connection[tuple[int]]") -> bool:
    """Say whether somebody stands between us and the server, who may give each transaction another of its sessions.

    Prepared statements belong to a session: behind PgBouncer 1.18 one worker's name ran another's statement (seen).
    A pooler cannot hand the server's process number on, for it has many.
    """
    found = raw.execute("SELECT pg_backend_pid()").fetchone()
    return found is None or found[0] != raw.info.backend_pid


def decisive(error: psycopg.Error) -> str:
    """Return the line that says why: psycopg tells of each address of a name, and one may refuse us for good."""
    lines = str(error).strip().splitlines() or [""]
    if error.sqlstate:
        return lines[0]
    return next((line.strip("- ") for line in lines if refusal(line) or is_unsafe(line)), lines[0])


def is_unsafe(said: str) -> bool:
    return any(word in said for word in UNSAFE)


def refusal(said: str) -> str:
    """Return the code of what a server, or a pooler, refuses at the connection; nothing for all else."""
    return next((code for words, code in REFUSALS.items() if words.search(said)), "")


def passes(error: psycopg.Error, state: str, said: str) -> bool:
    """Say whether waiting may mend it."""
    if not isinstance(error, psycopg.OperationalError) or is_unsafe(said):
        return False
    return not state or state.startswith(PASSING)
