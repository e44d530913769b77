"""Runs the migrations that are due; imported only then, because Alembic takes long to import."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from worker.journal.port import Database
from worker.journal.session import Session


def upgrade(place: Database, session: Session, revision: str = "head") -> None:
    """Run migrations on an open connection, all or none, and in one process at a time."""
    url = "sqlite://" if session.dialect.name == "sqlite" else "postgresql+psycopg://"
    engine = create_engine(url, creator=lambda: session.connection, poolclass=StaticPool, pool_reset_on_return=None)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect() as connection:  # it rolls back when it connects first, so the transaction comes later
        config.attributes["connection"] = connection
        session.say(place.begin)
        place.claim(session)
        command.upgrade(config, revision)
        session.say("COMMIT")
