"""Dead letters that come by file, as a person brings them."""

import io

import aiohttp

from tests.console.house import BEARER, READER, House, unmappable, words


async def exported(house: House) -> bytes:
    """Return the open letters as lines."""
    headers = aiohttp.ClientSession(headers=BEARER)
    async with headers as plain, plain.get(f"{house.url}/api/dead/export") as got:
        return await got.read()


async def bring(house: House, raw: bytes, secret: str, status: int = 200) -> str:
    """Choose a file in the form, and send it."""
    form = aiohttp.FormData({"form": secret})
    form.add_field("file", io.BytesIO(raw), filename="letters.jsonl", content_type="application/octet-stream")
    async with house.session.post(f"{house.url}/dead/import", data=form) as got:
        text = await got.text()
        assert got.status == status, words(text)[:600]
        return words(text)


async def test_letters_come_by_file(house: House) -> None:
    """What is new is laid down and linked, what is known is left as it is, and both are told."""
    await house.publish(unmappable("1"))
    secret = await house.enter()
    known = await exported(house)
    (letter,) = (await house.letters()).values()
    other = known.replace(letter.encode(), b"from-elsewhere").replace(
        b'"delivery_event_id":"e-1"', b'"delivery_event_id":"x"'
    )

    assert "Nothing new in it. 1 letter was known here and is left as it is." in await bring(house, known, secret)
    told = await bring(house, known + other, secret)

    assert "1 dead letter imported." in told
    assert "from-elsewhere" in told
    assert "Unmappable" in words(await house.page("/dead/letters/from-elsewhere"))
    assert [one["action"] for one in await house.ask("/api/audit")] == ["dead.import", "dead.import"]


async def test_damaged_file_changes_nothing(house: House) -> None:
    """Each damaged line is named; an empty file, and none at all, are refused as well."""
    await house.publish(unmappable("1"))
    secret = await house.enter()
    good = await exported(house)

    told = await bring(house, b"{\n" + good.replace(b'"id":"', b'"id":"other-') + b"[]\n", secret, 422)

    assert "2 lines of it are damaged; nothing was imported." in told
    assert "Line 1 is not JSON" in told
    assert "Line 3 is no dead letter" in told
    assert "There is no line in it" in await bring(house, b"\n", secret, 422)
    assert "Choose a file" in await bring(house, b"", secret, 422)
    assert "Choose a file" in words(await house.post("/dead/import", 422, form=secret))
    assert list(await house.letters()) == ["e-1"]
    assert await house.ask("/api/audit") == []


async def test_hostile_lines_are_only_text(house: House) -> None:
    """What a damaged line holds is escaped, wherever it is told."""
    secret = await house.enter()
    form = aiohttp.FormData({"form": secret})
    form.add_field("file", b'{"<script>alert(1)</script>": 1}\n', filename="x")
    async with house.session.post(f"{house.url}/dead/import", data=form) as got:
        assert b"<script>alert" not in await got.read()


async def test_only_operators_bring_letters(house: House) -> None:
    """A reader, a forged form and a file without bounds are refused."""
    reader = await house.enter(READER)
    assert "may look, not change" in words(await house.page("/dead/import", 403))
    assert "may look, not change" in await bring(house, b"{}\n", reader, 403)
    assert "Import" not in words(await house.page("/dead"))
    secret = await house.enter()
    assert "not from this session" in await bring(house, b"{}\n", "forged", 403)
    assert "larger than this worker takes" in await bring(house, b" " * (5 * 2**20), secret, 413)
