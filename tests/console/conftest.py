"""A house to knock at."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.house import House, inhabited


@pytest.fixture
async def house(tmp_path: Path, nats_url: str) -> AsyncIterator[House]:
    """Run a worker with its console for one test."""
    async with inhabited(tmp_path, nats_url) as found:
        yield found
