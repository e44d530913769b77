import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.sandbox.waiting import Hands
from worker.sandbox.faults import Fault
from worker.sandbox.sandbox import Sandbox
from worker.sandbox.server import Running, running
from worker.sandbox.superoffice import SuperOffice, SuperOfficeOptions
from worker.sandbox.superoffice_relations import Tenant

HOLDING = {
    "SourceContactId": 12,
    "SourcePersonId": 452,
    "DestinationContactId": 34,
    "RelationDefinitionId": 5,
    "Comment": "holding of",
    "Reversed": 0,
}
TICKET = "http://schemes.superoffice.net/identity/ticket"


def tenant(**options: Any) -> Sandbox:
    return Sandbox(SuperOffice(SuperOfficeOptions(**{"auth": "ticket", **options})))


def ticket(there: Running) -> dict[str, str]:
    return {"Authorization": f"SOTicket {there.settings['ticket']}", "SO-AppToken": there.settings["app_token"]}


async def call(
    client: ClientSession,
    there: Running,
    method: str,
    path: str,
    body: Any = None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> Any:
    """Make one call under the tenant's API and return its content."""
    url = f"{there.root}/Cust12345/api/v1/{path}"
    given = {**ticket(there), **(headers or {})}
    async with client.request(method, url, json=body, headers=given, params=query) as answer:
        assert status == answer.status, await answer.text()
        return await answer.json() if answer.content_type == "application/json" and status not in (204, 304) else None


async def test_create_has_no_unique_index(client: ClientSession) -> None:
    """A POST answers 200 with the whole entity, and the same POST again makes another."""
    async with running(tenant()) as there:
        first = await call(client, there, "POST", "Relation", {**HOLDING, "RelationId": 783, "UpdatedDate": None})
        second = await call(
            client, there, "POST", "relation/", {name[0].lower() + name[1:]: value for name, value in HOLDING.items()}
        )

        assert {name: first[name] for name in (*HOLDING, "DestinationPersonId")} == {
            **HOLDING,
            "DestinationPersonId": 0,
        }
        assert first["RelationId"] not in (second["RelationId"], 783)
        assert (first["ActiveText"], first["PassiveText"]) == ("owns", "is owned by")
        assert first["_Links"]["Self"].endswith(f"/Relation/{first['RelationId']}")
        assert [each.kind for each in there.sandbox.effects.all()] == ["create", "create"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ({}, 400),
        ({**HOLDING, "SourceContactId": "12"}, 400),
        ({**HOLDING, "SourceContactId": 2**31}, 400),
        ({"SourceContactId": 12}, 500),
        ({**HOLDING, "DestinationContactId": 999_999}, 500),
        ({**HOLDING, "SourcePersonId": 7}, 500),
        ({**HOLDING, "Comment": "x" * 255}, 500),
        ({**HOLDING, "Comment": "x" * 254}, 200),
    ],
)
async def test_content_that_is_refused(client: ClientSession, body: Any, status: int) -> None:
    """No entity is 400, an entity against the rules is an error of a validation kind."""
    async with running(tenant(tenant=Tenant(persons={7: 99}))) as there:
        answer = await call(client, there, "POST", "Relation", body, status=status)

        assert status == 200 or {"Error", "ErrorType", "ErrorMessage", "ErrorSource"} == answer.keys()


async def test_body_that_is_no_json(client: ClientSession) -> None:
    """An unreadable body is 400."""
    async with running(tenant()) as there:
        url = f"{there.root}/Cust12345/api/v1/Relation"
        async with client.post(url, headers=ticket(there), data=b"{") as answer:
            assert answer.status == 400


@pytest.mark.parametrize(
    ("patch", "status", "changed"),
    [
        (
            [
                {"op": "test", "path": "RelationDefinitionId", "value": 5},
                {"op": "replace", "path": "Comment", "value": "sold"},
            ],
            200,
            {"Comment": "sold"},
        ),
        ([{"op": "replace", "path": "/comment", "value": "sold"}], 200, {"Comment": "sold"}),
        ([{"op": "add", "path": "COMMENT", "value": "sold"}], 200, {"Comment": "sold"}),
        (
            [{"op": "remove", "path": "/Comment"}, {"op": "remove", "path": "/SourcePersonId"}],
            200,
            {"Comment": "", "SourcePersonId": 0},
        ),
        ({"Comment": None, "destinationContactId": 35}, 200, {"Comment": "", "DestinationContactId": 35}),
        (
            [
                {"op": "replace", "path": "/Comment", "value": "sold"},
                {"op": "test", "path": "/DestinationContactId", "value": 35},
            ],
            409,
            {},
        ),
        ([{"op": "move", "path": "/Comment", "from": "/ActiveText"}], 400, {}),
        ([{"op": "replace", "path": "/Department", "value": "foo"}], 400, {}),
        ([{"op": "replace", "path": "/Reversed", "value": "yes"}], 400, {}),
        ([{"op": "replace", "path": "/ActiveText", "value": "x"}], 200, {}),
        ([], 400, {}),
    ],
)
async def test_patch(client: ClientSession, patch: Any, status: int, changed: dict[str, Any]) -> None:
    """Both kinds of patch work, paths without case and slash, all steps or none."""
    async with running(tenant()) as there:
        made = await call(client, there, "POST", "Relation", HOLDING)
        number = made["RelationId"]
        await call(client, there, "PATCH", f"Relation/{number}", patch, status=status)

        expected = {**HOLDING, "DestinationPersonId": 0, "RelationId": number, **changed}
        assert expected == there.sandbox.state()[str(number)]
        assert set(changed) == {name for each in there.sandbox.effects.all()[1:] for name in each.changed}


async def test_read_replace_delete(client: ClientSession) -> None:
    """An entity is read, replaced as a whole and deleted once; unknown ids are 404."""
    async with running(tenant()) as there:
        number = (await call(client, there, "POST", "Relation", HOLDING))["RelationId"]
        path = f"relation/{number}/"
        replaced = await call(client, there, "PUT", path, {"SourceContactId": 12, "DestinationContactId": 36})

        assert (replaced["DestinationContactId"], replaced["Comment"]) == (36, "")
        assert await call(client, there, "GET", path) == replaced
        await call(client, there, "DELETE", path, status=204)
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            refused = await call(client, there, method, path, HOLDING, status=404)
            assert refused["ErrorType"] == "SoNotFoundException"


async def test_deleting_nothing_can_be_done(client: ClientSession) -> None:
    """A delete of what is not there can be chosen to answer 204."""
    async with running(tenant(missing_delete=204)) as there:
        await call(client, there, "DELETE", "Relation/9", status=204)
        await call(client, there, "PATCH", "Relation/9", {"Comment": "x"}, status=404)


async def test_template_and_select(client: ClientSession) -> None:
    """The template has no id, and $select empties all else."""
    async with running(tenant()) as there:
        template = await call(client, there, "GET", "Relation/default")
        made = await call(client, there, "POST", "Relation", HOLDING, query={"$select": "comment"})

        assert template["RelationId"] == 0
        assert (made["Comment"], made["RelationId"]) == ("holding of", None)


async def test_optimistic_locking(client: ClientSession) -> None:
    """If-Unmodified-Since guards writes with 412, If-Modified-Since saves reads with 304."""
    async with running(tenant()) as there:
        number = (await call(client, there, "POST", "Relation", HOLDING))["RelationId"]
        before, after = (
            format_datetime(datetime.now(UTC) + timedelta(seconds=distance), usegmt=True) for distance in (-60, 60)
        )
        path = f"Relation/{number}"
        for method in ("PUT", "PATCH", "DELETE"):
            await call(client, there, method, path, HOLDING, headers={"If-Unmodified-Since": before}, status=412)
        await call(client, there, "GET", path, headers={"If-Modified-Since": after}, status=304)
        await call(client, there, "GET", path, headers={"If-Modified-Since": before})
        await call(client, there, "PATCH", path, {"Comment": "x"}, headers={"If-Unmodified-Since": after})


async def test_archive_shows_both_ends(client: ClientSession) -> None:
    """A link is found from either company, its row turned round, so that ids may repeat."""
    async with running(tenant()) as there:
        number = (await call(client, there, "POST", "Relation", HOLDING))["RelationId"]
        for source, target, swapped in ((12, 34, False), (34, 12, True)):
            text = f"source/contactId eq {source} and target/contactId eq {target} and relationDefinitionId eq 5"
            found = await call(
                client, there, "GET", "Relation", query={"$filter": text, "$select": "relationId,source/personId"}
            )
            row = {
                "PrimaryKey": number,
                "EntityName": "relation",
                "relationId": number,
                "source/personId": 0 if swapped else 452,
            }

            assert [row] == found["value"]
        both = await call(client, there, "GET", "Relation", query={"$filter": f"relationId eq {number}"})
        assert [row["direction"] for row in both["value"]] == [1, 2]


async def test_archive_pages(client: ClientSession) -> None:
    """More rows than asked for are announced by a link that leads to them."""
    async with running(tenant()) as there:
        for child in range(1, 4):
            await call(client, there, "POST", "Relation", {"SourceContactId": 12, "DestinationContactId": child})
        query = {"$filter": "source/contactId eq 12", "$top": "2", "$orderby": "relationId desc"}
        page = await call(client, there, "GET", "Relation", query=query)
        async with client.get(page["odata.nextLink"], headers=ticket(there)) as answer:
            rest = await answer.json()

        assert [row["relationId"] for row in page["value"]] == [79, 78]
        assert [row["relationId"] for row in rest["value"]] == [77]
        assert rest["odata.nextLink"] is None


@pytest.mark.parametrize(
    "text",
    [
        "source/personId eq 4",
        "colour eq 'red'",
        "relationId eq",
        "relationId eq 1 or relationId eq 2",
        "relationComment eq 4 and relationComment gt 4",
    ],
)
async def test_filters_that_are_none(client: ClientSession, text: str) -> None:
    """A person can not be filtered by, nor what is no column."""
    async with running(tenant()) as there:
        await call(client, there, "POST", "Relation", HOLDING)

        await call(client, there, "GET", "Relation", status=400, query={"$filter": text})


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


async def test_tenant_moves_and_rests(client: ClientSession) -> None:
    """The state API says where a tenant is and whether it runs; elsewhere is 421, and closed is 503."""
    async with running(tenant()) as there:

        async def state(customer: str = "cust12345") -> tuple[str | None, str, bool]:
            async with client.get(f"{there.root}/api/state/{customer}") as answer:
                content = await answer.json()
                return content["Endpoint"], content["State"], content["IsRunning"]

        vendor = there.sandbox.vendor
        home = f"{there.root}/Cust12345"
        assert (home, "Running", True) == await state()
        vendor.control({"move": "online4"})
        await call(client, there, "GET", "Relation/default", status=421)
        moved = (await state())[0]
        async with client.get(f"{moved}/api/v1/Relation/default", headers=ticket(there)) as answer:
            assert answer.status == 200
        vendor.control({"move": "", "tenant_state": 6})
        assert (home, "OfflineMaintenance", False) == await state()
        await call(client, there, "GET", "Relation/default", status=503)
        assert await state("Cust1") == (None, "Unknown", False)
        for command in ({"tenant_state": 7}, {"fly": 1}):
            with pytest.raises(ValueError, match=r"SuperOffice|tenant_state"):
                vendor.control(command)


def signed(there: Running, time: str, token: str | None = None) -> str:
    key = load_pem_private_key(there.settings["private_key"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    text = f"{token or there.settings['system_user_token']}.{time}"
    return f"{text}.{base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()}"


async def log_in(client: ClientSession, there: Running, time: str, **change: str) -> Any:
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


@pytest.mark.parametrize("auth", ["system_user", "refresh_token", "ticket", "bearer", "basic"])
async def test_settings_offer_one_way_in(auth: Any) -> None:
    """The settings hold what the chosen way needs, and nothing of the others."""
    async with running(tenant(auth=auth)) as there:
        needs = {
            "system_user": {"app_token", "system_user_token", "private_key"},
            "refresh_token": {"client_id", "client_secret", "refresh_token", "redirect_uri"},
            "ticket": {"ticket", "app_token"},
            "bearer": {"access_token"},
            "basic": {"username", "password"},
        }[auth]
        common = {"target", "environment", "base_url", "auth"} | (set() if auth == "basic" else {"customer_id"})

        assert needs | common == there.settings.keys()


async def test_refusal_on_demand(client: ClientSession) -> None:
    """A fault refuses what holds a text with the status it names, in the vendor's form."""
    fault = Fault(kind="refuse", contains="poison", code=409, message="no")
    async with running(Sandbox(SuperOffice(SuperOfficeOptions(auth="ticket")), faults=[fault])) as there:
        refused = await call(client, there, "POST", "Relation", {**HOLDING, "Comment": "poison"}, status=409)

        assert (refused["Error"], refused["ErrorMessage"]) == (True, "no")
        await call(client, there, "POST", "Relation", HOLDING)
