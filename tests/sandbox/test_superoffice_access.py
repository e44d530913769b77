"""Who may enter: schemes, both token flows, and tickets that end."""

import base64
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.sandbox.superoffice import tenant
from tests.sandbox.waiting import Hands
from worker.sandbox.sandbox import Sandbox
from worker.sandbox.server import Running, running
from worker.sandbox.superoffice import SuperOffice, SuperOfficeOptions

TICKET = "http://schemes.superoffice.net/identity/ticket"


def signed(there: Running, time: str, token: str | None = None) -> str:
    """Return the system user's token, signed with its private key at this time."""
    key = load_pem_private_key(there.settings["private_key"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    text = f"{token or there.settings['system_user_token']}.{time}"
    return f"{text}.{base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()}"


async def log_in(client: ClientSession, there: Running, time: str, **change: str) -> Any:
    """Ask for a ticket with a signed token, and return the answer's content."""
    body = {
        "SignedSystemToken": signed(there, time),
        "ApplicationToken": there.settings["app_token"],
        "ContextIdentifier": "Cust12345",
        "ReturnTokenType": "JWT",
        **change,
    }
    async with client.post(f"{there.root}/Login/api/PartnerSystemUser/Authenticate", json=body) as answer:
        assert answer.status == 200
        return await answer.json()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/Cust12345/api/v1/Relation/default", {}, 401),
        (
            "/Cust12345/api/v1/Relation/default",
            {"Authorization": "SOTicket 7T:nonsense", "SO-AppToken": "{app_token}"},
            401,
        ),
        ("/Cust12345/api/v1/Relation/default", {"Authorization": "SOTicket {ticket}"}, 403),
        (
            "/Cust12345/api/v1/Relation/default",
            {"Authorization": "soticket {ticket}", "SO-AppToken": "{app_token}"},
            200,
        ),
        ("/Cust12345/api/v1/Relation/default", {"Authorization": "Basic {basic}"}, 401),
        ("/api/v1/Relation/default", {"Authorization": "Basic {basic}"}, 200),
        ("/api/v1/Relation/default", {"Authorization": "Basic bm9ib2R5Om5vdGhpbmc="}, 401),
        ("/api/v1/Relation/default", {"Authorization": "Basic %"}, 401),
        ("/Cust12345/api/v1/Relation/default", {"Authorization": "Bearer {bearer}"}, 200),
        ("/Cust12345/api/v1/Relation/default", {"Authorization": "Bearer 8A:nonsense"}, 401),
        ("/Cust99999/api/v1/Relation/default", {}, 421),
        ("/online4/Cust12345/api/v1/Relation/default", {}, 421),
        ("/somewhere", {}, 404),
        ("/Cust12345/api/v1/Contact", {}, 404),
    ],
)
async def test_entrance(client: ClientSession, path: str, headers: dict[str, str], status: int) -> None:
    """Each scheme opens its own installation, and the wrong place is misdirected."""
    vendor = SuperOffice(SuperOfficeOptions(auth="ticket"))
    access = vendor.access
    async with running(Sandbox(vendor)) as there:
        values = {
            "app_token": access.app_token,
            "ticket": there.settings["ticket"],
            "bearer": access.open_access_token(float("inf")),
            "basic": base64.b64encode(f"{access.username}:{access.password}".encode()).decode(),
        }
        given = {name: value.format(**values) for name, value in headers.items()}
        async with client.get(there.root + path, headers=given) as answer:
            assert status == answer.status


async def test_system_user(client: ClientSession) -> None:
    """A signed token becomes a ticket inside a JWT whose signature can be checked; it opens the API."""
    async with running(tenant(auth="system_user")) as there:
        got = await log_in(client, there, datetime.now(UTC).strftime("%Y%m%d%H%M"))
        async with client.get(f"{there.root}/login/.well-known/jwks") as answer:
            key = jwt.PyJWK((await answer.json())["keys"][0])
        claims = jwt.decode(got["Token"], key, algorithms=["RS256"], options={"verify_aud": False})
        headers = {"Authorization": f"SOTicket {claims[TICKET]}", "SO-AppToken": there.settings["app_token"]}
        async with client.get(f"{there.root}/Cust12345/api/v1/Relation/default", headers=headers) as answer:
            assert answer.status == 200

        assert got["IsSuccessful"] is True
        assert claims[TICKET].startswith("7T:")
        now, old = datetime.now(UTC).strftime("%Y%m%d%H%M"), "202001010000"
        forged = signed(there, now)[:-8] + "AAAAAAA="
        for time, change in (
            (old, {}),
            ("yesterday", {}),
            (now, {"SignedSystemToken": forged}),
            (now, {"SignedSystemToken": "x"}),
            (now, {"SignedSystemToken": signed(there, now, "Other-token")}),
            (now, {"ApplicationToken": "x"}),
            (now, {"ContextIdentifier": "Cust1"}),
            (now, {"ReturnTokenType": "SAML"}),
        ):
            refused = await log_in(client, there, time, **change)
            assert (refused["IsSuccessful"], refused["Token"]) == (False, None)


@pytest.mark.parametrize("place", ["data", "params"])
async def test_refresh_flow(client: ClientSession, place: str) -> None:
    """The refresh flow takes its pairs from the form or the query, and gives no new refresh token."""
    async with running(tenant(auth="refresh_token")) as there:
        names = ("client_id", "client_secret", "refresh_token", "redirect_uri")
        pairs = {"grant_type": "refresh_token", **{name: there.settings[name] for name in names}}
        url = f"{there.root}/login/common/oauth/tokens"
        async with client.request("POST", url, **{place: pairs}) as answer:  # type: ignore[arg-type]  # which one is the parameter
            got = await answer.json()
        headers = {"Authorization": f"{got['token_type']} {got['access_token']}"}
        async with client.get(f"{there.root}/Cust12345/api/v1/Relation/default", headers=headers) as answer:
            assert answer.status == 200

        assert {"token_type", "access_token", "expires_in", "id_token"} == got.keys()
        assert (got["access_token"][:13], got["expires_in"]) == ("8A:Cust12345.", 3600)
        for change in ({"grant_type": "password"}, {"refresh_token": "x"}, {"redirect_uri": "http://evil.example"}):
            async with client.post(url, data={**pairs, **change}) as answer:
                assert answer.status == 400


async def test_tickets_slide_and_expire(client: ClientSession, hands: Hands) -> None:
    """A ticket lives six hours from its last use, then it is 401; all can be ended at once."""
    sandbox = Sandbox(SuperOffice(), clock=hands.clock())
    vendor = sandbox.vendor
    assert isinstance(vendor, SuperOffice)
    async with running(sandbox) as there:
        headers = {
            "Authorization": f"SOTicket {vendor.access.open_ticket(hands.monotonic)}",
            "SO-AppToken": vendor.access.app_token,
        }

        async def status() -> int:
            async with client.get(f"{there.root}/Cust12345/api/v1/Relation/default", headers=headers) as answer:
                return answer.status

        seen = []
        for hours in (5, 5, 7):
            hands.move(hours * 3600)
            seen.append(await status())
        headers["Authorization"] = f"SOTicket {vendor.access.open_ticket(hands.monotonic)}"
        seen.append(await status())
        vendor.control({"expire": True})
        assert [*seen, await status()] == [200, 200, 401, 200, 401]
