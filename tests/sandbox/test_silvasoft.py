from typing import Any

import pytest
from aiohttp import ClientSession

from worker.sandbox.faults import Fault
from worker.sandbox.sandbox import Limits, Sandbox
from worker.sandbox.server import Running, running
from worker.sandbox.silvasoft import Silvasoft, SilvasoftOptions

JET = {
    "OnExistingRelationNumber": "ABORT",
    "OnExistingRelationName": "ABORT",
    "CustomerNumber": 5012,
    "IsCustomer": True,
    "Address_Street": "Kade",
    "Address_Unit": "7",
    "Address_UnitAppendix": "a",
    "Address_PostalCode": "9711AB",
    "Address_City": "Groningen",
    "Address_CountryCode": "NL",
    "GroupName": "Webshop",
    "Relation_Contact": [
        {"FirstName": "Jet", "LastName": "Visser", "Email": "jet@example.org", "Phone": "0501234567", "Sex": "Vrouw"}
    ],
}
PIET = {
    **JET,
    "CustomerNumber": 5013,
    "Relation_Contact": [{"FirstName": "Piet", "LastName": "Bos", "Email": "piet@example.org"}],
}


def books(**options: Any) -> Sandbox:
    return Sandbox(Silvasoft(SilvasoftOptions(**options)))


def headers(there: Running) -> dict[str, str]:
    return {"ApiKey": there.settings["api_key"], "Username": there.settings["username"]}


async def call(
    client: ClientSession,
    there: Running,
    method: str,
    path: str,
    body: Any = None,
    status: int = 200,
    query: dict[str, str] | None = None,
) -> Any:
    url = there.base_url + path
    async with client.request(method, url, headers=headers(there), json=body, params=query) as answer:
        assert status == answer.status, await answer.text()
        return await answer.json(content_type=None)


async def add(client: ClientSession, there: Running, body: dict[str, Any], **change: Any) -> Any:
    return (await call(client, there, "POST", "addprivaterelation/", {**body, **change}))[0]


async def test_create(client: ClientSession) -> None:
    """A consumer is created and comes back in an array, with a GUID and its moment of creation."""
    async with running(books()) as there:
        made = await add(client, there, JET)

        assert (made["CustomerNumber"], made["Name"]) == (5012, "Jet Visser")
        assert isinstance(made["RelationGUID"], int)
        assert len(made["createdOn"]) == len("2026-03-02 09:15:05")
        assert [("create", str(made["RelationGUID"]))] == [
            (each.kind, each.key) for each in there.sandbox.effects.all()
        ]


@pytest.mark.parametrize("number", [0, "", None, "0"])
async def test_no_number(client: ClientSession, number: Any) -> None:
    """Without a number one is generated, and 0 counts as none."""
    async with running(books()) as there:
        first = await add(client, there, JET, CustomerNumber=number)
        second = await add(client, there, PIET, CustomerNumber=number)

        assert 0 < first["CustomerNumber"] < second["CustomerNumber"]


async def test_digits_in_a_string(client: ClientSession) -> None:
    """A number may come as digits in a string, and unused fields as empty strings."""
    async with running(books()) as there:
        made = await add(client, there, JET, CustomerNumber="5012", GroupName="", Address_CountryCode="", IsOther="")

        assert made["CustomerNumber"] == 5012


@pytest.mark.parametrize(
    ("change", "is_new", "number"),
    [
        ({}, False, 5012),
        ({"OnExistingRelationNumber": "CONTINUE"}, False, 5012),
        ({"OnExistingRelationNumber": "CONTINUE", "OnExistingRelationName": "CONTINUE"}, True, 10001),
        ({"OnExistingRelationName": "CONTINUE"}, False, 5012),
        ({"OnExistingRelationName": "CONTINUE", "CustomerNumber": 7000}, True, 7000),
        ({"CustomerNumber": 7000}, False, 5012),
        ({"CustomerNumber": 7000, "OnExistingRelationName": None}, False, 5012),
    ],
)
async def test_existing(client: ClientSession, change: dict[str, Any], is_new: bool, number: int) -> None:
    """ABORT returns the old relation unchanged; CONTINUE makes another, with another number."""
    async with running(books()) as there:
        old = await add(client, there, JET)
        got = await add(client, there, {**JET, "Address_City": "Assen"}, **change)

        assert number == got["CustomerNumber"]
        assert is_new is (got["RelationGUID"] != old["RelationGUID"])
        assert there.sandbox.state()[str(old["RelationGUID"])]["Address_City"] == "Groningen"
        assert there.sandbox.effects.count == 1 + is_new


@pytest.mark.parametrize(
    ("page", "change", "is_new"),
    [
        ("seed", {}, True),
        ("seed", {"OnExistingRelationEmail": "ABORT"}, False),
        ("current", {}, False),
        ("current", {"OnExistingRelationEmail": "CONTINUE"}, True),
    ],
)
async def test_existing_email(client: ClientSession, page: Any, change: dict[str, str], is_new: bool) -> None:
    """Today's page matches by e-mail; the older one only when it is asked to."""
    async with running(books(page=page)) as there:
        await add(client, there, JET)
        contact = {"FirstName": "Other", "LastName": "Name", "Email": "JET@example.org"}
        body = {"CustomerNumber": 7000, "Relation_Contact": [contact], **change}
        got = await add(client, there, body)

        assert is_new is (got["CustomerNumber"] == 7000)


@pytest.mark.parametrize(
    "change",
    [
        {"Relation_Contact": []},
        {"Relation_Contact": [{"FirstName": "Jet"}]},
        {"Relation_Contact": [{"FirstName": "Jet", "LastName": "Visser", "Sex": "female"}]},
        {"Address_CountryCode": "NLD"},
        {"CustomerNumber": "C-1001"},
        {"CustomerNumber": -1},
        {"IsCustomer": "perhaps"},
        {"OnExistingRelationName": "MERGE"},
    ],
)
async def test_rules(client: ClientSession, change: dict[str, Any]) -> None:
    """What breaks a rule is 400 with an errorCode, and nothing is stored."""
    async with running(books()) as there:
        refused = await call(client, there, "POST", "addprivaterelation/", {**JET, **change}, status=400)

        assert {"errorCode", "errorMessage"} == refused.keys()
        assert there.sandbox.state() == {}


async def test_invalid_json(client: ClientSession) -> None:
    """A body that is no JSON is INVALID_JSON."""
    async with running(books()) as there:
        url = there.base_url + "addprivaterelation"
        async with client.post(url, headers=headers(there), data=b"{") as answer:
            assert (answer.status, (await answer.json())["errorCode"]) == (400, "INVALID_JSON")


async def test_both_meanings_of_401(client: ClientSession) -> None:
    """Wrong credentials and a spent quota have one status, told apart by their text only."""
    async with running(Sandbox(Silvasoft(), Limits.of("1/h"))) as there:
        url = there.base_url + "listrelations/"
        async with client.get(url, headers={"ApiKey": "x", "Username": "y"}) as answer:
            wrong = await answer.json()
            assert answer.status == 401
        spent = await call(client, there, "GET", "listrelations/", status=401)

        assert wrong == {"errorCode": "UNAUTHORIZED", "errorMessage": "Invalid authentication credentials"}
        assert spent == {"errorCode": "UNAUTHORIZED", "errorMessage": "Ratelimit exceeded"}
        assert there.sandbox.calls.refused == 1


async def test_business(client: ClientSession) -> None:
    """A business needs a name, and is found again by it."""
    async with running(books()) as there:
        body = {"Name": "Bakkerij Noord", "TaxIdentificationNumber": "123456782B01", "Email": "info@example.org"}
        first = (await call(client, there, "POST", "addbusinessrelation/", body))[0]
        second = (await call(client, there, "POST", "AddBusinessRelation", body))[0]
        by_vat = await call(client, there, "GET", "listrelations/", query={"RelationVAT": "123456782B01"})

        assert first == second == by_vat[0]
        await call(client, there, "POST", "addbusinessrelation/", {"Email": "x@example.org"}, status=400)


async def test_update(client: ClientSession) -> None:
    """Only what is sent changes; the new numbers, names and addresses are what it is found by."""
    async with running(books()) as there:
        guid = (await add(client, there, JET))["RelationGUID"]
        change = {
            "RelationGUID": guid,
            "CustomerNumber": 6000,
            "Address_UnitAppendix": "",
            "IsCustomer": False,
            "Relation_Contact": [{"Phone": "06", "LastName": "Vos"}],
        }
        after = (await call(client, there, "PUT", "updaterelation/", change))[0]

        assert (after["Address_Street"], after["Address_UnitAppendix"], after["IsCustomer"]) == ("Kade", "", False)
        assert (after["Name"], after["Relation_Contact"][0]["Email"]) == ("Jet Vos", "jet@example.org")
        assert await call(client, there, "GET", "listrelations/", query={"RelationNumber": "5012"}) == []
        assert len(await call(client, there, "GET", "listrelations/", query={"RelationNumber": "6000"})) == 1
        assert there.sandbox.effects.all()[-1].kind == "update"


async def test_update_that_does_nothing(client: ClientSession) -> None:
    """An unknown GUID is answered with 200 and an empty object."""
    async with running(books()) as there:
        assert await call(client, there, "PUT", "updaterelation/", {"RelationGUID": 1, "Phone": "06"}) == {}
        assert there.sandbox.effects.count == 0


async def test_update_refused(client: ClientSession) -> None:
    """Another relation's number, no GUID or two contacts are 400."""
    async with running(books()) as there:
        await add(client, there, JET)
        guid = (await add(client, there, PIET))["RelationGUID"]
        for change in (
            {"RelationGUID": guid, "CustomerNumber": 5012},
            {"Phone": "06"},
            {"RelationGUID": guid, "Relation_Contact": [{}, {}]},
        ):
            await call(client, there, "PUT", "updaterelation/", change, status=400)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [5012, 5013]),
        ({"RelationNumber": "5013"}, [5013]),
        ({"RelationName": "visser"}, [5012]),
        ({"RelationEmail": "PIET@example.org"}, [5013]),
        ({"RelationNumber": "5012", "RelationName": "Bos"}, []),
        ({"RelationNumber": "5012", "RelationName": "Bos", "SearchOperand": "OR"}, [5012, 5013]),
        ({"RelationType": "Supplier"}, []),
        ({"relationnumber": "5013"}, [5012, 5013]),
        ({"Limit": "1", "Offset": "1"}, [5013]),
        ({"Sorting": "RelationGUID", "SortDir": "DEC"}, [5013, 5012]),
    ],
)
async def test_list(client: ClientSession, query: dict[str, str], expected: list[int]) -> None:
    """Relations are found by number, name, e-mail and type, page by page; names are case-sensitive."""
    async with running(books()) as there:
        await add(client, there, JET)
        await add(client, there, PIET)
        found = await call(client, there, "GET", "listrelations", query=query)

        assert expected == [each["CustomerNumber"] for each in found]


async def test_empty_answer_as_object(client: ClientSession) -> None:
    """Nothing found can also be an empty object."""
    async with running(books(empty="object")) as there:
        assert await call(client, there, "GET", "listrelations/") == {}


async def test_check(client: ClientSession) -> None:
    """An e-mail can be asked for."""
    async with running(books()) as there:
        await add(client, there, JET)

        assert await call(client, there, "POST", "checkrelation/", {"Email": "jet@example.org"}) == {
            "RelationFound": True
        }


async def test_there_is_no_delete(client: ClientSession) -> None:
    """A wrong address is 404 in HTML, and a delete has no address."""
    async with running(books()) as there:
        url = there.base_url + "deleterelation/"
        async with client.delete(url, headers=headers(there)) as answer:
            assert (answer.status, answer.content_type) == (404, "text/html")


async def test_refusal_on_demand(client: ClientSession) -> None:
    """A fault refuses what holds a text, in the vendor's form."""
    fault = Fault(kind="refuse", contains="Bos", message="no such street")
    async with running(Sandbox(Silvasoft(), faults=[fault])) as there:
        await add(client, there, JET)
        refused = await call(client, there, "POST", "addprivaterelation/", PIET, status=400)

        assert refused["errorMessage"] == "no such street"
