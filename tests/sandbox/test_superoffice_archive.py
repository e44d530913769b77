"""The archive, where relations are found by filter and read by the page."""

import pytest
from aiohttp import ClientSession

from tests.sandbox.superoffice import HOLDING, call, tenant, ticket
from worker.sandbox.server import running


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
