"""One PostgreSQL for all that need not stop it."""

from collections.abc import Iterator

import pytest

from tests.journal.servers import PostgreSQL
from tests.multi.database import Mortal


@pytest.fixture(scope="session")
def database() -> Iterator[PostgreSQL]:
    """Give a server with room for many journals."""
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    """Give a server to be stopped and started."""
    server = Mortal()
    yield server
    server.stop()
