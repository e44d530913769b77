"""Relations one by one: made, patched, read, replaced and deleted."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.sandbox.superoffice import HOLDING, call, tenant, ticket
from worker.sandbox.server import running
from worker.sandbox.superoffice_relations import Tenant


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
