import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.errors import BadHeaderError, BadSubjectError

from tests.brokers.taking import Told
from worker.brokers.client import Connector, Credentials, Headers
from worker.brokers.commands import acks, block, published

VISIBLE = st.text(st.characters(exclude_categories=["C", "Z"]))


def test_acks() -> None:
    """Acks are empty publications, one after the other."""
    assert acks(["$JS.ACK.A", "$JS.ACK.B"]) == b"PUB $JS.ACK.A 0\r\n\r\nPUB $JS.ACK.B 0\r\n\r\n"


def test_published() -> None:
    """A publication says how long its headers are, and how long it is as a whole."""
    headers = block({"Nats-Msg-Id": "e-1"})

    assert headers == b"NATS/1.0\r\nNats-Msg-Id: e-1\r\n\r\n"
    assert published("a.b", "inbox.1", headers, b"{}") == b"HPUB a.b inbox.1 30 32\r\n" + headers + b"{}\r\n"


@given(st.dictionaries(st.sampled_from(["Nats-Msg-Id", "ce-id", "x"]), VISIBLE))
def test_headers_come_out_as_they_went_in(headers: dict[str, str]) -> None:
    """What we write is what we read."""
    assert dict(Headers(block(headers).partition(b"\r\n")[2])) == headers


@pytest.mark.parametrize("header", [("a b", "c"), ("", "c"), ("a:", "c"), ("a", "b\r\nPUB x 0"), ("a", "b\n")])
def test_unfit_headers(header: tuple[str, str]) -> None:
    """A header that would end early, or is no name, is refused."""
    with pytest.raises(BadHeaderError):
        block(dict([header]))


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB x 0"])
def test_unfit_subjects(subject: str) -> None:
    """A subject that would end early is refused."""
    with pytest.raises(BadSubjectError):
        published(subject, "inbox", b"", b"")


async def test_a_listener_that_fails(nats_url: str) -> None:
    """What a listener raises is told to the client, and the next message is heard all the same."""
    connector = Connector([nats_url], Credentials())
    client = await connector.fresh()
    heard = Told()

    def hear(message: object) -> None:
        heard(repr(message))
        raise ValueError

    await client.listen("news", hear)
    await client.publish("news", b"first")
    await client.publish("news", b"second")
    await heard.until("second")
    await client.flush()
    await connector.drop()

    assert isinstance(connector.heard, ValueError)
    assert len(heard.words) == 2
