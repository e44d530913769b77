"""What the tests of Silvasoft say and hear."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.targets.walk import answer
from worker.sending.wire import Response
from worker.targets.silvasoft.calls import by_id, change, create
from worker.targets.silvasoft.settings import SilvasoftSettings
from worker.targets.silvasoft.target import Silvasoft

BASE = "https://rest-api.silvasoft.nl/rest/"
KEY = "s1lv4s0ft-key"
HEADERS = {"ApiKey": KEY, "Username": "it@acme.example", "Content-Type": "application/json"}
JET = {"kind": "party", "party_type": "person", "customer_number": "5012", "given_name": "Jet", "family_name": "Visser"}
NOORD = {"kind": "party", "party_type": "organization", "customer_number": "7001", "name": "Noord"}
SHOWN = {"RelationGUID": 120034, "Name": "Jet Visser", "CustomerNumber": 5012, "createdOn": "2026-03-02 09:15:05"}
POLICIES = {"OnExistingRelationNumber": "ABORT", "OnExistingRelationName": "ABORT"}
NEW_PERSON = {
    **POLICIES,
    "CustomerNumber": 5012,
    "IsCustomer": True,
    "IsOther": False,
    "Relation_Contact": [{"FirstName": "Jet", "LastName": "Visser"}],
}
ADDRESS = {
    "street": "Kade",
    "house_number": "7",
    "house_number_suffix": "a",
    "postal_code": "9711AB",
    "city": "Groningen",
    "country_code": "NL",
}
BOS = {"given_name": "An", "family_name": "Bos", "email": "an@b.example", "telephone": "1", "sex": "male", "note": "n"}


def silvasoft(**options: Any) -> Silvasoft:
    given = {"target": "silvasoft", "api_key": KEY, "username": "it@acme.example", **options}
    return Silvasoft(SilvasoftSettings.model_validate(given))


def event(verb: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": "e-1", "type": f"relation.{verb}", "subject": "cust-1", "data": {"kind": "party", **data}}


def person(**data: Any) -> dict[str, Any]:
    return event("created", {**JET, **data})


def organization(**data: Any) -> dict[str, Any]:
    return event("created", {**NOORD, **data})


def patched(kind: str = "person", **data: Any) -> dict[str, Any]:
    return event("updated", {"party_type": kind, **data})


def deleted(**data: Any) -> dict[str, Any]:
    return event("deleted", data)


def unnumbered(**data: Any) -> dict[str, Any]:
    return event("created", {**{name: JET[name] for name in JET if name != "customer_number"}, **data})


def shown(**fields: Any) -> Response:
    return answer([{**SHOWN, **fields}])


def at(response: Response, moment: datetime) -> Response:
    """Return the answer as one that came at this moment."""
    return Response(response.status, response.headers, response.body, response.seconds, moment)


def refused(code: str, message: str, status: int = 400) -> Response:
    return answer({"errorCode": code, "errorMessage": message}, status)


STEPS = {"create": create(NEW_PERSON, person=True), "change": change("7", {}), "find": by_id("7")}
