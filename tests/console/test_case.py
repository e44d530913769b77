"""What came, as its case page shows it."""

import asyncio
from html import unescape
from urllib.parse import urlsplit

import pytest

from tests.console.house import House, words

MOST = 200_000  # characters of a page, whatever came


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 250 + b"1," * 400_000 + b"1" + b"]" * 250,
        b"[" * 250 + b"1," * 30_000 + b"1" + b"]" * 250,
        b"[" * 300 + b"]" * 300,
        b"\xff" * 900_000,
    ],
    ids=["large and deep", "deep", "too deep to be written", "no text"],
)
async def test_hostile_original(house: House, body: bytes) -> None:
    """Whatever came has a case page, which shows its beginning and never grows beyond measure."""
    letter = await house.refused(body)
    await house.enter()
    page = await house.page(f"/dead/letters/{letter}")

    assert len(page) < MOST + 65_536 * len("\\xff")
    assert f"{len(body):,} bytes".replace(",", " ") in words(page)
    assert (", cut" in words(page)) == (len(body) > 65_536)


async def published(nats_url: str, headers: str, body: str) -> None:
    """Publish with headers as they are written, as a client of one's own may."""
    at = urlsplit(nats_url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    size, whole = len(headers), len(headers) + len(body)
    writer.write(b'CONNECT {"verbose":false,"headers":true}\r\n')
    writer.write(f"HPUB relation.created {size} {whole}\r\n{headers}{body}\r\nPING\r\n".encode())
    await reader.readuntil(b"PONG\r\n")
    writer.close()
    await writer.wait_closed()


async def test_original_is_shown_as_it_came(house: House, nats_url: str) -> None:
    """Numbers and members stand there as they were written, and each header as often as it came."""
    body = '{"n": 1.0000000000000000001, "n":1e2,\n"big": 123456789012345678901234567890}'
    await published(nats_url, "NATS/1.0\r\nce-specversion: 1.0\r\nce-id: one\r\nce-id: two\r\n\r\n", body)
    letter = await house.at_intake()
    await house.enter()
    page = unescape(await house.page(f"/dead/letters/{letter}"))

    assert body in page
    assert "ce-specversion: 1.0\nce-id: one\nce-id: two\n" in page
