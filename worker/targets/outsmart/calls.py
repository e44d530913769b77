"""What can be asked of OutSmart, and the request that asks it."""

from collections.abc import Sequence
from dataclasses import field

import orjson

from worker.sending.wire import Request
from worker.targets.base import Step
from worker.targets.mapping import unmappable
from worker.targets.outsmart.field import KEY, Record, is_blank
from worker.targets.outsmart.settings import OutSmartSettings
from worker.value import value

HEADERS = {"Accept": "application/json"}
JSON_HEADERS = {**HEADERS, "Content-Type": "application/json"}

# https://knowledge.out-smart.com/openapi/advanced-filters, read November 2026.
# `delete_all=true` would delete every customer: none of these ever comes from an event.
DELETE = (("delete_all", "false"), ("entity", "relation"), ("key", KEY))
FIND = (("key", KEY),)
FIND_MORE = (("operator", "eq"), ("includeFreefields", "true"))
NOBODY = "relation-worker-probe"


@value
class Post:
    """Create or update one record."""

    record: Record = field(repr=False)


@value
class Find:
    """Read the records of one number."""

    number: str


@value
class Delete:
    """Delete the records of one number."""

    number: str


def post(record: Record, *beside: str) -> Step:
    """Return the step that may share an array with others, but never with one of the same number.

    `beside`: further numbers that the same delivery means.
    """
    return Step(Post(record), batch="relations", keys=_keys(str(record[KEY]), *beside))


def find(number: str, *beside: str) -> Step:
    # What is read may be written next: nobody else may be at the record in between.
    return Step(Find(_filled(number)), keys=_keys(number, *beside))


def delete(number: str) -> Step:
    return Step(Delete(_filled(number)), keys=_keys(number))


def _keys(*numbers: str) -> frozenset[str]:
    # That the vendor compares numbers without case is a guess.
    return frozenset(number.casefold() for number in numbers)


def _filled(number: str) -> str:
    if is_blank(number):
        raise unmappable(f"OutSmart: {KEY} is empty, and an empty value could mean any record.")
    return number


def request(steps: Sequence[Step], settings: OutSmartSettings) -> Request:
    """Return the call of these steps: an array of records, or one question."""
    asked = steps[0].body
    if isinstance(asked, Post):
        records = [step.body.record for step in steps]
        return _request("POST", "relations/", (), settings, orjson.dumps(records))
    if isinstance(asked, Delete):
        return _request("GET", "DeleteEntity/", (*DELETE, ("value", _filled(asked.number))), settings)
    params = (*FIND, ("value", asked.number), *FIND_MORE)
    return _request("GET", "relations/", params, settings)


def _request(
    method: str,
    path: str,
    params: tuple[tuple[str, str], ...],
    settings: OutSmartSettings,
    body: bytes | None = None,
) -> Request:
    token, software = settings.secrets[:2]
    return Request(
        method,
        settings.base_url.rstrip("/") + "/" + path,
        (("token", token), ("software_token", software), *params),
        HEADERS if body is None else JSON_HEADERS,
        body,
        secrets=settings.secrets,
        masked_query=True,
    )
