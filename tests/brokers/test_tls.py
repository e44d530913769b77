"""TLS to a real nats-server, with an authority that only the settings know."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers.servers import TestServer
from tests.brokers.taking import Told, event
from tests.certificates import Authority
from worker.brokers.base import BrokerSetupError
from worker.brokers.inspection import inspected
from worker.brokers.streams import StreamLimits
from worker.configuration.sections import BrokerSection, Tls
from worker.starting import broker, credentials

CONFIG = """
jetstream {{ sync_interval: 1s }}
tls {{ cert_file: "{cert}", key_file: "{key}", ca_file: "{ca}", verify: {verify} }}
"""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Found an authority."""
    return Authority(tmp_path / "authority")


@pytest.fixture(params=["server only"])
def server(request: pytest.FixtureRequest, tmp_path: Path, authority: Authority) -> Iterator[TestServer]:
    """Run a nats-server that speaks TLS only; the parameter says whom it wants to see and as whom it shows itself."""
    address = "127.0.0.9" if request.param == "elsewhere" else "127.0.0.1"
    cert, key = authority.vouched("server", address=address)
    verify = str(request.param == "both").lower()
    config = CONFIG.format(cert=cert, key=key, ca=authority.file, verify=verify)
    with TestServer(tmp_path / "nats", config) as started:
        yield started


def section(server: TestServer, scheme: str, tls: Tls | None) -> BrokerSection:
    return BrokerSection(url=f"{scheme}://127.0.0.1:{server.port}", tls=tls)


async def works(section: BrokerSection) -> list[str]:
    """Start a broker, publish an event, stop; return what was told."""
    told = Told()
    made = broker(section, told)
    await made.start()
    await made.publish([event(1)])
    await made.stop()
    return told.words


@pytest.mark.parametrize("scheme", ["tls", "nats"])
async def test_an_authority_of_our_own(server: TestServer, authority: Authority, scheme: str) -> None:
    """With the authority named in the settings the worker works over TLS, however the URL begins."""
    assert await works(section(server, scheme, Tls(ca=authority.file))) == []


@pytest.mark.parametrize("scheme", ["tls", "nats"])
@pytest.mark.parametrize("other", [False, True], ids=["none named", "another named"])
async def test_an_authority_that_nobody_named(server: TestServer, tmp_path: Path, scheme: str, other: bool) -> None:
    """Without it, or with another, the start ends with what to name, and the doctor says the same."""
    tls = Tls(ca=Authority(tmp_path / "other").file) if other else None
    read = section(server, scheme, tls)

    with pytest.raises(BrokerSetupError, match=r"is not trusted.*Name its authority in broker\.tls"):
        await works(read)
    with pytest.raises(BrokerSetupError, match="is not trusted"):
        await inspected(read.url, credentials(read), StreamLimits())


@pytest.mark.parametrize("server", ["elsewhere"], indirect=True)
async def test_a_certificate_of_another_address(server: TestServer, authority: Authority) -> None:
    """A certificate that is good for another address is refused."""
    with pytest.raises(BrokerSetupError, match=r"not trusted: .*mismatch"):
        await works(section(server, "tls", Tls(ca=authority.file)))


@pytest.mark.parametrize("server", ["both"], indirect=True)
async def test_a_server_that_wants_to_see_us(server: TestServer, authority: Authority) -> None:
    """A server that asks for our certificate gets the one that the settings name."""
    cert, key = authority.vouched("worker")

    assert await works(section(server, "tls", Tls(ca=authority.file, certificate=cert, key=key))) == []
