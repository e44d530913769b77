"""How SuperOffice is asked: one REST call at a time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import orjson

from worker.sending.wire import Request
from worker.targets.base import Step
from worker.targets.superoffice.mapping import Wire, http_date
from worker.targets.superoffice.session import Session
from worker.targets.superoffice.settings import SuperOfficeSettings
from worker.value import value

# https://docs.superoffice.com/en/api/archive-providers/reference/relation.html, read 2026-01
COLUMNS = (
    "relationId,relationDefinitionId,direction,source/contactId,source/personId,"
    "target/contactId,target/personId,relationComment"
)
FILTERED: Mapping[str, str] = {
    "SourceContactId": "source/contactId",
    "DestinationContactId": "target/contactId",
    "RelationDefinitionId": "relationDefinitionId",
}
ROWS = 50

What = Literal["create", "update", "delete", "one", "find", "probe"]


@value
class Call:
    """The body of a step; with `since`, the value of If-Unmodified-Since, 412 has a meaning."""

    what: What
    method: str
    relation: int | None = None
    params: tuple[tuple[str, str], ...] = ()
    body: Any = None
    since: str | None = None


def create(fields: Wire) -> Step:
    """Return a POST, which makes a second relation when it is repeated: the table has no unique index.

    https://docs.superoffice.com/en/database/tables/relations.html, read 2026-01
    """
    return Step(Call("create", "POST", body=fields), repeatable=False)


def update(settings: SuperOfficeSettings, relation: int, fields: Wire, before: Wire, since: datetime | None) -> Step:
    """Return a PATCH; one that tests what was before cannot be repeated blindly."""
    tests = before if settings.test_previous else {}
    body: Any = dict(fields)
    if settings.patch_format == "json_patch":
        body = [
            {"op": op, "path": f"/{name}", "value": value}
            for op, some in (("test", tests), ("replace", fields))
            for name, value in some.items()
        ]
    guard = None if since is None else http_date(since)
    return Step(Call("update", "PATCH", relation, body=body, since=guard), repeatable=not (tests or since))


def delete(relation: int) -> Step:
    return Step(Call("delete", "DELETE", relation))


def one(relation: int) -> Step:
    return Step(Call("one", "GET", relation))


def find(sought: Wire) -> Step:
    """Return the search for links between these ends; persons cannot be filtered."""
    wanted = " and ".join(f"{column} eq {int(sought[name])}" for name, column in FILTERED.items())
    return Step(Call("find", "GET", params=(("$select", COLUMNS), ("$filter", wanted), ("$top", str(ROWS)))))


def probe() -> Step:
    """Return the search for the first relation there is."""
    return Step(Call("probe", "GET", params=(("$select", "relationId"), ("$top", "1"))))


def request(session: Session, call: Call) -> Request:
    """Return the request that says this in the current session."""
    manner = session.manner
    body = None if call.body is None else orjson.dumps(call.body)
    headers = manner.headers if body is None else manner.body_headers
    if call.since is not None:
        headers = {**headers, "If-Unmodified-Since": call.since}
    url = session.url if call.relation is None else f"{session.url}/{call.relation}"
    return Request(call.method, url, call.params, headers, body, manner.secrets)
