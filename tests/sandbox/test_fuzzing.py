import time
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, MultiDict

from worker.sandbox.clock import Clock
from worker.sandbox.effects import EffectLog
from worker.sandbox.exchange import Asked, Vendor
from worker.sandbox.onoffice import OnOffice
from worker.sandbox.outsmart import OutSmart
from worker.sandbox.silvasoft import Silvasoft
from worker.sandbox.superoffice import SuperOffice, SuperOfficeOptions

NAMES = st.sampled_from(
    """token request actions actionid resourcetype parameters hmac timestamp parentid childid relationtype relationinfo
    debtor_number name street postal_code city active latitude discount_sales FreeFields op path value Comment
    SourceContactId DestinationContactId RelationGUID CustomerNumber Relation_Contact FirstName LastName Email Sex
    OnExistingRelationName Address_CountryCode IsCustomer""".split()  # noqa: SIM905 -- a list of words reads best
)
PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8)
WORDS = st.sampled_from(["5", "0", "ABORT", "Man", "NL", "test", "/Comment", "x" * 300])
JSON = st.recursive(
    PLAIN | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=8), max_leaves=20
)
# The machine may be busy: no promise here is about time.
UNTIMED = settings(deadline=None)


def asked(vendor: Vendor, method: str, path: str, body: bytes, **query: str) -> Asked:
    """Ask with good credentials for all four at once, so that the body is looked at."""
    settings = vendor.settings("http://localhost")
    headers = {
        "ApiKey": settings.get("api_key", ""),
        "Username": settings.get("username", ""),
        "Authorization": f"SOTicket {settings.get('ticket', '')}",
        "SO-AppToken": settings.get("app_token", ""),
    }
    tokens = {name: settings.get(name, "") for name in ("token", "software_token")}
    now = time.time()
    return Asked(1, method, path, MultiDict({**tokens, **query}), CIMultiDict(headers), body, now, now)


def signed_by(vendor: OnOffice, name: str, parameters: Any) -> bytes:
    """Skip the signature, which is tested elsewhere, by making the vendor blind to it."""
    vendor._check_signature = lambda *_: None  # type: ignore[method-assign]  # the parameters are what is fuzzed
    action = {
        "actionid": f"urn:onoffice-de-ns:smart:2.5:smartml:action:{name}",
        "resourcetype": "relation",
        "parameters": parameters,
    }
    return orjson.dumps({"token": vendor.token, "request": {"actions": [action, parameters]}})


@UNTIMED
@given(content=JSON)
def test_onoffice_takes_anything(content: Any) -> None:
    """Whatever an action holds, it is answered with HTTP 200 and a code."""
    for name in ("create", "modify", "delete", "get"):
        vendor = OnOffice()
        call = asked(vendor, "POST", "/api/stable/api.php", signed_by(vendor, name, content))
        answer = vendor.answer(call, EffectLog(Clock()))

        assert answer.status == 200
        assert len(orjson.loads(answer.body)["response"]["results"]) == 2


@UNTIMED
@given(content=JSON, raw=st.binary(max_size=20))
@pytest.mark.parametrize(
    ("vendor", "method", "path"),
    [
        (OnOffice(), "POST", "/api/stable/api.php"),
        (OutSmart(), "POST", "/openapi/8/relations/"),
        (Silvasoft(), "POST", "/rest/addprivaterelation/"),
        (Silvasoft(), "POST", "/rest/addbusinessrelation/"),
        (Silvasoft(), "PUT", "/rest/updaterelation/"),
        (SuperOffice(SuperOfficeOptions(auth="ticket")), "POST", "/Cust12345/api/v1/Relation"),
        (SuperOffice(SuperOfficeOptions(auth="ticket")), "PATCH", "/Cust12345/api/v1/Relation/77"),
        (SuperOffice(SuperOfficeOptions(auth="ticket")), "POST", "/Login/api/PartnerSystemUser/Authenticate"),
        (SuperOffice(SuperOfficeOptions(auth="ticket")), "POST", "/login/common/oauth/tokens"),
    ],
)
def test_bodies(vendor: Vendor, method: str, path: str, content: Any, raw: bytes) -> None:
    """Whatever a body holds, it is answered in the vendor's own way."""
    good = {"SourceContactId": 1, "DestinationContactId": 2}
    effects = EffectLog(Clock())
    vendor.answer(asked(vendor, "POST", "/Cust12345/api/v1/Relation", orjson.dumps(good)), effects)
    for body in (orjson.dumps(content), raw):
        answer = vendor.answer(asked(vendor, method, path, body), effects)

        assert answer.status in {200, 400, 404, 409, 500}
        assert orjson.loads(answer.body) is not None


@UNTIMED
@given(
    key=st.sampled_from(["name", "active", "latitude", "modified_at"]) | st.text(max_size=5),
    value=st.text(max_size=9),
    operator=st.sampled_from(["li", "eq", "gt", "le"]) | st.text(max_size=3),
)
def test_outsmart_filters(key: str, value: str, operator: str) -> None:
    """Whatever a filter says, it is answered."""
    vendor, effects = OutSmart(), EffectLog(Clock())
    record = {"debtor_number": "1", "name": "A", "street": "B", "postal_code": "C", "city": "D"}
    vendor.answer(asked(vendor, "POST", "/openapi/8/relations", orjson.dumps(record)), effects)
    call = asked(vendor, "GET", "/openapi/8/relations", b"", key=key, value=value, operator=operator)

    assert orjson.loads(vendor.answer(call, effects).body)["code"] in {200, 1300}


@UNTIMED
@given(text=st.text(max_size=40), top=st.text(max_size=4))
def test_superoffice_filters(text: str, top: str) -> None:
    """Whatever a query says, it is answered."""
    vendor = SuperOffice(SuperOfficeOptions(auth="ticket"))
    call = asked(vendor, "GET", "/Cust12345/api/v1/Relation", b"", **{"$filter": text, "$top": top, "$orderby": text})

    assert vendor.answer(call, EffectLog(Clock())).status in {200, 400}
