"""The port of a database: what SQLite and PostgreSQL do each in their own way."""

from typing import Protocol

from worker.journal import schema
from worker.journal.errors import JournalError
from worker.journal.session import Clock, Session


class Database(Protocol):
    """Where the journal is."""

    begin: str
    errors: tuple[type[Exception], ...]

    def connect(self) -> Session:
        """Open one connection."""
        ...

    def inspect(self, session: Session) -> bool:
        """Say whether there is no journal yet; raises JournalError if it is damaged or not ours."""
        ...

    def configure(self, session: Session) -> None:
        """Set what a connection needs, once it is known to be ours."""
        ...

    def claim(self, session: Session) -> None:
        """Make a new journal known as ours, inside the transaction that creates it."""
        ...

    def explained(self, error: Exception) -> Exception:
        """Return an error of the driver as one that says what to do; others as they are."""
        ...

    def fatal(self, error: Exception) -> bool:
        """Say whether an error concerns the whole database, not one statement."""
        ...

    def is_broken(self, session: Session) -> bool:
        """Say whether a connection can be used no more."""
        ...

    def is_taken(self, error: Exception) -> bool:
        """Say whether a live relation would have got the remote id of another."""
        ...


def database(url: str, password: str | None = None, clock: Clock | None = None) -> Database:
    """Read sqlite:///file, sqlite:// (in memory) or postgresql://...; raises JournalError."""
    if url.startswith("sqlite://"):
        from worker.journal.sqlite import Sqlite  # noqa: PLC0415  # either driver is imported where it is used

        return Sqlite(url, clock)
    if url.startswith("postgresql://"):
        try:
            from worker.journal.postgresql import Postgresql  # noqa: PLC0415  # as above
        except ImportError as error:
            raise JournalError("PostgreSQL needs a driver: pip install relation-worker[postgresql]") from error

        return Postgresql(url, password, clock)
    raise JournalError("journal.url must begin with sqlite:/// or postgresql://")


def opened(place: Database) -> Session:
    """Return a connection to an existing, current journal; raises JournalError."""
    try:
        session = place.connect()
        place.configure(session)
    except Exception as error:
        raise place.explained(error) from error
    return session


def prepared(place: Database) -> Session:
    """Return a connection to a journal that is created or brought up to date where that is due.

    Raises JournalError, and then nothing is touched.
    """
    try:
        session = place.connect()
        try:
            _prepare(place, session)
        except BaseException:
            session.connection.close()
            raise
    except Exception as error:
        raise place.explained(error) from error
    return session


def _prepare(place: Database, session: Session) -> None:
    is_new = place.inspect(session)
    is_current = is_new or schema.is_current(session)
    place.configure(session)
    if is_new:
        _create(place, session)
    elif not is_current:
        from worker.journal.upgrade import upgrade  # noqa: PLC0415  # Alembic takes long to import

        upgrade(session, place.begin)


def _create(place: Database, session: Session) -> None:
    """Create the tables, unless another process was first."""
    session.say(place.begin)
    place.claim(session)
    if place.inspect(session):
        schema.create(session)
    session.say("COMMIT")
