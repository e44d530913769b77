"""What a PostgreSQL says that refuses us, or is not there: what waiting mends, and what it does not."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import unquote

import psycopg
import pytest

from tests.faults.proxy import carry
from tests.journal.servers import PostgreSQL
from worker.journal.errors import JournalAwayError, JournalError
from worker.journal.journal import Journal

STARTING = (
    b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0",
    b"SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0",
    b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0",
)
REFUSING = (
    b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "worker"\0\0',
    b'SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry for host "10.0.0.1", user "worker", database "relations"\0\0',
    b"SFATAL\0C08P01\0Mno such database: relations\0\0",
)


@pytest.fixture
def saying(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run who answers every connection with the same error; give its URL."""
    words: bytes = request.param
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    if connection.recv(8)[4:] in {b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"}:  # TLS? GSS?
                        connection.sendall(b"N")
                        connection.recv(4096)
                    connection.sendall(b"E" + (len(words) + 4).to_bytes(4) + words)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"postgresql://worker@127.0.0.1:{listening.getsockname()[1]}/relations?gssencmode=disable"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


async def refusal(url: str) -> JournalError:
    with pytest.raises(JournalError) as raised:
        await Journal.open(url)
    return raised.value


@pytest.mark.parametrize("saying", STARTING, indirect=True, ids=["starting", "full", "stopping"])
async def test_what_passes(saying: str) -> None:
    """A server that starts, stops or is full is away for now."""
    assert isinstance(await refusal(saying), JournalAwayError)


@pytest.mark.parametrize("saying", REFUSING, indirect=True, ids=["password", "host", "pooler"])
async def test_what_does_not_pass(saying: str) -> None:
    """A server that refuses user, address or database will refuse again."""
    assert not isinstance(await refusal(saying), JournalAwayError)


@pytest.mark.parametrize("saying", REFUSING[:1], indirect=True, ids=["password"])
@pytest.mark.parametrize(("before", "after"), [("127.0.0.1:1,", ""), ("", ",127.0.0.1:1")])
async def test_one_address_refuses(saying: str, before: str, after: str) -> None:
    """Who is refused at one address of a server is refused, though nobody listens at the other."""
    error = await refusal(saying.replace("@", f"@{before}").replace("/relations", f"{after}/relations"))

    assert not isinstance(error, JournalAwayError)
    assert "it refuses our user or password: " in str(error)
    assert "password authentication failed" in str(error)


async def test_nothing_stays_open(postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that fails at its first question is closed."""
    opened: list[psycopg.Connection[tuple[int]]] = []

    def fail(raw: psycopg.Connection[tuple[int]]) -> bool:
        opened.append(raw)
        raise psycopg.OperationalError("no answer")

    monkeypatch.setattr("worker.journal.postgresql.is_pooled", fail)
    await refusal(postgresql.schema())

    assert [raw.closed for raw in opened] == [True]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere.invalid"])
async def test_nobody_listens(address: str) -> None:
    """Nobody at the address, or no such name yet, is no reason to give up."""
    assert isinstance(await refusal(f"postgresql://worker@{address}/relations"), JournalAwayError)


async def test_real_refusals(postgresql: PostgreSQL) -> None:
    """A database or role that is not there, and an option that there is not, are said with what to do."""
    url = postgresql.schema()

    for wrong, words in (
        (url.replace("/postgres?", "/nowhere?"), "no such database; create it"),
        (url.replace("postgres:@", "nobody:@"), "refuses our user or password"),
        (f"{url}&sslmod=require", "invalid URI query parameter"),
    ):
        error = await refusal(wrong)
        assert words in str(error)
        assert not isinstance(error, JournalAwayError)


@asynccontextmanager
async def pooled(url: str) -> AsyncIterator[str]:
    """Stand between worker and server as a pooler does: the process number that the client hears is none of theirs."""
    folder = unquote(url.partition("host=")[2].partition("&")[0])

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        await asyncio.gather(carry(reader, onward, bytes), carry(there, writer, renumbered))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    options = url.partition("options=")[2]
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres?gssencmode=disable&sslmode=disable&options={options}"
    server.close()


def renumbered(part: bytes) -> bytes:
    """Give the message with the process number another one."""
    at = part.find(b"K\x00\x00\x00\x0c")
    return part if at < 0 else part[: at + 5] + b"\x00\x00\x00\x07" + part[at + 9 :]


async def test_nothing_is_prepared_behind_a_pooler(postgresql: PostgreSQL) -> None:
    """Behind a pooler, where sessions change hands, no statement has a name; straight at the server they have."""
    url = postgresql.schema()

    async with pooled(url) as behind:
        assert await prepared_statements(behind) == 0
    assert await prepared_statements(url) > 0


async def prepared_statements(url: str) -> int:
    """Return how many names statements have after one was asked often."""
    journal = await Journal.open(url)
    for _ in range(10):
        await journal.leases()
    (count,) = (
        await journal._desk.read(lambda session: session.say("SELECT count(*) FROM pg_prepared_statements").fetchall())
    )[0]
    await journal.close()
    return int(count)
