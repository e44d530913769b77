"""A vendor that costs next to nothing: canned answers, in a process of its own.

The first part of a path chooses how it behaves (`/slow`, `/refusing`; anything else is healthy); `/moments/WORD`
tells when calls came whose path begins with that word, by the clock that all processes of a machine share, and
`/comments/WORD` also the comment of each. `/refuse/WORD` has all such calls refused for good, until `/accept/WORD`.
"""

import asyncio
import re
import time
from collections import defaultdict
from itertools import count
from typing import cast

import orjson
import uvloop

SLOW = 0.5  # seconds until the slow one answers
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
COMMENT = re.compile(rb'"Comment":\s*"([^"]*)"')


class Vendor:
    """What all connections to it share."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.moments: dict[str, list[float]] = defaultdict(list)
        self.comments: dict[str, list[str]] = defaultdict(list)
        self.refused: set[str] = set()

    def answer(self, path: str, body: bytes) -> tuple[str, bytes]:
        """Return status line and body for one call."""
        first, _, rest = path.removeprefix("/").partition("/")
        if first in {"moments", "comments", "refuse", "accept"}:
            return "200 OK", orjson.dumps(self.told(first, rest))
        self.moments[first].append(time.monotonic())
        comment = COMMENT.search(body)
        self.comments[first].append(comment[1].decode() if comment else "")
        if first in self.refused:
            return "400 Bad Request", b'{"Error":true,"ErrorType":"Rejected","Message":"Not today"}'
        if first == "refusing":
            return "429 Too Many Requests\r\nRetry-After: 3600", b"{}"
        if "relations/" in rest:
            return "200 OK", b'{"code":200,"messages":[],"response":%d}' % body.count(b'"debtor_number"')
        return "200 OK", b'{"RelationId":%d,"Comment":""}' % next(self.numbers)

    def told(self, wish: str, word: str) -> object:
        """Answer who measures."""
        if wish == "refuse":
            self.refused.add(word)
        elif wish == "accept":
            self.refused.discard(word)
        elif wish == "comments":
            return list(zip(self.moments[word], self.comments[word], strict=True))
        return self.moments[word]


class Exchange(asyncio.Protocol):
    """One connection; requests come one after the other, whole or in parts."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._received = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is none by inheritance

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._received += data
        while (end := self._received.find(HEAD_END)) >= 0:
            head = bytes(self._received[:end])
            size = end + len(HEAD_END) + content_length(head)
            if len(self._received) < size:
                return
            body = bytes(self._received[end + len(HEAD_END) : size])
            del self._received[:size]
            self._answer(head.split(b" ", 2)[1].partition(b"?")[0].decode(), body)

    def _answer(self, path: str, body: bytes) -> None:
        status, told = self._vendor.answer(path, body)
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(told)}\r\n\r\n"
        if path.startswith("/slow/"):
            asyncio.get_running_loop().call_later(SLOW, self._transport.write, head.encode() + told)
        else:
            self._transport.write(head.encode() + told)


def content_length(head: bytes) -> int:
    """Return the size of a request's body."""
    at = head.lower().find(LENGTH)
    return 0 if at < 0 else int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])


async def serve() -> None:
    """Print the port and answer until ended."""
    vendor = Vendor()
    server = await asyncio.get_running_loop().create_server(lambda: Exchange(vendor), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 -- whoever started us reads it
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
