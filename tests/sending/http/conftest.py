"""Sends over both kinds of loop: the standard library's, and the one that the worker runs on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from tests.sending.http.client import Client
from worker.sending.http.transport import Transport

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
try:
    import uvloop
except ImportError:  # not to be had on Windows
    pass
else:
    LOOPS["uvloop"] = uvloop.new_event_loop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run each test of this folder once on every loop."""
    return LOOPS


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    transport = Transport()
    transport.trust("http://127.0.0.1")
    yield Client(transport)
    await transport.close()
