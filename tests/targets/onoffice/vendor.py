"""What the tests of onOffice say and hear."""

from typing import Any

from tests.targets.walk import Walk, answer
from worker.errors import (
    PermanentError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.base import Step
from worker.targets.onoffice.calls import ACTION, look, step
from worker.targets.onoffice.settings import OnOfficeSettings
from worker.targets.onoffice.target import OnOffice
from worker.targets.onoffice.triple import Triple

TOKEN = "1f0c2a7be94d4c5f8a6b3d2e1c0f9a87"
SECRET = "6d1b9c0e4f8a2b7d5e3c1a0f9b8e7d6c5a4f3b2e1d0c9b8a7f6e5d4c3b2a1f0e"
TYPES = {"owner": "estate:address:owner", "buyer": "estate:address:buyer", "appointment": "calendar:address"}
OWNER = "estate:address:owner"
UNKNOWN = UnknownOutcomeError("connection reset")


def onoffice(**options: Any) -> OnOffice:
    given = {"target": "onoffice", "token": TOKEN, "secret": SECRET, "relation_types": TYPES, **options}
    return OnOffice(OnOfficeSettings.model_validate(given))


def link(verb: str, subject: str = "owner-7", **data: Any) -> dict[str, Any]:
    return {"id": "e-1", "type": f"relation.{verb}", "subject": subject, "data": {"kind": "link", **data}}


def owner(verb: str, parent: int = 417, *children: int, **data: Any) -> dict[str, Any]:
    ends = {"parents": records(parent), "children": records(*children or (8102,))}
    return link(verb, **{"relation_type": "owner", **ends, **data})


def meeting(verb: str, **data: Any) -> dict[str, Any]:
    return link(verb, **{"relation_type": "appointment", "parents": records(359), "children": records(281), **data})


def records(*ids: int) -> list[dict[str, int]]:
    return [{"record_id": one} for one in ids]


def result(errorcode: int = 0, message: str = "OK", rows: Any = (), **more: Any) -> dict[str, Any]:
    return {
        "data": {"meta": {"cntabsolute": None}, "records": list(rows)},
        "status": {"errorcode": errorcode, "message": message},
        **more,
    }


def said(*results: dict[str, Any], code: int = 200, errorcode: int = 0) -> Response:
    return answer(
        {"status": {"code": code, "errorcode": errorcode, "message": "OK"}, "response": {"results": list(results)}}
    )


def refused(code: int, message: str = "no") -> Response:
    return said({"data": [], "status": {"errorcode": code, "message": message}})


def tied(anchor: int, *others: int) -> Response:
    """Return a look-up that shows these beside a record."""
    return said(
        result(rows=[{"id": "relatedIds", "type": "", "elements": {str(anchor): [str(one) for one in others]}}])
    )


FINE = said(result())
NOTHING = said(result(rows=[{"id": "relatedIds", "type": "", "elements": []}]))


def actions(walk: Walk) -> list[tuple[str, Any]]:
    """Return what was asked, in order: verb and parameters."""
    return [
        (action["actionid"].removeprefix(ACTION), action["parameters"])
        for body in walk.bodies
        for action in body["request"]["actions"]
    ]


def verbs(walk: Walk) -> list[str]:
    return [verb for verb, _ in actions(walk)]


def buried(walk: Walk) -> str:
    assert isinstance(walk.end, PermanentError), walk.end
    return walk.end.reason


def probe_step() -> Step:
    return step([look("x/1", Triple(OWNER, (417,), (8102,)))], frozenset())
