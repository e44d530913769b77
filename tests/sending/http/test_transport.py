import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.sending.hostile import answer, request, serving
from tests.sending.http.client import Client, Limits, get, once, post, repeating, silent
from worker.errors import HeldBackError, RetryableError, UnknownOutcomeError
from worker.sending.http import pool
from worker.sending.http.address import Address
from worker.sending.http.transport import Transport
from worker.sending.wire import Request


def vouched(authority: Authority) -> ssl.SSLContext:
    """Return a server's side of TLS on loopback."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.vouched("server"))
    return tls


async def test_sends_what_it_is_given_and_returns_what_it_gets(client: Client) -> None:
    """Method, query, headers and body arrive; names of headers come back in lower case, repeated ones joined."""
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await request(reader)
            heads.append(head)
            writer.write(answer(b"got " + body, "201 Created", "X-A: 1\r\nX-a: 2\r\nSet-Cookie: c=1\r\n"))

    async with serving(handler) as url:
        sent = Request("PUT", f"{url}/a%2Fb", (("q", "1&x=2 \r\n+"),), {"X-Mine": "yes"}, b"body")
        response = await client.send(sent)
        await client.send(post(url))

    assert (response.status, response.body, response.headers["x-a"]) == (201, b"got body", "1, 2")
    assert heads[0].startswith(b"PUT /a%2Fb?q=1%26x%3D2+%0D%0A%2B HTTP/1.1\r\n")
    assert b"X-Mine: yes\r\n" in heads[0]
    assert b"Cookie" not in heads[1]
    assert 0 < response.seconds < 2
    assert client.used == 2


async def test_follows_no_redirect(client: Client) -> None:
    """A redirect is an answer like any other."""
    async with serving(once(answer(status="307 Temporary Redirect", headers="Location: http://10.0.0.1/\r\n"))) as url:
        response = await client.send(post(url))

    assert response.status == 307


async def test_sends_nothing_twice_on_a_dropped_connection(client: Client) -> None:
    """A GET on a kept connection that breaks is what HTTP clients repeat by themselves; here it is unknown."""
    calls = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        while True:
            await request(reader)
            calls += 1
            if calls == 2:
                return
            writer.write(answer())

    async with serving(handler) as url:
        await client.send(get(url))
        error = await client.failure(get(url))

    assert isinstance(error, UnknownOutcomeError)
    assert "closed the connection" in error.detail
    assert calls == 2
    assert client.used == 2


async def test_says_for_certain_when_nothing_was_sent(client: Client) -> None:
    """No connection, no quota spent, no doubt."""
    async with serving(once()) as url:
        pass
    error = await client.failure(post(url))

    assert isinstance(error, RetryableError)
    assert client.used == 0


async def test_gives_up_connecting_in_time() -> None:
    """A host that does not answer a knock is left after the connect time-out."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port))
    transport = Transport()
    transport.trust("http://127.0.0.1")
    client = Client(transport)
    error = await client.failure(post(f"http://127.0.0.1:{port}"), Limits(connect=0.1))
    await transport.close()
    for each in (listener, *fillers):
        each.close()

    assert isinstance(error, RetryableError)
    assert "too long to connect" in error.detail
    assert client.used == 0


async def test_sends_nothing_to_a_host_that_cannot_prove_its_name(client: Client, tmp_path: Path) -> None:
    """A certificate that nobody we trust vouches for ends the call before it is sent."""
    async with serving(once(answer()), vouched(Authority(tmp_path))) as url:
        error = await client.failure(post(url))

    assert isinstance(error, RetryableError)
    assert "certificate" in error.detail
    assert client.used == 0


async def test_speaks_tls_with_whom_the_machine_trusts(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authority that the operator names to OpenSSL counts; the connection serves the next call too."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with serving(repeating(), vouched(authority)) as url:
        first, second = await client.send(post(url)), await client.send(get(url))

    assert (first.body, second.body) == (b"1.1", b"1.2")


async def test_a_server_that_speaks_no_tls(client: Client) -> None:
    """What answers a handshake with anything else has certainly not got the request."""
    async with serving(once(answer())) as url:
        error = await client.failure(post(url.replace("http:", "https:")), Limits(connect=0.5))

    assert isinstance(error, RetryableError)
    assert client.used == 0


async def test_serves_calls_at_a_time_by_connections_of_their_own_and_keeps_them(client: Client) -> None:
    """Two at a time take two connections; the next takes the one used last."""
    async with serving(repeating()) as url:
        await asyncio.gather(client.send(get(url)), client.send(post(url)))
        third = await client.send(get(url))

    assert third.body in (b"1.2", b"2.2")


@pytest.mark.parametrize(
    "headers", ["Connection: close\r\n", "Connection: Keep-Alive, Close\r\nKeep-Alive: timeout=5\r\n"]
)
async def test_a_server_that_closes_is_called_anew(client: Client, headers: str) -> None:
    """What the server says it will close is not used again."""
    async with serving(repeating(headers)) as url:
        bodies = [(await client.send(get(url))).body for _ in range(2)]

    assert bodies == [b"1.1", b"2.1"]


@pytest.mark.parametrize("more", [answer(b"not asked for"), b"junk"])
async def test_what_nobody_asked_for_is_no_answer_to_the_next(client: Client, more: bytes) -> None:
    """A connection that says more than its answer, at once or later, is not used again."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            writer.write(answer(b"asked for") + more)

    async with serving(handler) as url:
        bodies = [(await client.send(get(url))).body for _ in range(3)]

    assert bodies == [b"asked for"] * 3


async def test_a_connection_that_was_idle_for_long_is_not_used(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers close what is idle: a call must not meet that, and an unused connection ends by itself."""
    monkeypatch.setattr(pool, "KEPT_SECONDS", 0.05)
    ended = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer())
        if not await reader.read():
            ended.set()

    async with serving(handler) as url:
        await client.send(get(url))
        await asyncio.wait_for(ended.wait(), 2.0)


@pytest.mark.parametrize("body", [b"", b"x" * 10_000_000])
async def test_sends_bodies_of_any_size(client: Client, body: bytes) -> None:
    """None is told by its length too; a large one goes out in the server's own time."""
    lengths: list[int] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lengths.append(len((await request(reader))[1]))
        writer.write(answer())

    async with serving(handler) as url:
        await client.send(Request("POST", f"{url}/x", body=body or None))

    assert lengths == [len(body)]


async def test_what_a_request_brings_itself_is_not_said_twice(client: Client) -> None:
    """Our own headers give way to those of the request, however they are spelled."""
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await request(reader))[0])
        writer.write(answer())

    async with serving(handler) as url:
        await client.send(post(url, accept="text/x"))

    names = [line.partition(b":")[0].lower() for line in heads[0].split(b"\r\n")[1:-2]]
    assert b"accept: text/x\r\n" in heads[0]
    assert len(names) == len(set(names))
    assert {b"host", b"user-agent", b"accept-encoding", b"content-length"} <= set(names)


async def test_calls_that_are_under_way_at_the_close(client: Client) -> None:
    """They may have arrived."""
    async with serving(silent) as url:
        sending = asyncio.ensure_future(client.failure(post(url)))
        await asyncio.sleep(0.1)
        await client.transport.close()

        assert isinstance(await sending, UnknownOutcomeError)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(first_byte=0.1), "silent for too long"),
        (Limits(total=0.1), "took too long"),
    ],
)
async def test_waits_no_longer_than_it_is_told(client: Client, limits: Limits, words: str) -> None:
    """A server that never answers is left after the first of the time-outs."""
    async with serving(silent) as url:
        error = await client.failure(post(url), limits)

    assert isinstance(error, UnknownOutcomeError)
    assert words in error.detail


async def test_a_body_that_stops_is_left_after_the_idle_time(client: Client) -> None:
    """The time between two parts of a body is shorter than that for the first byte."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer(b"x" * 100)[:-50])
        await asyncio.Event().wait()

    async with serving(handler) as url:
        began = asyncio.get_running_loop().time()
        error = await client.failure(post(url), Limits(first_byte=3.0, idle=0.1))
        took = asyncio.get_running_loop().time() - began

    assert isinstance(error, UnknownOutcomeError)
    assert error.detail.startswith("HTTP 200, but it was silent")
    assert took < 1.0


@pytest.mark.parametrize("drips", [b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 1000, answer(b"z" * 1000)])
async def test_one_byte_now_and_then_is_left_after_the_total_time(client: Client, drips: bytes) -> None:
    """A slow loris is never idle, but it is over in the end."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(drips[:60])
        for n in range(60, len(drips)):
            writer.write(drips[n : n + 1])
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(handler) as url:
        error = await client.failure(post(url), Limits(first_byte=0.5, idle=0.5, total=0.3))

    assert isinstance(error, UnknownOutcomeError)


async def test_a_call_that_is_cancelled_counts(client: Client) -> None:
    """What was cut off half way may have arrived."""
    async with serving(silent) as url:
        sending = asyncio.ensure_future(client.send(post(url)))
        await asyncio.sleep(0.1)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    assert client.used == 1
    assert client.gate.in_flight == 0


@pytest.mark.parametrize("sent", [post, get])
async def test_a_lease_that_ran_out_while_connecting(client: Client, sent: Callable[[str], Request]) -> None:
    """It is asked when the connection is there; then nothing is written, and nothing counted."""
    heard: list[bytes] = []
    connected = asyncio.Event()
    client.gate.entitled = lambda: not connected.is_set()

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())

    async def lookup(_host: str, port: int) -> list[Address]:
        connected.set()
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    async with serving(listen) as url:
        client.transport = Transport(lookup=lookup)
        client.transport.trust(url)
        error = await client.failure(sent(url))
        await client.transport.close()

    assert isinstance(error, HeldBackError)
    assert "somebody else's" in error.detail
    assert heard in ([], [b""])
    assert client.used == 0


async def test_what_is_answered_before_it_is_sent_leaves_no_connection(client: Client) -> None:
    """The rest of that request would be read as the next one."""
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(status="413 Too Large"))
        await asyncio.Event().wait()

    async with serving(handler) as url:
        first = await client.send(Request("POST", f"{url}/x", body=bytes(30_000_000)))
        second = await client.send(get(url))

    assert (first.status, second.status, connections) == (413, 413, 2)


async def test_a_name_is_looked_up_once_for_all_who_wait() -> None:
    """A look-up that hangs keeps calls of one origin waiting, and holds one thread."""
    asked: list[str] = []
    told = asyncio.Event()

    async def lookup(host: str, port: int) -> list[Address]:
        asked.append(host)
        await told.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    async with serving(repeating()) as url:
        client = Client(Transport(lookup=lookup))
        client.transport.trust(url)
        left = asyncio.ensure_future(client.failure(post(url), Limits(connect=0.05)))
        calls = [asyncio.ensure_future(client.send(post(url))) for _ in range(3)]
        assert isinstance(await left, RetryableError)
        told.set()
        answers = await asyncio.gather(*calls)
        await client.transport.close()

    assert asked == ["127.0.0.1"]
    assert len(answers) == 3


async def test_a_body_that_we_cut_is_not_whole(client: Client) -> None:
    """Where the end of the connection ends a body, our own end of it does not."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await asyncio.Event().wait()

    async with serving(handler) as url:
        sending = asyncio.ensure_future(client.failure(post(url)))
        await asyncio.sleep(0.1)
        await client.transport.close()
        error = await sending

    assert error.detail == "HTTP 200, but the connection was cut at our end"
