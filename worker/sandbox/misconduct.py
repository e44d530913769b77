"""How a fault looks on the wire."""

import asyncio
import random
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from worker.sandbox.exchange import Answer
from worker.sandbox.faults import Fault
from worker.sandbox.hints import hint

Work = Callable[[], Answer]
CHUNK = 1 << 20
FILLER = Answer(200, b'{"status": "unfinished", "filler": "' + b"x" * 512 + b'"}')
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


async def misbehave(fault: Fault, request: web.BaseRequest, work: Work, at: float) -> web.StreamResponse:
    """Spoil one call; `work` is the vendor's, done when and if the fault says so."""
    answer = FILLER
    if fault.when_applied == "first":
        answer = work()
    elif fault.when_applied == "late":
        asyncio.get_running_loop().call_later(fault.wait, work)
    if fault.kind == "delay":
        return await delayed(fault, answer, work)
    if fault.kind in PLAIN:
        return PLAIN[fault.kind](fault, at)
    return await ROUGH[fault.kind](fault, request, answer)


def plain(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status, body=answer.body, content_type=answer.content_type, headers=answer.headers
    )


async def delayed(fault: Fault, answer: Answer, work: Work) -> web.StreamResponse:
    draw = random.uniform(0, fault.jitter)  # noqa: S311 -- chance of a delay
    await asyncio.sleep(fault.wait + draw)
    return plain(answer if fault.when_applied == "first" else work())


def canned(fault: Fault, at: float) -> web.StreamResponse:
    headers = {**hint(fault.hint, fault.wait, at), **fault.headers}
    return web.Response(status=fault.status, text=fault.body, content_type=fault.content_type, headers=headers)


def html(_fault: Fault, _at: float) -> web.StreamResponse:
    return web.Response(text="<html><body>Please sign in to the Wi-Fi.</body></html>", content_type="text/html")


def redirect(fault: Fault, _at: float) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": fault.location})


async def hang(_fault: Fault, _request: web.BaseRequest, _answer: Answer) -> web.StreamResponse:
    # Ends when the client leaves or the server stops: either cancels this handler.
    await asyncio.Event().wait()
    return web.Response(status=504)


async def reset(_fault: Fault, request: web.BaseRequest, _answer: Answer) -> web.StreamResponse:
    abort(request)
    return await gone()


async def close(_fault: Fault, request: web.BaseRequest, _answer: Answer) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return await gone()


async def cut(_fault: Fault, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = streamed(answer, len(answer.body) + 1)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    abort(request)
    return await gone()


async def slow(fault: Fault, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = streamed(answer, len(answer.body))
    await response.prepare(request)
    for place in range(len(answer.body)):
        await response.write(answer.body[place : place + 1])
        await asyncio.sleep(1 / fault.rate)
    await response.write_eof()
    return response


async def huge(fault: Fault, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = streamed(answer, fault.size)
    await response.prepare(request)
    for size in pieces(fault.size):
        await response.write(b" " * size)
    await response.write_eof()
    return response


async def gzip_bomb(fault: Fault, request: web.BaseRequest, _answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    async for piece in packed_blanks(fault.size):
        await response.write(piece)
    await response.write_eof()
    return response


PLAIN: dict[str, Callable[[Fault, float], web.StreamResponse]] = {
    "answer": canned,
    "html": html,
    "redirect": redirect,
}
ROUGH: dict[str, Callable[[Fault, web.BaseRequest, Answer], Awaitable[web.StreamResponse]]] = {
    "hang": hang,
    "reset": reset,
    "close": close,
    "cut": cut,
    "slow": slow,
    "huge": huge,
    "gzip_bomb": gzip_bomb,
}


def streamed(answer: Answer, length: int) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers={**answer.headers, "Content-Type": answer.content_type})
    response.content_length = length
    return response


def abort(request: web.BaseRequest) -> None:
    """End the connection with a reset: lingering for zero seconds makes the kernel send RST and not FIN."""
    if request.transport is None:
        return
    connection = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


async def gone() -> web.StreamResponse:
    # The lost connection cancels this handler; until then nothing must be written.
    await asyncio.Event().wait()
    return web.Response(status=500)


def pieces(size: int) -> list[int]:
    return [CHUNK] * (size // CHUNK) + ([size % CHUNK] if size % CHUNK else [])


async def packed_blanks(size: int) -> AsyncIterator[bytes]:
    """Yield a valid gzip file of blanks, a mebibyte in about a kibibyte, each packed once and sent often."""
    yield GZIP_HEADER
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    blanks = b" " * CHUNK
    piece = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for length in pieces(size):
        check = zlib.crc32(blanks[:length], check)
        if length == CHUNK:
            yield piece
        else:
            yield packer.compress(blanks[:length])
        await asyncio.sleep(0)
    yield packer.flush() + struct.pack("<II", check, size & 0xFFFFFFFF)
