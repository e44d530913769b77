import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from aiohttp import ClientSession

from worker.sandbox.faults import Fault
from worker.sandbox.onoffice import OnOffice, OnOfficeOptions
from worker.sandbox.onoffice_relations import Rules
from worker.sandbox.sandbox import Sandbox
from worker.sandbox.server import Running, running

ACTION = "urn:onoffice-de-ns:smart:2.5:smartml:action:"
TYPE = "urn:onoffice-de-ns:smart:2.5:relationTypes:"
OWNER = f"{TYPE}estate:address:owner"
APPOINTMENT = f"{TYPE}calendar:address"


def action(
    tenant: Running,
    name: str,
    parameters: Any,
    *,
    resource: str = "relation",
    age: int = 0,
    **other: Any,
) -> dict[str, Any]:
    """Write one signed action as the vendor's pages show it."""
    moment = int(time.time()) - age
    signed = f"{moment}{tenant.settings['token']}{resource}{ACTION}{name}"
    digest = hmac.new(tenant.settings["secret"].encode(), signed.encode(), hashlib.sha256).digest()
    return {
        "actionid": ACTION + name,
        "resourceid": "",
        "resourcetype": resource,
        "identifier": "evt-7f3a",
        "timestamp": moment,
        "hmac": base64.b64encode(digest).decode(),
        "hmac_version": "2",
        "parameters": parameters,
        **other,
    }


def link(parents: Any, children: Any, relation_type: str = OWNER, **other: Any) -> dict[str, Any]:
    return {"childid": children, "parentid": parents, "relationtype": relation_type, **other}


async def post(client: ClientSession, tenant: Running, *actions: Any, token: str | None = None) -> Any:
    body = {"token": token or tenant.settings["token"], "request": {"actions": list(actions)}}
    async with client.post(tenant.base_url, json=body) as answer:
        assert answer.status == 200
        return await answer.json()


async def code(client: ClientSession, tenant: Running, one: dict[str, Any]) -> int:
    """Send one action and return its errorcode."""
    document = await post(client, tenant, one)
    result = document["response"]["results"][0]
    if result["status"]["errorcode"]:
        assert result["data"] == []
    return int(result["status"]["errorcode"])


def tenant_with(**rules: Any) -> Sandbox:
    return Sandbox(OnOffice(OnOfficeOptions(Rules(**rules))))


async def test_create_and_look(client: ClientSession) -> None:
    """A create answers with no record, and idsfromrelation then shows the link from both sides, as strings."""
    async with running(Sandbox(OnOffice())) as tenant:
        made = await post(client, tenant, action(tenant, "create", link([417], [8102])))
        looked = await post(
            client,
            tenant,
            action(tenant, "get", {"relationtype": OWNER, "parentids": [417, 418]}, resource="idsfromrelation"),
            action(
                tenant,
                "get",
                {"relationtype": OWNER, "childids": [8102], "parentids": []},
                resource="idsfromrelation",
                identifier=None,
            ),
        )

        assert made["status"] == {"code": 200, "errorcode": 0, "message": "OK"}
        assert made["response"]["results"][0]["data"] == {"meta": {"cntabsolute": None}, "records": []}
        assert made["response"]["results"][0]["identifier"] == "evt-7f3a"
        first, second = (result["data"]["records"][0] for result in looked["response"]["results"])
        assert first == {"id": "relatedIds", "type": "", "elements": {"417": ["8102"], "418": []}}
        assert second["elements"] == {"8102": ["417"]}
        effects = [(each.kind, each.key, each.reference) for each in tenant.sandbox.effects.all()]
        assert effects == [("create", "estate:address:owner/417/8102", "evt-7f3a")]


@pytest.mark.parametrize(("form", "empty"), [("object", {}), ("list", [])])
async def test_no_hits_have_two_more_forms(client: ClientSession, form: str, empty: Any) -> None:
    """Nothing found can also be an empty map, or PHP's empty list."""
    async with running(tenant_with(no_hits=form)) as tenant:
        parameters = {"relationtype": OWNER, "parentids": [417]}
        found = await post(client, tenant, action(tenant, "get", parameters, resource="idsfromrelation"))

        assert empty == found["response"]["results"][0]["data"]["records"][0]["elements"]


async def test_the_worked_hmac_vector() -> None:
    """The published vector is what the sandbox computes, too."""
    vendor = OnOffice()
    vendor.token = "1f0c2a7be94d4c5f8a6b3d2e1c0f9a87"
    vendor.secret = "6d1b9c0e4f8a2b7d5e3c1a0f9b8e7d6c5a4f3b2e1d0c9b8a7f6e5d4c3b2a1f0e"
    signed = {"actionid": f"{ACTION}create", "resourcetype": "relation", "timestamp": 1760000000, "hmac_version": 2}

    vendor._check_signature({**signed, "hmac": "khHt6l3UIhrXpCl+zaCanYJ9NQzkHR5e/dS0Z+BAtl4="}, 1760000100.0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"age": 110}, 0),
        ({"age": -110}, 0),
        ({"age": 130}, 136),
        ({"age": -130}, 136),
        ({"hmac": "AAAA"}, 137),
        ({"hmac": 7}, 243),
        ({"hmac_version": 2}, 0),
        ({"hmac_version": "1"}, 137),
        ({"timestamp": "yesterday"}, 136),
    ],
)
async def test_signature(client: ClientSession, change: dict[str, Any], expected: int) -> None:
    """Each action's signature and its time, two minutes either way, are checked."""
    async with running(Sandbox(OnOffice())) as tenant:
        assert expected == await code(client, tenant, action(tenant, "create", link([1], [2]), **change))


async def test_unknown_token(client: ClientSession) -> None:
    """An unknown token is refused at the top, with 400 in the body of an HTTP 200."""
    async with running(Sandbox(OnOffice())) as tenant:
        refused = await post(client, tenant, action(tenant, "create", link([1], [2])), token="nobody")

        assert (refused["status"]["code"], refused["status"]["errorcode"]) == (400, 22)
        assert refused["response"]["results"] == []


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("create", link([1], [2], "urn:onoffice-dens:smart:2.5:relationTypes:estate:address:buyer"), 132),
        ("create", link([1], [2], f"{TYPE}estate:address:neighbour"), 132),
        ("create", link([1, 2], [3, 4]), 219),
        ("create", link([1], list(range(1, 502))), 302),
        ("create", link([417], [999_999]), 80),
        ("create", link([417], []), 167),
        ("create", link([417], ["x"]), 228),
        ("create", link(5590, 281), 0),
        ("create", link([1], [2], f"{TYPE}user:messengerUser:is"), 78),
        ("create", link([1], [2], relationinfo={"statusTerminbestaetigung": "gesendet"}), 179),
        ("create", link([1], [2], APPOINTMENT, relationinfo={"statusTerminbestaetigung": "vielleicht"}), 179),
        ("modify", link([1], [2]), 182),
        ("modify", link([1], [2], APPOINTMENT, relationinfo={"statusTerminbestaetigung": "gesendet"}), 180),
        ("delete", link(1, 2), 168),
        ("delete", link([1], 2), 187),
        ("delete", link(1, 2, f"{TYPE}address:estate:offer"), 168),
        ("destroy", link(1, 2), 23),
    ],
)
async def test_codes(client: ClientSession, name: str, parameters: dict[str, Any], expected: int) -> None:
    """What is wrong with an action stands in its own errorcode, under a top level that says OK."""
    async with running(Sandbox(OnOffice())) as tenant:
        assert expected == await code(client, tenant, action(tenant, name, parameters))


async def test_appointment_status(client: ClientSession) -> None:
    """Only an appointment's status can be changed, to one of the vendor's own words."""
    async with running(Sandbox(OnOffice())) as tenant:

        async def modify(info: dict[str, str]) -> int:
            return await code(
                client, tenant, action(tenant, "modify", link([359], [281], APPOINTMENT, relationinfo=info))
            )

        assert await code(client, tenant, action(tenant, "create", link([359], [281], APPOINTMENT))) == 0
        assert await modify({"statusTerminbestaetigung": "bestätigt"}) == 0
        assert await modify({"statusTerminbestaetigung": "bestätigt"}) == 0
        assert await modify({"statusTerminbestaetigung": "confirmed"}) == 181
        assert await modify({"statusTerminrueckmeldung": "aktiv"}) == 0
        key = "calendar:address/359/281"
        info = {"statusTerminbestaetigung": "bestätigt", "statusTerminrueckmeldung": "aktiv"}
        assert tenant.sandbox.state()[key]["relationinfo"] == info
        assert [bool(each.changed) for each in tenant.sandbox.effects.of(key)] == [True, True, False, True]


async def test_delete(client: ClientSession) -> None:
    """A delete takes one pair, says success in an element, and finds nothing the second time."""
    async with running(tenant_with(on_missing_delete=88)) as tenant:
        await post(client, tenant, action(tenant, "create", link([417], [8102, 8103])))
        gone = await post(client, tenant, action(tenant, "delete", link(417, 8102)))

        assert gone["response"]["results"][0]["data"]["records"] == [
            {"id": 0, "type": "", "elements": {"success": "success"}}
        ]
        assert await code(client, tenant, action(tenant, "delete", link(417, 8102))) == 88
        assert list(tenant.sandbox.state()) == ["estate:address:owner/417/8103"]


async def test_creating_again(client: ClientSession) -> None:
    """Creating what exists succeeds without effect, or is refused with the code chosen."""
    for on_existing in (0, 78, 173):
        async with running(tenant_with(on_existing=on_existing)) as tenant:
            codes = [await code(client, tenant, action(tenant, "create", link([1], [2]))) for _ in range(2)]

            assert [0, on_existing] == codes
            assert tenant.sandbox.effects.count == 1


async def test_actions_stand_alone(client: ClientSession) -> None:
    """Of many actions in one request each has its own result, in their order."""
    async with running(Sandbox(OnOffice())) as tenant:
        actions = [action(tenant, "create", link([1], [child])) for child in (2, 999_999, 3)]
        done = await post(client, tenant, *actions)

        assert [result["status"]["errorcode"] for result in done["response"]["results"]] == [0, 80, 0]
        assert (done["status"]["errorcode"], len(done["response"]["results"])) == (0, 3)
        assert len(tenant.sandbox.state()) == 2


@pytest.mark.parametrize(("shape", "expected"), [("repeated", 80), ("look_inside", 97)])
async def test_errors_at_the_top(client: ClientSession, shape: Any, expected: int) -> None:
    """An action's error can also show at the top, repeated or as a pointer to the actions."""
    async with running(Sandbox(OnOffice(OnOfficeOptions(error_shape=shape)))) as tenant:
        done = await post(client, tenant, action(tenant, "create", link([1], [999_999])))

        assert (500, expected) == (done["status"]["code"], done["status"]["errorcode"])
        assert done["response"]["results"][0]["status"]["errorcode"] == 80


@pytest.mark.parametrize(("claim", "expected"), [(None, 193), ("", 193), ("old", 248), ("right", 0)])
async def test_marketplace(client: ClientSession, claim: str | None, expected: int) -> None:
    """A marketplace user's actions must carry the claim."""
    async with running(Sandbox(OnOffice(OnOfficeOptions(extended_claim="right")))) as tenant:
        parameters = link([1], [2]) if claim is None else link([1], [2], extendedclaim=claim)

        assert expected == await code(client, tenant, action(tenant, "create", parameters))


@pytest.mark.parametrize(("body", "expected"), [(b"", 9), (b"{", 4), (b"[]", 13)])
async def test_broken_requests(client: ClientSession, body: bytes, expected: int) -> None:
    """A body that is no request is refused at the top, and still has a list of results."""
    async with running(Sandbox(OnOffice())) as tenant, client.post(tenant.base_url, data=body) as answer:
        document = await answer.json()

        assert expected == document["status"]["errorcode"]
        assert document["response"]["results"] == []


async def test_any_version_and_content_type(client: ClientSession) -> None:
    """Curl's form content type and the other version of the path are taken, too."""
    async with running(Sandbox(OnOffice())) as tenant:
        body = {"token": tenant.settings["token"], "request": {"actions": [action(tenant, "create", link(1, 2))]}}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        async with client.post(f"{tenant.root}/api/latest/api.php", data=json.dumps(body), headers=headers) as answer:
            assert (await answer.json())["response"]["results"][0]["status"]["errorcode"] == 0


async def test_refusal_on_demand(client: ClientSession) -> None:
    """A fault can refuse the one action of a batch that holds a text."""
    fault = Fault(kind="refuse", contains="poison", code=98, message="linked to nothing")
    async with running(Sandbox(OnOffice(), faults=[fault])) as tenant:
        done = await post(
            client,
            tenant,
            action(tenant, "create", link([1], [2])),
            action(tenant, "create", link([1], [3]), identifier="poison"),
        )

        assert [result["status"]["errorcode"] for result in done["response"]["results"]] == [0, 98]
