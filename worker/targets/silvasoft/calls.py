"""What can be asked of Silvasoft, and the request that asks it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from worker.sending.wire import Request
from worker.targets.base import Step
from worker.targets.silvasoft.field import GUID, Body, is_repeatable
from worker.targets.silvasoft.settings import SilvasoftSettings

PERSONS, ORGANIZATIONS = "addprivaterelation/", "addbusinessrelation/"
UPDATES, LIST = "updaterelation/", "listrelations/"


@dataclass(frozen=True, slots=True)
class Create:
    """Make one relation."""

    path: str
    body: Body = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """Change one relation, which the body names by its id."""

    body: Body = field(repr=False)


@dataclass(frozen=True, slots=True)
class Search:
    """List the relations of which one value is known."""

    key: str
    value: str = field(repr=False)


def create(body: Body, *, person: bool) -> Step:
    return Step(Create(PERSONS if person else ORGANIZATIONS, body), repeatable=is_repeatable(body))


def change(guid: str, body: Body) -> Step:
    return Step(Change({GUID: int(guid), **body}))


def by_id(guid: str) -> Step:
    return Step(Search(GUID, guid))


def by_number(number: str) -> Step:
    return Step(Search("RelationNumber", number))


def by_email(email: str) -> Step:
    return Step(Search("RelationEmail", email))


def probe() -> Step:
    return Step(Search("Limit", "1"))


def request(steps: Sequence[Step], settings: SilvasoftSettings) -> Request:
    """Return the call of the one step."""
    (step,) = steps
    asked = step.body
    if isinstance(asked, Create):
        return _request("POST", asked.path, settings, asked.body)
    if isinstance(asked, Change):
        return _request("PUT", UPDATES, settings, asked.body)
    return _request("GET", LIST, settings, params=((asked.key, asked.value),))


def _request(
    method: str,
    path: str,
    settings: SilvasoftSettings,
    body: Body | None = None,
    params: tuple[tuple[str, str], ...] = (),
) -> Request:
    key = settings.api_key.get_secret_value()
    # https://developers.silvasoft.nl/documentation/authentication/, read November 2026: on every request.
    headers = {"ApiKey": key, "Username": settings.username, "Content-Type": "application/json"}
    return Request(
        method,
        settings.base_url.rstrip("/") + "/" + path,
        params,
        headers,
        None if body is None else orjson.dumps(body),
        secrets=(key,),
    )
