"""A transport behind a gate, and the requests that tests send with it."""

import asyncio
from dataclasses import dataclass
from itertools import count

import pytest

from tests.sending.hostile import Handler, answer, request
from worker.errors import TargetError
from worker.sending.gate import Gate
from worker.sending.http.transport import Transport
from worker.sending.quota import Quota
from worker.sending.wire import Request, Response

SECRET = "s3cr3t-t0ken"


@dataclass(frozen=True)
class Limits:
    connect: float = 2.0
    first_byte: float = 2.0
    idle: float = 2.0
    total: float = 4.0


class Client:
    """A transport and a gate."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.gate = Gate([Quota(1000, 60.0)], 8, fresh=True)

    @property
    def used(self) -> int:
        return self.gate.use[0].used

    async def send(self, sent: Request, limits: Limits = Limits()) -> Response:
        slot = await self.gate.slot()
        try:
            return await self.transport.send(sent, slot, limits)
        finally:
            slot.release()

    async def failure(self, sent: Request, limits: Limits = Limits()) -> TargetError:
        with pytest.raises(TargetError) as caught:
            await self.send(sent, limits)
        error = caught.value
        assert error.__context__ is None
        assert error.__cause__ is None
        assert SECRET not in repr(error)
        assert SECRET not in error.detail
        return error


def post(url: str, body: bytes = b"{}", **headers: str) -> Request:
    return Request("POST", f"{url}/x", (("token", SECRET),), headers, body, secrets=(SECRET,))


def get(url: str) -> Request:
    return Request("GET", f"{url}/x", (("token", SECRET),), secrets=(SECRET,))


def once(*chunks: bytes) -> Handler:
    """Answer each request of a connection with these bytes, then close."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()

    return handler


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await request(reader)
    await asyncio.Event().wait()


def repeating(headers: str = "") -> Handler:
    """Answer each request with the number of its connection and its own number there."""
    connections = count(1)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = next(connections)
        for number in count(1):
            await request(reader)
            writer.write(answer(f"{connection}.{number}".encode(), headers=headers))

    return handler
