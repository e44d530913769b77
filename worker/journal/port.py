"""The port of a database: what SQLite and PostgreSQL do each in their own way."""

from typing import Protocol

from worker.journal.session import Session


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
