"""A plain client, and clocks that a test may set."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession, DummyCookieJar

from worker.sandbox.clock import Clock


@dataclass(slots=True)
class Hands:
    """The hands of both clocks, moved by the test."""

    monotonic: float = 1_000.0
    wall: float = 1_790_000_000.5

    def move(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.monotonic, lambda: self.wall)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=DummyCookieJar()) as session:
        yield session
