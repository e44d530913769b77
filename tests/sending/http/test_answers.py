import asyncio
import gc
import gzip
import socket
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sending.hostile import answer, request, serving
from tests.sending.http.client import Client, Limits, once, post, repeating
from worker.errors import UnknownOutcomeError
from worker.sending.http.answer import Answer, GarbledError, TooLongError
from worker.sending.wire import MOST_BYTES


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ((), "closed the connection"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",), "broken off"),
        ((b"SSH-2.0-OpenSSH\r\n\r\n",), "not HTTP"),
        ((b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",), "garbled"),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",), "not HTTP"),
        ((b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000,), "not HTTP"),
    ],
)
async def test_anything_but_a_whole_answer_leaves_the_outcome_unknown(
    client: Client, chunks: tuple[bytes, ...], words: str
) -> None:
    """What may have arrived is counted and never said to be undone."""
    async with serving(once(*chunks)) as url:
        error = await client.failure(post(url))

    assert isinstance(error, UnknownOutcomeError)
    assert words in error.detail
    assert client.used == 1


async def test_a_reset_in_the_body_leaves_the_outcome_unknown(client: Client) -> None:
    """The status has come, the answer has not."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer(b"x" * 100)[:-50])
        await writer.drain()
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with serving(handler) as url:
        error = await client.failure(post(url))

    assert isinstance(error, UnknownOutcomeError)
    assert error.detail.startswith("HTTP 200, but")


async def refuse_too_long(client: Client, url: str) -> None:
    """Expect that an answer is too long, and that this was found out in bounded memory."""
    tracemalloc.start()
    error = await client.failure(post(url), Limits(total=20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert isinstance(error, UnknownOutcomeError)
    assert "too long" in error.detail
    assert peak < 4 * MOST_BYTES


async def test_a_huge_body_costs_bounded_memory(client: Client) -> None:
    """Of 100 MB no more is read than an answer may have."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 100_000)
            await writer.drain()

    async with serving(handler) as url:
        await refuse_too_long(client, url)


async def test_a_bomb_is_not_inflated(client: Client) -> None:
    """100 MB behind 100 kB of gzip cost bounded memory."""
    bomb = gzip.compress(bytes(100_000_000), 1)
    async with serving(once(answer(bomb, headers="Content-Encoding: gzip\r\n"))) as url:
        await refuse_too_long(client, url)


async def test_reads_compressed_answers(client: Client) -> None:
    """What a vendor compresses is read as it was."""
    packed = gzip.compress(b'{"a": 1}')
    async with serving(once(answer(packed, headers="Content-Encoding: gzip\r\n"))) as url:
        response = await client.send(post(url))

    assert response.body == b'{"a": 1}'


async def test_a_refusal_counts_though_its_body_is_cut(client: Client) -> None:
    """A 429 whose body never ends is a 429, and its hint closes the gate."""
    head = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 99\r\n\r\n{"
    async with serving(once(head)) as url:
        response = await client.send(post(url))

    assert (response.status, response.body) == (429, b"{")
    assert client.gate.paused is not None
    assert client.gate.paused.by == "hint"


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX-A: 9\r\n\r\n", b"abc"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (
            b"HTTP/1.1 100 Continue\r\nX-A: 0\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n" + answer(b"last"),
            b"last",
        ),
        (b"HTTP/1.1 199 Odd\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", b"hi"),
        (b"HTTP/1.1 200 OK\r\nX-B: a\x01b\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\nhi\r\n0\r\n\r\n", b"hi"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
async def test_reads_every_form_of_an_answer(client: Client, said: bytes, body: bytes) -> None:
    """Chunks, a body that ends with the connection, interim answers, none; trailers and interim headers do not count."""
    async with serving(once(said)) as url:
        response = await client.send(post(url))

    assert response.body == body
    assert "x-a" not in response.headers


@pytest.mark.parametrize("step", [1, 7])
async def test_reads_an_answer_that_comes_in_pieces(client: Client, step: int) -> None:
    """No border between two parts means anything."""
    said = answer(b"x" * 50, headers="Retry-After: 3\r\n")

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        for at in range(0, len(said), step):
            writer.write(said[at : at + step])
            await asyncio.sleep(0)

    async with serving(handler) as url:
        response = await client.send(post(url))

    assert (response.body, response.headers["retry-after"]) == (b"x" * 50, "3")


def bare(body: bytes) -> bytes:
    """Compress without zlib's header, as some servers do."""
    return zlib.compress(body)[2:-4]


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        pytest.param("gzip", gzip.compress(b"one ") + gzip.compress(b"two"), id="two members"),
        pytest.param("X-GZIP", gzip.compress(b"one two"), id="an old name"),
        pytest.param("deflate", zlib.compress(b"one two"), id="deflate"),
        pytest.param("deflate", bare(b"one two"), id="deflate without its header"),
        pytest.param("identity", b"one two", id="as it is"),
    ],
)
async def test_inflates_what_it_has_asked_for(client: Client, coding: str, packed: bytes) -> None:
    """Also in several members, and where a server leaves the header out."""
    async with serving(once(answer(packed, headers=f"Content-Encoding: {coding}\r\n"))) as url:
        response = await client.send(post(url))

    assert response.body == b"one two"


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        pytest.param("br", b"anything", id="not asked for"),
        pytest.param("gzip, gzip", gzip.compress(b"x"), id="packed twice"),
        pytest.param("gzip", gzip.compress(b"x" * 999)[:-9], id="cut off"),
        pytest.param("deflate", b"x", id="garbled"),
    ],
)
async def test_what_cannot_be_inflated_leaves_the_outcome_unknown(client: Client, coding: str, packed: bytes) -> None:
    """An answer that nobody can read is none."""
    async with serving(once(answer(packed, headers=f"Content-Encoding: {coding}\r\n"))) as url:
        error = await client.failure(post(url))

    assert isinstance(error, UnknownOutcomeError)
    assert error.detail == "HTTP 200, but the answer is broken off or garbled"


async def test_a_refusal_counts_though_its_body_cannot_be_read(client: Client) -> None:
    """The status of a 429 says all that matters."""
    async with serving(once(answer(b"junk", "429 Too Many", "Content-Encoding: gzip\r\n"))) as url:
        response = await client.send(post(url))

    assert (response.status, response.body) == (429, b"")


@pytest.mark.parametrize("flood", [b"HTTP/1.1 100 Continue\r\n\r\n", b"X-A: 1\r\n"])
async def test_headers_without_end_cost_bounded_memory(client: Client, flood: bytes) -> None:
    """Interim answers and headers are read for a while only."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 103 Early Hints\r\n" if flood.startswith(b"X") else b"")
        while True:
            writer.write(flood * 1000)
            await writer.drain()

    async with serving(handler) as url:
        error = await client.failure(post(url))

    assert isinstance(error, UnknownOutcomeError)
    assert "not HTTP" in error.detail


@given(st.binary(max_size=300), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", answer(b"abc")]))
def test_no_bytes_are_too_odd(junk: bytes, before: bytes) -> None:
    """Whatever comes, the answer is whole, or failed, or wants more; its body is read or refused."""
    made = Answer(100)
    for part in (before, junk[:50], junk[50:]):
        if part and not (made.is_whole or made.failure):
            made.feed(part)
    if not (made.is_whole or made.failure):
        made.end(None)

    assert made.is_whole != bool(made.failure)
    if made.is_whole:
        with suppress(GarbledError, TooLongError):
            assert len(made.body()) <= 100


async def test_an_answer_leaves_no_garbage(client: Client) -> None:
    """Its body is gone when nobody holds it, without a collection."""
    async with serving(repeating()) as url:
        await client.send(post(url))
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                await client.send(post(url))
            left = [each for each in gc.get_objects() if isinstance(each, Answer)]
        finally:
            gc.enable()

    assert len(left) <= 1  # the loop may hold the last
