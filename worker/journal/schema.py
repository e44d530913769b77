"""Brings a database to the tables that this version knows."""

from sqlalchemy.schema import CreateIndex, CreateTable

from worker.journal.errors import JournalError
from worker.journal.session import Session
from worker.journal.tables import VERSION, metadata, version


def create(session: Session) -> None:
    """Create all tables at once, as the migrations together would."""
    for table in metadata.sorted_tables:
        session.define(CreateTable(table))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            session.define(CreateIndex(index))
    session.run(version.insert().values(version_num=VERSION))


def is_current(session: Session) -> bool:
    """Say whether no migration is due; raises JournalError if the database is of a newer worker."""
    found = session.rows(version.select())
    stored = str(found[0][0]) if found else ""
    if stored > VERSION:
        raise JournalError(
            f"the journal was written by a newer relation-worker (its tables are {stored}, we know {VERSION}); "
            "install that version, or restore the backup from before it"
        )
    return stored == VERSION
