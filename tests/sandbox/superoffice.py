"""A SuperOffice tenant that is entered by ticket, and calls to it."""

from typing import Any

from aiohttp import ClientSession

from worker.sandbox.sandbox import Sandbox
from worker.sandbox.server import Running
from worker.sandbox.superoffice import SuperOffice, SuperOfficeOptions

HOLDING = {
    "SourceContactId": 12,
    "SourcePersonId": 452,
    "DestinationContactId": 34,
    "RelationDefinitionId": 5,
    "Comment": "holding of",
    "Reversed": 0,
}


def tenant(**options: Any) -> Sandbox:
    """Return a tenant whose settings offer a ticket, unless the options say otherwise."""
    return Sandbox(SuperOffice(SuperOfficeOptions(**{"auth": "ticket", **options})))


def ticket(there: Running) -> dict[str, str]:
    """Return the headers that let a caller in."""
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
