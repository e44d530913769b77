"""What the tests of OutSmart say and hear."""

from collections.abc import Mapping
from typing import Any

from tests.targets.walk import answer, task, walked
from worker.sending.wire import Response
from worker.targets.base import Applied, Known
from worker.targets.outsmart.settings import OutSmartSettings
from worker.targets.outsmart.target import OutSmart

BASE = "https://www.werkbonapp.nl/openapi/8/"
TOKEN = "t0k3n&entity=user"
SOFTWARE = "s0ftware/token"
TOKENS = (("token", TOKEN), ("software_token", SOFTWARE))
# contract.md 5: the options of the example connection.
EXAMPLE: Mapping[str, Any] = {
    "country_format": "name",
    "country_names": {"NL": "Nederland", "BE": "België"},
    "debtor_types": {"customer": "Klant"},
    "free_fields": {"3": "val_value_3", "7": "val_value_7"},
}
ADDRESS = {"street": "Kade", "postal_code": "9711AB", "city": "Groningen"}
NOORD = {"kind": "party", "party_type": "organization", "customer_number": "C-1", "name": "Noord", "address": ADDRESS}
JET = {
    "kind": "party",
    "party_type": "person",
    "customer_number": "C-2",
    "given_name": "Jet",
    "family_name": "Visser",
    "address": ADDRESS,
}
RECORD = {"debtor_number": "C-1", "name": "Noord", "street": "Kade", "postal_code": "9711AB", "city": "Groningen"}


def outsmart(**options: Any) -> OutSmart:
    given = {"target": "outsmart", "token": TOKEN, "software_token": SOFTWARE, **options}
    return OutSmart(OutSmartSettings.model_validate(given))


def event(verb: str, data: Mapping[str, Any], **attributes: Any) -> dict[str, Any]:
    return {"id": "e-1", "type": f"relation.{verb}", "subject": "c-1", **attributes, "data": {"kind": "party", **data}}


def created(**data: Any) -> dict[str, Any]:
    return event("created", {**NOORD, **data})


def patched(**data: Any) -> dict[str, Any]:
    return event("updated", {"party_type": "organization", **data})


def whole(**data: Any) -> dict[str, Any]:
    return event("updated", {**NOORD, "complete": True, **data})


def deleted(**data: Any) -> dict[str, Any]:
    return event("deleted", data)


def said(response: Any = 1, code: int = 200, *messages: str) -> Response:
    return answer({"code": code, "messages": list(messages), "response": response})


def row(**fields: Any) -> Response:
    return said([{**RECORD, **fields}])


def posted(target: OutSmart, given: dict[str, Any], known: Known | str | None = None) -> dict[str, Any]:
    """Return the one record that comes of an event when every question is answered well."""
    walk = walked(target, task(given, known), [said()])
    assert isinstance(walk.end, Applied), walk.end
    (record,) = walk.bodies[0]
    assert isinstance(record, dict)
    return record
