"""What no honest browser or program sends."""

from typing import Any

import aiohttp
import pytest

from tests.console.house import BEARER, TOKEN, House, words

FORM = "application/x-www-form-urlencoded"
MIXED = "multipart/form-data"
PART = b"--x\r\nContent-Disposition: form-data; name=token\r\n%s\r\nx\r\n--x--\r\n"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"token=x", f"{FORM}; charset=nonsense"),
        (b"token=\xff", FORM),
        (b"token=%00", FORM),
        (b"x", MIXED),
        (b"x", f"{MIXED}; boundary=y"),
        (b"x", f"{MIXED}; boundary={'y' * 71}"),
        (PART % b"Content-Transfer-Encoding: nonsense\r\n", f"{MIXED}; boundary=x"),
        (PART % b"Content-Type: text/plain; charset=nonsense\r\n", f"{MIXED}; boundary=x"),
        (PART.replace(b"; name=token", b"") % b"", f"{MIXED}; boundary=x"),
    ],
)
async def test_forms_that_are_none(house: House, body: bytes, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A form that cannot be read is told so, to anybody, and is no failure of ours."""
    async with house.session.post(f"{house.url}/login", data=body, headers={"Content-Type": kind}) as got:
        page = words(await got.text())
        assert got.status == 400, page
    assert "form" in page
    secret = await house.enter()
    headers = {"Content-Type": kind, "X-Form": secret}
    async with house.session.post(f"{house.url}/connections/acme/pause", data=body, headers=headers) as got:
        assert got.status == 400
    assert "a page failed" not in capsys.readouterr().out


@pytest.mark.parametrize("origin", ["http://[", "http://[x]", "\u00fc"])
async def test_origins_that_are_none(house: House, origin: str) -> None:
    """An origin that is no address is another site's."""
    headers = {"Origin": origin}
    async with house.session.post(f"{house.url}/login", data={"token": TOKEN}, headers=headers) as got:
        assert got.status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/find?key=%00",
        "/dead/letters?subject=a%00",
        "/dead/letters/%00",
        "/plans/%00",
        "/api/dead/letters?subject=%00",
        "/api/dead/letters?after=%00",
        "/api/events/%00",
        "/api/relations/x?source=%00",
        "/%00",
    ],
)
async def test_nul_in_an_address(house: House, path: str) -> None:
    """NUL, which not every journal can look for, is refused in an address."""
    async with aiohttp.ClientSession(headers=BEARER) as plain, plain.get(house.url + path) as got:
        assert got.status == 400
        assert "NUL" in await got.text()


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/api/connections/acme/pause", {"why": "a\0"}),
        ("/api/dead/discard", {"select": {"ids": ["a\0"]}, "why": "x"}),
        ("/api/dead/discard", {"everything": True, "why": "a\0"}),
        ("/api/plans", {"select": {"subjects": ["a\0"]}, "why": "x"}),
        ("/api/plans/x/pause", {"why": "a\0"}),
    ],
)
async def test_nul_in_a_body(house: House, path: str, sent: dict[str, Any]) -> None:
    """What the journal is to keep or to look for holds no NUL."""
    problem = await house.tell(path, sent, status=422)
    assert "may hold no control characters" in problem["detail"]
