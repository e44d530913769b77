"""A plain client, and clocks that a test may set."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, DummyCookieJar

from tests.sandbox.waiting import Hands


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=DummyCookieJar()) as session:
        yield session
