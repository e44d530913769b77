from typing import Any

import pytest
from aiohttp import ClientSession

from worker.sandbox.faults import Fault
from worker.sandbox.outsmart import OutSmart, OutSmartOptions
from worker.sandbox.sandbox import Sandbox
from worker.sandbox.server import Running, running

BAKERY = {
    "debtor_number": "C-1001",
    "name": "Bakkerij Noord",
    "street": "Kade",
    "house_number": "7",
    "postal_code": "9711AB",
    "city": "Groningen",
}
SECOND = {**BAKERY, "debtor_number": "C-1002", "name": "Jet Visser", "email": "jet@example.org", "city": "Amsterdam"}


def account(**options: Any) -> Sandbox:
    return Sandbox(OutSmart(OutSmartOptions(**options)))


def tokens(there: Running) -> dict[str, str]:
    return {name: there.settings[name] for name in ("token", "software_token")}


async def post(client: ClientSession, there: Running, records: Any, path: str = "relations/") -> Any:
    async with client.post(there.base_url + path, params=tokens(there), json=records) as answer:
        assert answer.status == 200
        return await answer.json()


async def get(client: ClientSession, there: Running, path: str, *query: tuple[str, str]) -> Any:
    async with client.get(there.base_url + path, params=[*tokens(there).items(), *query]) as answer:
        assert answer.status == 200
        return await answer.json()


async def test_upsert(client: ClientSession) -> None:
    """The same call creates and updates, and answers with the number of records."""
    async with running(account()) as there:
        assert await post(client, there, [BAKERY, SECOND]) == {"code": 200, "messages": [], "response": 2}
        assert (await post(client, there, [{**BAKERY, "house_number": "9"}]))["response"] == 1
        assert [(each.kind, each.key) for each in there.sandbox.effects.all()] == [
            ("create", "C-1001"),
            ("create", "C-1002"),
            ("update", "C-1001"),
        ]
        assert there.sandbox.effects.of("C-1001")[-1].changed == ("house_number",)
        assert there.sandbox.state()["C-1001"]["house_number"] == "9"


@pytest.mark.parametrize(("omitted", "expected"), [("keep", "Let op: hond"), ("blank", "")])
async def test_omitted_fields(client: ClientSession, omitted: str, expected: str) -> None:
    """What an update leaves out is kept or blanked, as chosen."""
    async with running(account(omitted=omitted)) as there:
        await post(client, there, [{**BAKERY, "remark": "Let op: hond"}])
        await post(client, there, [BAKERY])

        assert expected == there.sandbox.state()["C-1001"]["remark"]


@pytest.mark.parametrize("missing", ["debtor_number", "name", "street", "postal_code", "city"])
async def test_one_bad_record_refuses_the_array(client: ClientSession, missing: str) -> None:
    """A missing required field is 1301, named in the message, and nothing of the array is stored."""
    async with running(account()) as there:
        answer = await post(client, there, [BAKERY, {**SECOND, missing: ""}])

        assert (answer["code"], answer["response"]) == (1301, None)
        assert missing in answer["messages"][0]
        assert there.sandbox.state() == {}


async def test_records_before_the_bad_one(client: ClientSession) -> None:
    """With `store_good` those before the bad record are stored all the same."""
    async with running(account(store_good=True)) as there:
        assert (await post(client, there, [BAKERY, {"name": "x"}]))["code"] == 1301
        assert list(there.sandbox.state()) == ["C-1001"]


@pytest.mark.parametrize(
    "bad", [{"email": "x" * 256}, {"active": 2}, {"latitude": "north"}, {"contact": ["x"]}, {"FreeFields": 3}]
)
async def test_values_that_do_not_fit(client: ClientSession, bad: dict[str, Any]) -> None:
    """A value that its column can not hold is 1300."""
    async with running(account()) as there:
        assert (await post(client, there, [{**BAKERY, **bad}]))["code"] == 1300


async def test_what_real_clients_send(client: ClientSession) -> None:
    """One object instead of an array, no trailing slash and the other case are taken."""
    async with running(account()) as there:
        assert (await post(client, there, BAKERY, "relations"))["response"] == 1
        for path in ("DeleteEntity", "deleteentity/"):
            query = [("delete_all", "false"), ("entity", "relation"), ("key", "debtor_number"), ("value", "C-1001")]
            assert (await get(client, there, path, *query))["code"] == 200
        assert (await post(client, there, [BAKERY], "../7/relations/"))["response"] == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, 1002),
        ({"token": "x"}, 1003),
        ({"token": "x", "software_token": "y"}, 1004),
        ({"token": "right", "software_token": "y"}, 1005),
    ],
)
async def test_tokens(client: ClientSession, query: dict[str, str], expected: int) -> None:
    """Both tokens are asked for in the query, and HTTP 200 carries the refusal."""
    async with running(account()) as there:
        given = {name: tokens(there)[name] if value == "right" else value for name, value in query.items()}
        async with client.get(there.base_url + "relations/", params=given) as answer:
            assert (200, expected) == (answer.status, (await answer.json())["code"])


async def test_plain_http(client: ClientSession) -> None:
    """The vendor's demand for https can be switched on."""
    async with running(account(require_https=True)) as there:
        assert (await get(client, there, "relations/"))["code"] == 1006


@pytest.mark.parametrize(("path", "expected"), [("", 1000), ("projects/", 1001)])
async def test_unknown_endpoints(client: ClientSession, path: str, expected: int) -> None:
    """No endpoint and an unknown one have their codes."""
    async with running(account()) as there:
        assert expected == (await get(client, there, path))["code"]


@pytest.mark.parametrize(("body", "expected"), [(b"", 1008), (b"{", 1009), (b"3", 1009)])
async def test_broken_bodies(client: ClientSession, body: bytes, expected: int) -> None:
    """No body and an unreadable one have their codes."""
    async with running(account()) as there:
        url = there.base_url + "relations/"
        async with client.post(url, params=tokens(there), data=body) as answer:
            assert expected == (await answer.json())["code"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([], ["C-1001", "C-1002"]),
        ([("key", "debtor_number"), ("value", "C-1001"), ("operator", "eq")], ["C-1001"]),
        (
            [
                ("key[]", "zip"),
                ("value[]", "9711AB"),
                ("operator[]", "eq"),
                ("key[]", "active"),
                ("value[]", "1"),
                ("operator[]", "eq"),
            ],
            ["C-1001", "C-1002"],
        ),
        (
            [
                ("key[0]", "zip"),
                ("value[0]", "9711AB"),
                ("operator[0]", "eq"),
                ("key[1]", "city"),
                ("value[1]", "Groningen"),
                ("operator[1]", "ne"),
            ],
            ["C-1002"],
        ),
        ([("key", "name"), ("value", "kkerij"), ("operator", "li")], ["C-1001"]),
        ([("key", "name"), ("value", "Jet%"), ("operator", "li")], ["C-1002"]),
        ([("key", "debtor_number"), ("value", "C-1001"), ("operator", "gt")], ["C-1002"]),
        ([("key", "debtor_number"), ("value", "C-9"), ("operator", "eq")], []),
        ([("key", "modified_at"), ("value", "2022-01-01 00:00:00"), ("operator", "ge")], ["C-1001", "C-1002"]),
    ],
)
async def test_filters(client: ClientSession, query: list[tuple[str, str]], expected: list[str]) -> None:
    """All three spellings work, joined with AND, under the filters' own names."""
    async with running(account()) as there:
        await post(client, there, [BAKERY, SECOND])
        found = await get(client, there, "relations/", *query)

        assert expected == [record["debtor_number"] for record in found["response"]]


@pytest.mark.parametrize(
    "query",
    [
        [("key", "postal_code"), ("value", "1"), ("operator", "eq")],
        [("key", "zip"), ("value", "1"), ("operator", "like")],
        [("key", "zip")],
    ],
)
async def test_filters_that_are_none(client: ClientSession, query: list[tuple[str, str]]) -> None:
    """A record's name where the filter has another, or an unknown operator, is refused."""
    async with running(account()) as there:
        assert (await get(client, there, "relations/", *query))["code"] == 1300


async def test_free_fields(client: ClientSession) -> None:
    """Declared free fields are kept, merged, and shown on request only."""
    async with running(account()) as there:
        await post(client, there, [{**BAKERY, "FreeFields": {"val_value_3": "A", "val_value_99": "B"}}])
        await post(client, there, [{**BAKERY, "FreeFields": {"val_value_4": "C"}}])
        plain = await get(client, there, "relations/")
        full = await get(client, there, "relations/", ("includeFreefields", "true"))

        assert "FreeFields" not in plain["response"][0]
        assert full["response"][0]["FreeFields"] == {"val_value_3": "A", "val_value_4": "C"}


@pytest.mark.parametrize(
    ("query", "code", "response", "left"),
    [
        ({"delete_all": "false", "key": "debtor_number", "value": "C-1001"}, 200, 1, ["C-1002"]),
        ({"delete_all": "false", "key": "debtor_number", "value": "C-9"}, 200, 0, ["C-1001", "C-1002"]),
        ({"delete_all": "false", "key": "name", "value": "Jet Visser"}, 200, 1, ["C-1001"]),
        ({"delete_all": "false", "key": "db_row", "value": "2"}, 200, 1, ["C-1001"]),
        ({"delete_all": "false", "key": "email", "value": "x"}, 1600, None, ["C-1001", "C-1002"]),
        ({"delete_all": "false", "key": "debtor_number", "value": ""}, 1600, None, ["C-1001", "C-1002"]),
        (
            {"delete_all": "false", "key": "debtor_number", "value": "C-1001", "entity": "user"},
            1600,
            None,
            ["C-1001", "C-1002"],
        ),
        ({"delete_all": "true"}, 200, 2, []),
    ],
)
async def test_delete(
    client: ClientSession, query: dict[str, str], code: int, response: int | None, left: list[str]
) -> None:
    """A GET deletes; with delete_all=true it deletes every customer, which a client must never send."""
    async with running(account()) as there:
        await post(client, there, [BAKERY, SECOND])
        answer = await get(client, there, "DeleteEntity/", *{"entity": "relation", **query}.items())

        assert (code, response) == (answer["code"], answer["response"])
        assert left == list(there.sandbox.state())


async def test_delete_of_nothing_as_an_error(client: ClientSession) -> None:
    """A delete without a hit can be chosen to be an error."""
    async with running(account(missing_delete=1600)) as there:
        query = [("delete_all", "false"), ("entity", "relation"), ("key", "debtor_number"), ("value", "C-9")]

        assert (await get(client, there, "DeleteEntity/", *query))["code"] == 1600


async def test_refusal_on_demand(client: ClientSession) -> None:
    """A fault refuses the array that holds a text with the vendor's own code, HTTP 200."""
    fault = Fault(kind="refuse", contains="C-1002", code=1300, message="insert failed")
    async with running(Sandbox(OutSmart(), faults=[fault])) as there:
        refused = {"code": 1300, "messages": ["insert failed"], "response": None}

        assert refused == await post(client, there, [BAKERY, SECOND])
        assert (await post(client, there, [BAKERY]))["response"] == 1
