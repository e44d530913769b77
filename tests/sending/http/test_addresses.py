import socket

import pytest

from tests.sending.hostile import answer, serving
from tests.sending.http.client import Client, once, post
from worker.errors import AddressError, UnsupportedError
from worker.sending.http.address import Address
from worker.sending.http.pool import Lookup
from worker.sending.http.transport import Transport
from worker.sending.wire import Request


def knowing(address: str) -> Lookup:
    """Return a look-up that knows one address for every name."""

    async def lookup(_host: str, port: int) -> list[Address]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 0, "", (address, port))]

    return lookup


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
    transport = Transport(lookup=knowing(address))
    client = Client(transport)
    error = await client.failure(post("http://tenant.example.org"))
    await transport.close()

    assert isinstance(error, AddressError)
    assert "base_url" in error.detail
    assert client.used == 0


@pytest.mark.parametrize("host", ["www..example.org", ".example.org", f"{'x' * 64}.example.org"])
async def test_what_cannot_be_a_name_is_a_wrong_address(host: str) -> None:
    """A slip of the pen in the settings closes the connection, and costs no event anything."""
    transport = Transport()
    client = Client(transport)
    error = await client.failure(post(f"http://{host}"))
    await transport.close()

    assert isinstance(error, AddressError)
    assert "base_url" in error.detail
    assert client.used == 0


async def test_a_name_that_the_configuration_gives_may_be_private() -> None:
    """An installation in one's own house is reached by its name."""
    transport = Transport(lookup=knowing("127.0.0.1"))
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
