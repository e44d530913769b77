"""Opens the database that a URL names, and sees that it is a journal of this version."""

from worker.journal import leases, schema
from worker.journal.errors import JournalError, UnkeptError
from worker.journal.port import Database
from worker.journal.session import Clock, Session

# From the drivers themselves: half a character, or a number of twenty digits.
UNKEPT: tuple[type[Exception], ...] = (UnicodeEncodeError, OverflowError)


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


def explained(place: Database, error: Exception) -> Exception:
    """Return an error as one that says what to do; one that is not about the database as it is."""
    if isinstance(error, UNKEPT):
        return UnkeptError("a text is no valid Unicode, or a number is too large for the journal")
    return place.explained(error)


def opened(place: Database) -> Session:
    """Return a connection to an existing, current journal; raises JournalError."""
    try:
        session = place.connect()
        place.configure(session)
    except Exception as error:
        raise explained(place, error) from error
    return session


def prepared(place: Database, *, alone: bool = False) -> Session:
    """Return a connection to a journal that is created or brought up to date where that is due.

    `alone`: no other worker is on it, so whoever worked there is gone, whatever the leases say.
    Raises JournalError, and then nothing is touched.
    """
    try:
        session = place.connect()
        try:
            _prepare(place, session)
            if alone:
                leases.end_all(session)
        except BaseException:
            session.connection.close()
            raise
    except Exception as error:
        raise explained(place, error) from error
    return session


def _prepare(place: Database, session: Session) -> None:
    is_new = place.inspect(session)
    is_current = is_new or schema.is_current(session)
    place.configure(session)
    if is_new:
        _create(place, session)
    elif not is_current:
        from worker.journal.upgrade import upgrade  # noqa: PLC0415  # Alembic takes long to import

        upgrade(place, session)


def _create(place: Database, session: Session) -> None:
    """Create the tables, unless another process was first."""
    session.say(place.begin)
    place.claim(session)
    if place.inspect(session):
        schema.create(session)
    session.say("COMMIT")
