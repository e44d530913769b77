"""What Alembic runs: all migrations that are due, over the connection it is given."""

from alembic import context

from worker.journal.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="journal_version",
    transactional_ddl=True,  # SQLite has it as well
)
context.run_migrations()
