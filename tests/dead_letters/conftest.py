"""Journals to lay dead letters down in."""

from collections.abc import AsyncIterator

import pytest

from tests.dead_letters.house import House
from worker.journal.journal import Journal


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give an empty journal in memory."""
    journal = await Journal.open("sqlite://", inline=True)
    yield House(journal)
    await journal.close()


@pytest.fixture
async def other_house() -> AsyncIterator[House]:
    """Give the journal of another machine."""
    journal = await Journal.open("sqlite://", inline=True)
    yield House(journal)
    await journal.close()
