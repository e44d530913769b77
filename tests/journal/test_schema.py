"""The promises of creating and migrating tables."""

import asyncio
import sys
from subprocess import run

import pytest

from tests.journal.conftest import Open
from tests.journal.makers import delivery
from worker.journal import schema
from worker.journal.database import database, opened, prepared
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.session import Session
from worker.journal.tables import VERSION
from worker.journal.upgrade import upgrade

COLUMNS = """SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2"""
INDEXES = (
    "SELECT replace(indexdef, current_schema(), '') FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1"
)


def described(session: Session) -> list[object]:
    """Return all that a database says of its tables, in its own words."""
    if session.dialect.name == "sqlite":
        rows = session.say("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return [(name, sorted(" ".join((sql or "").replace('"', "").split()).split(","))) for name, sql in rows]
    return [*session.say(COLUMNS).fetchall(), *session.say(INDEXES).fetchall()]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migrations_make_what_is_created_at_once(kind: str, request: pytest.FixtureRequest) -> None:
    """All migrations from nothing and the tables created at once are the same."""
    if kind == "sqlite":
        migrated, created = database("sqlite://"), database("sqlite://")
    else:
        server = request.getfixturevalue("postgresql")
        migrated, created = database(server.schema()), database(server.schema())
    one, two = opened(migrated), prepared(created)

    upgrade(migrated, one)

    assert described(one) == described(two)
    assert schema.is_current(one)
    assert one.say("SELECT version_num FROM journal_version").fetchall() == [(VERSION,)]
    for each in (one, two):
        each.connection.close()


async def test_older_journal_is_migrated(url: str, opened: Open) -> None:
    """A journal whose migrations are not all run is brought up to date when it is opened."""
    place = database(url)
    session = prepared(place)
    session.say("DELETE FROM journal_version")
    for table in described_tables(session):
        session.say(f"DROP TABLE {table}")
    session.connection.close()

    journal = await opened(url)

    await journal.take([delivery(1)])
    assert await journal.last_position() == 1


def described_tables(session: Session) -> list[str]:
    """Return the names of all tables but the version's."""
    text = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if session.dialect.name == "sqlite"
        else "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    return [name for (name,) in session.say(text).fetchall() if name != "journal_version"]


async def test_newer_journal_is_refused(url: str, opened: Open) -> None:
    """A journal of a newer worker is refused, and nothing in it is touched."""
    await (await opened(url)).close()
    session = prepared(database(url))
    session.say("UPDATE journal_version SET version_num = '9999'")

    with pytest.raises(JournalError, match="newer"):
        await Journal.open(url)

    assert session.say("SELECT version_num FROM journal_version").fetchall() == [("9999",)]
    session.connection.close()


async def test_workers_that_start_together(postgresql_url: str) -> None:
    """Of several workers on an empty database one creates the tables."""
    journals = await asyncio.gather(*(Journal.open(postgresql_url) for _ in range(4)))

    assert [await each.last_position() for each in journals] == [0, 0, 0, 0]
    for each in journals:
        await each.close()


async def test_foreign_tables(postgresql_url: str) -> None:
    """A schema in which somebody else has a table of ours is refused."""
    place = database(postgresql_url)
    session = place.connect()
    session.say("CREATE TABLE deliveries (id int)")

    with pytest.raises(JournalError, match="other program"):
        await Journal.open(postgresql_url)

    session.connection.close()


async def test_server_that_is_not_there() -> None:
    """A server out of reach is said, without a password."""
    with pytest.raises(JournalError) as caught:
        await Journal.open("postgresql://me@127.0.0.1:1/x", password="hush")

    assert "hush" not in str(caught.value)
    assert "PostgreSQL" in str(caught.value)


def test_start_imports_no_alembic() -> None:
    """A new journal and a current one are opened without Alembic, which takes long to import."""
    program = (
        "import asyncio, sys; from worker.journal.journal import Journal\n"
        "async def main():\n    await (await Journal.open('sqlite://', inline=True)).close()\n"
        "asyncio.run(main()); assert 'alembic' not in sys.modules and 'psycopg' not in sys.modules"
    )

    assert run([sys.executable, "-c", program], check=False).returncode == 0
