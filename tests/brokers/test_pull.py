from hypothesis import given
from hypothesis import strategies as st

from worker.brokers.client import Headers
from worker.brokers.pull import sequence

TOKEN = st.text(st.characters(categories=["L", "N"], codec="ascii"), min_size=1, max_size=20)
NUMBER = st.integers(0, 2**63)


@given(stream=TOKEN, consumer=TOKEN, place=NUMBER, other=NUMBER)
def test_sequence_of_the_old_form(stream: str, consumer: str, place: int, other: int) -> None:
    """The stream sequence is read from an ack subject of nine tokens."""
    assert sequence(f"$JS.ACK.{stream}.{consumer}.1.{place}.{other}.17.0") == place


@given(domain=TOKEN, stream=TOKEN, place=NUMBER, other=NUMBER, rest=st.lists(TOKEN, max_size=3))
def test_sequence_of_the_new_form(domain: str, stream: str, place: int, other: int, rest: list[str]) -> None:
    """It is read as well where the subject also names domain and account."""
    tokens = ["$JS.ACK", domain, "hash", stream, "consumer", "1", str(place), str(other), "17", "0", *rest]
    assert sequence(".".join(tokens)) == place


@given(st.binary(max_size=200))
def test_headers_of_any_bytes(raw: bytes) -> None:
    """Whatever stands in a header block is read into printable pairs, and every pair is kept."""
    headers = Headers(raw)

    assert len(headers.pairs) == sum(b":" in line for line in raw.split(b"\r\n"))
    assert all("".join(pair).encode() is not None for pair in headers.pairs)
    assert dict(headers.pairs) == headers


@given(st.lists(st.tuples(TOKEN, st.text(st.characters(exclude_categories=["C", "Z"])))))
def test_headers_as_sent(pairs: list[tuple[str, str]]) -> None:
    """What was sent comes out again, in order, doubles included."""
    raw = "".join(f"{name}: {value}\r\n" for name, value in pairs).encode()

    assert Headers(raw + b"\r\n").pairs == tuple(pairs)
