"""A TCP proxy whose connections can be cut, and which can refuse new ones."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Self


class Proxy:
    """Stands before one port of this machine."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server
        self.is_open = True
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection."""
        for end in self._ends:
            connection = end.get_extra_info("socket")
            if connection is not None:
                with suppress(OSError):  # it is closed already
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.transport.abort()
        self._ends.clear()

    def changed(self, part: bytes) -> bytes:
        """Return what is handed on of a part; as it is, unless somebody knows better."""
        return part

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            writer.transport.abort()
            return
        there, onward = await asyncio.open_connection("127.0.0.1", self._behind)
        self._ends |= {writer, onward}
        for source, sink in ((reader, onward), (there, writer)):
            task = asyncio.create_task(carry(source, sink, self.changed))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter, changed: Callable[[bytes], bytes]) -> None:
    """Bring bytes from one side to the other until either is gone."""
    with suppress(OSError):
        while part := await source.read(65_536):
            sink.write(changed(part))
            await sink.drain()
    sink.close()
