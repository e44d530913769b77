import asyncio
import gzip
import socket
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sending.hostile import Handler, answer, request, serving
from worker.errors import AddressError, RetryableError, TargetError, UnknownOutcomeError, UnsupportedError
from worker.sending.gate import Gate
from worker.sending.quota import Quota
from worker.sending.transport import MOST_BYTES, Transport
from worker.sending.wire import Request, Response

SECRET = "s3cr3t-t0ken"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Limits:
    connect: float = 2.0
    first_byte: float = 2.0
    idle: float = 2.0
    total: float = 4.0


class Resolver(AbstractResolver):
    """Knows one address for every name."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self.addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


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


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    transport = Transport()
    transport.trust("http://127.0.0.1")
    yield Client(transport)
    await transport.close()


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


async def test_refuses_the_silent_repeat_on_a_dropped_connection(client: Client) -> None:
    """A GET on a kept connection that breaks is what aiohttp repeats by itself; it is not sent a second time."""
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
    assert "not repeated" in error.detail
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
    """A certificate that nobody vouches for ends the call before it is sent."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    no_password = serialization.NoEncryption()
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    async with serving(once(answer()), tls) as url:
        error = await client.failure(post(url))

    assert isinstance(error, RetryableError)
    assert "certificate" in error.detail
    assert client.used == 0


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


async def test_a_huge_body_costs_bounded_memory(client: Client) -> None:
    """Of 100 MB no more is read than an answer may have."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 100_000)
            await writer.drain()

    async with serving(handler) as url:
        tracemalloc.start()
        error = await client.failure(post(url), Limits(total=20))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert isinstance(error, UnknownOutcomeError)
    assert "too long" in error.detail
    assert peak < 4 * MOST_BYTES


async def test_a_bomb_is_not_inflated(client: Client) -> None:
    """100 MB behind 100 kB of gzip cost bounded memory."""
    bomb = gzip.compress(bytes(100_000_000), 1)
    async with serving(once(answer(bomb, headers="Content-Encoding: gzip\r\n"))) as url:
        tracemalloc.start()
        error = await client.failure(post(url), Limits(total=20))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert isinstance(error, UnknownOutcomeError)
    assert "too long" in error.detail
    assert peak < 4 * MOST_BYTES


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
    "url",
    [
        "http://10.0.0.1",
        "http://169.254.169.254",
        "http://[::1]",
        "http://[fe80::1]",
        "http://[fd00::1]",
        "http://[::ffff:127.0.0.1]",
        "http://[64:ff9b::7f00:1]",
        "http://[2002:7f00:1::1]",
        "http://0.0.0.0",
        "http://100.64.0.1",
        "http://224.0.0.1",
        "http://127.1",
        "http://2130706433",
        "ftp://example.org",
        "http://user:pass@example.org",
        "//example.org",
        "nonsense",
        "http://",
    ],
)
async def test_calls_no_private_or_odd_address(url: str) -> None:
    """Only what the configuration names may be in a private network; the slot stays unspent."""
    transport = Transport()
    client = Client(transport)
    error = await client.failure(post(url))
    await transport.close()

    assert isinstance(error, AddressError)
    assert client.used == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "169.254.169.254", "::ffff:10.0.0.1"])
async def test_a_name_that_leads_into_a_private_network_is_refused(address: str) -> None:
    """A vendor's answer cannot send us to our own network."""
    transport = Transport(resolver=Resolver(address))
    client = Client(transport)
    error = await client.failure(post("http://tenant.example.org"))
    await transport.close()

    assert isinstance(error, AddressError)
    assert "base_url" in error.detail
    assert client.used == 0


async def test_a_name_that_the_configuration_gives_may_be_private() -> None:
    """An installation in one's own house is reached by its name."""
    transport = Transport(resolver=Resolver("127.0.0.1"))
    client = Client(transport)
    async with serving(once(answer())) as url:
        named = url.replace("127.0.0.1", "crm.Example.org")
        transport.trust(named)
        response = await client.send(post(named))
    await transport.close()

    assert response.status == 200


@pytest.mark.parametrize("path", ["a?b", "a#b", "a b", "a\r\nX: y", "../x", "a/../b", "a/%2e%2E/b", "a\\b", "..", "."])
async def test_an_identifier_cannot_change_what_is_asked_for(client: Client, path: str) -> None:
    """What would make another request of it is refused before anything is sent."""
    error = await client.failure(Request("GET", f"http://127.0.0.1:1/{path}"))

    assert isinstance(error, UnsupportedError)
    assert error.reason == "unmappable"
    assert client.used == 0


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\0b"])
async def test_a_value_cannot_add_a_header(client: Client, value: str) -> None:
    """Line breaks in a header are refused, whatever they came from."""
    error = await client.failure(Request("GET", "http://127.0.0.1:1/", headers={"X-A": value}))

    assert isinstance(error, UnsupportedError)
    assert value not in error.detail


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
    """A call is confirmed once more when its connection is there; then nothing is written, and nothing counted."""
    confirmed = iter([True, False])
    client.gate.entitled = lambda: next(confirmed)
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())

    async with serving(listen) as url:
        assert isinstance(await client.failure(sent(url)), RetryableError)

    assert heard in ([], [b""])
    assert client.used == 0
