"""What the tests of SuperOffice say and hear."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.targets.walk import NOW, Answer, Walk, answer, task, walked
from worker.errors import (
    PermanentError,
    TargetError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.base import Known
from worker.targets.superoffice.settings import SuperOfficeSettings
from worker.targets.superoffice.target import SuperOffice

APPLICATION = rsa.generate_private_key(65537, 2048)
VENDOR = rsa.generate_private_key(65537, 2048)
PEM = APPLICATION.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
VENDOR_PEM = VENDOR.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
CLAIM = "http://schemes.superoffice.net/identity/"
TYPES = {"holding": 5, "partner": 7}
UNKNOWN = UnknownOutcomeError("connection reset")
SECRETS = ("app-token", "Worker-system.user", "7T:ticket")
HOME = "https://online3.superoffice.com/Cust12345"


def superoffice(**options: Any) -> SuperOffice:
    """Return a target that has a ticket; it still asks where the tenant is."""
    return SuperOffice(settings(auth="ticket", ticket="7T:ticket", app_token="app-token", **options))


def settings(**options: Any) -> SuperOfficeSettings:
    given = {"target": "superoffice", "customer_id": "Cust12345", "relation_types": TYPES, **options}
    return SuperOfficeSettings.model_validate(given)


def system_user(**options: Any) -> SuperOffice:
    return SuperOffice(
        settings(app_token="app-token", system_user_token="Worker-system.user", private_key=PEM, **options)
    )


def tenant(state: Any = "Running", endpoint: Any = HOME, *, running: Any = True, minutes: float = 10) -> Response:
    until = NOW + timedelta(minutes=minutes)
    return answer(
        {
            "ContextIdentifier": "Cust12345",
            "Endpoint": endpoint,
            "State": state,
            "IsRunning": running,
            "ValidUntil": f"{until:%Y-%m-%dT%H:%M:%S}.9342965Z",
            "Api": f"{endpoint}/api",
        }
    )


def token(ticket: str = "7T:fresh", key: Any = VENDOR, **claims: Any) -> Response:
    said = {"iss": "SuperOffice AS", "aud": "spn:1", f"{CLAIM}ticket": ticket, f"{CLAIM}ctx": "Cust12345", **claims}
    return answer({"IsSuccessful": True, "Token": jwt.encode(said, key, algorithm="RS256"), "ErrorMessage": ""})


def link(verb: str, **data: Any) -> dict[str, Any]:
    return {"id": "e-1", "type": f"relation.{verb}", "subject": "s", "data": {"kind": "link", **data}}


def partner(verb: str, **data: Any) -> dict[str, Any]:
    ends = {"parents": [{"record_id": 12}], "children": [{"record_id": 56}]}
    return link(verb, **{"relation_type": "partner", **ends, **data})


def entity(relation: int = 78, **fields: Any) -> Response:
    shown = {
        "SourceContactId": 12,
        "SourcePersonId": 0,
        "DestinationContactId": 56,
        "DestinationPersonId": 0,
        "RelationId": relation,
        "Comment": "",
        "RelationDefinitionId": 7,
        "Reversed": 0,
    }
    return answer({**shown, **fields})


def rows(*relations: int) -> Response:
    return answer(
        {
            "odata.metadata": "...",
            "value": [{"PrimaryKey": one, "EntityName": "relation", "relationId": one} for one in relations],
        }
    )


def refused(status: int, kind: str = "SoException", message: str = "no", **headers: str) -> Response:
    return answer({"Error": True, "ErrorType": kind, "ErrorMessage": message, "ErrorSource": ""}, status, **headers)


GONE = answer(b"", 204)
FILTER = "source/contactId eq 12 and target/contactId eq 56 and relationDefinitionId eq 7"


def went(
    event: dict[str, Any],
    answers: Sequence[Answer],
    known: Known | str | None = None,
    *,
    owned: Sequence[str] = (),
    in_doubt: bool = False,
    **options: Any,
) -> Walk:
    """Walk at a target that asks for its tenant once, first."""
    walk = walked(
        superoffice(**options),
        task(event, known, in_doubt=in_doubt),
        [tenant(), *answers] if answers else [],
        owned=owned,
    )
    del walk.requests[:1]
    return walk


def called(walk: Walk) -> list[str]:
    """Return what was called: method and what stands behind the resource."""
    return [f"{one.method} {one.url.partition('/api/v1/')[2] or one.url}" for one in walk.requests]


def json_bytes(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer of more than 64 bits
        return b"[]"


def only_ours(call: Callable[[], Any]) -> bool:
    """Say whether a call ends well, or with an error of ours that holds no secret."""
    try:
        call()
    except TargetError as error:
        return not any(secret in str(error) for secret in SECRETS)
    except StopIteration:
        return True
    return True


def buried(walk: Walk) -> str:
    assert isinstance(walk.end, PermanentError), walk.end
    return walk.end.reason
