"""Creds files, which are replaced while the worker runs, to a real nats-server that asks for them."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.brokers.operators import Operator
from tests.brokers.servers import TestServer
from tests.brokers.taking import Told, event
from worker.brokers.base import BrokerSetupError
from worker.brokers.client import Credentials
from worker.brokers.inspection import inspected
from worker.brokers.nats import NatsBroker
from worker.brokers.publisher import Publisher
from worker.brokers.streams import StreamLimits

SEED = "-----BEGIN USER NKEY SEED-----"
HALVES: list[Callable[[str], str]] = [
    lambda _: "",
    lambda whole: whole[:200],
    lambda whole: whole[: whole.index(SEED)],
    lambda whole: whole[whole.index(SEED) :],
    lambda whole: whole[: whole.index(SEED) + len(SEED) + 30],
    lambda whole: whole.replace(SEED, "\xff"),
]
half_written = pytest.mark.parametrize("half", HALVES, ids=["none", "cut", "JWT", "seed", "half a seed", "no text"])


@pytest.fixture
def operator() -> Operator:
    """Found an operator."""
    return Operator()


@pytest.fixture
def server(tmp_path: Path, operator: Operator) -> Iterator[TestServer]:
    """Run a nats-server of this operator."""
    with TestServer(tmp_path / "nats", operator.config) as started:
        yield started


@pytest.fixture
def creds(tmp_path: Path, operator: Operator) -> Path:
    """Write the creds file of its user."""
    path = tmp_path / "user.creds"
    path.write_text(operator.creds)
    return path


def write(path: Path, text: str, newline: str = "\n") -> None:
    path.write_text(text, encoding="latin-1", newline=newline)


@pytest.mark.parametrize("end_of_line", ["\n", "\r\n"])
async def test_a_whole_file(server: TestServer, creds: Path, operator: Operator, end_of_line: str) -> None:
    """A whole file opens the door, for the worker and for one who emits."""
    write(creds, operator.creds, newline=end_of_line)
    broker = NatsBroker(server.url, Credentials(creds=creds))
    await broker.start()
    async with Publisher(server.url, Credentials(creds=creds)) as publisher:
        await publisher.publish([event(1)])
    await broker.stop()


@half_written
async def test_half_written_while_nats_comes_back(
    server: TestServer, creds: Path, operator: Operator, half: Callable[[str], str]
) -> None:
    """A file that is half written when the connection is lost is told, and read again until it is whole."""
    told = Told()
    broker = NatsBroker(server.url, Credentials(creds=creds), tell=told)
    await broker.start()
    write(creds, half(operator.creds))
    server.kill()
    await told.until("is not whole")
    server.start()
    write(creds, operator.creds)
    await told.until("connected to NATS")
    await broker.publish([event(1)])
    await broker.stop()

    assert operator.seed[:10] not in str(told.words)


async def test_gone_while_nats_comes_back(server: TestServer, creds: Path) -> None:
    """A file that is away when the connection is lost is told, and looked for until it is there."""
    told = Told()
    broker = NatsBroker(server.url, Credentials(creds=creds), tell=told)
    await broker.start()
    away = creds.with_suffix(".away")
    shutil.move(creds, away)
    server.kill()
    await told.until("cannot be read")
    server.start()
    shutil.move(away, creds)
    await told.until("connected to NATS")
    await broker.stop()


@half_written
async def test_half_written_at_the_start(
    server: TestServer, creds: Path, operator: Operator, half: Callable[[str], str]
) -> None:
    """A file that is not whole ends the start with what lacks, and the doctor says the same."""
    write(creds, half(operator.creds))
    shown = Credentials(creds=creds)

    with pytest.raises(BrokerSetupError, match=r"user\.creds is not whole: it holds no (JWT|seed)") as raised:
        await NatsBroker(server.url, shown).start()
    with pytest.raises(BrokerSetupError, match="is not whole"):
        await inspected(server.url, shown, StreamLimits())
    assert operator.seed[:10] not in str(raised.value)


async def test_no_file_at_the_start(server: TestServer, tmp_path: Path) -> None:
    """A file that is not there ends the start."""
    with pytest.raises(BrokerSetupError, match="cannot be read"):
        await NatsBroker(server.url, Credentials(creds=tmp_path / "none")).start()
