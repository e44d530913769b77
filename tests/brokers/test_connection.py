import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.brokers.servers import TestServer
from tests.brokers.taking import Told, event
from worker.brokers.base import BrokerError, BrokerSetupError, PublishError
from worker.brokers.client import Credentials
from worker.brokers.nats import NatsBroker
from worker.brokers.publisher import Publisher, event_subject

SECRET = "s3cr3t-word"
Greet = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def of_version(version: str) -> Greet:
    """Greet as a server of this version does, and do no more."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"version":"%b","max_payload":1048576,"headers":true}\r\n' % version.encode())
        while line := await reader.readline():
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    return greet


async def test_waits_for_a_broker(own_nats_server: TestServer) -> None:
    """Without a broker the start waits, says so once, and goes on when there is one."""
    own_nats_server.stop()
    told = Told()
    broker = NatsBroker(own_nats_server.url, tell=told)
    start = asyncio.create_task(broker.start())
    await told.until("nobody listens there")
    assert not broker.connected
    own_nats_server.start()
    await start
    assert broker.connected
    await broker.stop()

    assert ["nobody listens there" in words for words in told.words].count(True) == 1
    assert told.words[-1].startswith("connected to NATS at 127.0.0.1:")


async def test_says_why_it_stays_away(own_nats_server: TestServer) -> None:
    """After a connection is lost, it is said soon why there is no new one."""
    told = Told()
    broker = NatsBroker(own_nats_server.url, tell=told)
    await broker.start()
    own_nats_server.kill()
    await told.until("is lost")
    async with asyncio.timeout(3):
        await told.until("nobody listens there")
    await broker.stop()


async def test_outlives_what_nobody_foresaw(own_nats_server: TestServer) -> None:
    """A server that nats-py cannot make sense of is no end: it is told, and tried again until a better one is there."""
    told = Told()
    broker = NatsBroker(own_nats_server.url, tell=told)
    await broker.start()
    own_nats_server.kill()
    server = await asyncio.start_server(of_version("the newest"), "127.0.0.1", own_nats_server.port)
    await told.until("could not be connected to (ValueError); trying again")
    server.close()
    await server.wait_closed()
    own_nats_server.start()
    await told.until("connected to NATS")
    await broker.stop()


async def test_waiting_can_be_cancelled(own_nats_server: TestServer) -> None:
    """A start that waits ends at once when it is cancelled."""
    own_nats_server.stop()
    told = Told()
    broker = NatsBroker(own_nats_server.url, tell=told)
    start = asyncio.create_task(broker.start())
    await told.until("trying again")
    start.cancel()
    await asyncio.wait([start])

    assert start.cancelled()


async def test_a_server_that_is_too_old() -> None:
    """A server before 2.11 is refused by its version."""
    server = await asyncio.start_server(of_version("2.10.29"), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(BrokerSetupError, match=r"version 2\.10; at least 2\.11 is needed"):
        await NatsBroker(f"nats://127.0.0.1:{port}").start()
    server.close()
    await server.wait_closed()


async def test_jetstream_switched_off(tmp_path: Path) -> None:
    """A server without JetStream is refused with how to switch it on."""
    with (
        TestServer(tmp_path, config="port: -1") as server,
        pytest.raises(BrokerSetupError, match="start nats-server with -js"),
    ):
        await NatsBroker(server.url).start()


@pytest.mark.parametrize(
    ("config", "credentials"),
    [
        ("authorization { user: u, password: p }", Credentials(user="u", password=SECRET)),
        ("authorization { token: t }", Credentials(token=SECRET)),
        ("authorization { token: t }", None),
    ],
)
async def test_wrong_credentials(tmp_path: Path, config: str, credentials: Credentials | None) -> None:
    """A server that refuses our credentials ends the start; the secret is in no message."""
    told = Told()
    with (
        TestServer(tmp_path, config=f"jetstream {{}}\n{config}") as server,
        pytest.raises(BrokerSetupError, match="refuses our credentials") as raised,
    ):
        await NatsBroker(server.url, credentials, tell=told).start()

    assert SECRET not in f"{raised.value!r} {told.words} {credentials!r}"


# A user seed and its public key, made for this test with nkeys; it opens nothing.
SEED = "SUAFIEKBIHZI7TERGH7CZTOYVKHAG5D2GLO4JLUSMPCFXMFVI3XKHAPXG4"
PUBLIC = "UD6E5UEY6QIJEYIWFA5I5Z72XG5YJ2DTGPI2OFTQHMBZANEVPE7JUAHQ"


@pytest.mark.parametrize(
    ("config", "credentials"),
    [
        ("authorization { user: u, password: p }", Credentials(user="u", password="p")),
        ("authorization { token: t }", Credentials(token="t")),
        (f"authorization {{ users: [{{ nkey: {PUBLIC} }}] }}", Credentials(nkey=SEED)),
    ],
)
async def test_right_credentials(tmp_path: Path, config: str, credentials: Credentials) -> None:
    """User and password, token, or nkey open the door, for the worker and for one who emits."""
    with TestServer(tmp_path, config=f"jetstream {{}}\n{config}") as server:
        broker = NatsBroker(server.url, credentials)
        await broker.start()
        async with Publisher(server.url, credentials) as publisher:
            await publisher.publish([event(1)])
        await broker.stop()


def test_credentials_in_the_url() -> None:
    """An URL with credentials is refused, without repeating them."""
    with pytest.raises(BrokerSetupError, match="holds credentials") as raised:
        NatsBroker(f"nats://user:{SECRET}@broker.example:4222")

    assert SECRET not in str(raised.value)


async def test_a_server_that_speaks_no_tls(own_nats_server: TestServer) -> None:
    """Credentials with TLS settings do no harm where the server wants none."""
    broker = NatsBroker(own_nats_server.url, Credentials(tls=ssl.create_default_context()))
    await broker.start()
    assert broker.connected
    await broker.stop()


async def test_publisher(nats_url: str) -> None:
    """One who emits hears which events no stream took, and why."""
    async with Publisher(nats_url) as publisher:
        with pytest.raises(PublishError, match="no stream takes this subject"):
            await publisher.publish([event(1)])
        broker = NatsBroker(nats_url)
        await broker.start()
        await publisher.publish([event(1, subject=event_subject("delete", "party"))])
        await publisher.publish([])
        await broker.stop()


async def test_publisher_without_a_broker(own_nats_server: TestServer) -> None:
    """One who emits does not wait: without a broker it raises at once."""
    own_nats_server.stop()
    with pytest.raises(BrokerError, match="does not answer \\(nobody listens there\\)"):
        async with Publisher(own_nats_server.url):
            pass


def test_event_subject() -> None:
    """The subject says what happens to which kind of relation."""
    assert event_subject("create", "link") == "relation.created.link"
