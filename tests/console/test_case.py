"""What came, as its case page shows it."""

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
