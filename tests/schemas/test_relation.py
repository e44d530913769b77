from typing import Any

import pytest

from schemas.link import Link
from schemas.party import Party
from schemas.relation import MODELS, Operation, data_model
from tests.schemas.examples import FULL_LINK, FULL_PARTY, LINK, ORGANIZATION, PERSON, accepted, refusal

ALL_LINK = {**FULL_LINK, "remote_id": "77", "previous": {"children": [{"record_id": 1}]}}
ALL_PARTY = {**FULL_PARTY, "remote_id": "120034", "complete": True}


@pytest.mark.parametrize("data", [LINK, FULL_LINK, PERSON, ORGANIZATION, FULL_PARTY])
def test_created(data: dict[str, Any]) -> None:
    """A created event is the whole record, from the least to all there is."""
    assert refusal("create", data) == ""


@pytest.mark.parametrize("data", [ALL_LINK, ALL_PARTY, {"kind": "link"}, {**PERSON, "given_name": "Jet"}])
def test_updated(data: dict[str, Any]) -> None:
    """An updated event names what changed, from nothing to all there is."""
    assert refusal("update", data) == ""


def test_every_field_is_exercised() -> None:
    """The examples name each field that there is."""
    assert set(ALL_LINK) == set(Link.model_fields)
    assert set(ALL_PARTY) == set(Party.model_fields)


@pytest.mark.parametrize(
    ("operation", "data", "expected"),
    [
        ("create", {**LINK, "remote_id": "77"}, "data.remote_id: is not allowed in relation.created"),
        ("create", {**LINK, "previous": {}}, "data.previous: is not allowed in relation.created"),
        ("delete", {**LINK, "previous": {}}, "data.previous: is not allowed in relation.deleted"),
        ("create", {**PERSON, "remote_id": "7"}, "data.remote_id: is not allowed in relation.created"),
        ("create", {**PERSON, "complete": True}, "data.complete: is not allowed in relation.created"),
        ("delete", {**PERSON, "complete": False}, "data.complete: is not allowed in relation.deleted"),
        ("create", {**LINK, "relation_type": ""}, "data.relation_type: is required in relation.created"),
        ("create", {"kind": "party"}, "data.party_type: is required in relation.created"),
        ("update", {"kind": "party"}, "data.party_type: is required in relation.updated"),
        ("create", {**ORGANIZATION, "name": None}, "data.name: is required when organization is created"),
        ("create", {**PERSON, "family_name": ""}, "data.family_name: is required when person is created"),
    ],
)
def test_required_and_refused(operation: Operation, data: dict[str, Any], expected: str) -> None:
    """What an operation asks for must be there, what it refuses must not."""
    assert refusal(operation, data) == expected


@pytest.mark.parametrize("name", ["relation_type", "parents", "children"])
def test_created_link_is_whole(name: str) -> None:
    """A created link names its type and both ends."""
    data = {key: value for key, value in LINK.items() if key != name}

    assert refusal("create", data) == f"data.{name}: is required in relation.created"


@pytest.mark.parametrize(("kind", "operation"), list(MODELS))
def test_unknown_field(kind: str, operation: Operation) -> None:
    """A field that is none of ours is refused by name, unless told to ignore it."""
    least = LINK if kind == "link" else ORGANIZATION
    data = {**least, "coment": "x"}

    assert refusal(operation, data) == "data.coment: is no field of ours"
    assert "coment" not in data_model(kind, operation).model_validate(data, extra="ignore").model_fields_set


def test_unread_fields_of_deletions() -> None:
    """A deletion takes whatever stands in fields that it does not use, and leaves it out."""
    link = accepted("delete", {**LINK, "comment": 7, "direction": "up", "native": []})
    party = accepted("delete", {**FULL_PARTY, "email": "none", "address": "Kade 7"})

    assert link.model_fields_set == {"kind", "relation_type", "parents", "children"}
    assert party.model_fields_set == {"kind", "party_type", "customer_number"}


@pytest.mark.parametrize("given", ["alien", 7, ["person"], {}])
def test_deletion_of_a_party_of_no_known_type(given: object) -> None:
    """A deletion hangs on no type: one that is none of ours is left out."""
    assert accepted("delete", {"kind": "party", "party_type": given}).model_fields_set == {"kind"}


@pytest.mark.parametrize("kind", ["link", "party"])
def test_least_deletion(kind: str) -> None:
    """A deletion needs nothing but its kind."""
    assert refusal("delete", {"kind": kind}) == ""


@pytest.mark.parametrize("name", sorted(set(Party.model_fields) - {*Party.without_null, "kind"}))
def test_patch_clears(name: str) -> None:
    """A patch tells null from absent where a field can be cleared."""
    names: dict[str, Any] = {"given_name": None, "family_name": None} if "name" in name or "prefix" in name else {}
    data = accepted("update", {"kind": "party", "party_type": "person", **names, name: None})

    assert name in data.model_fields_set
    assert getattr(data, name) is None


@pytest.mark.parametrize("blank", [None, ""])
@pytest.mark.parametrize(
    ("least", "name"),
    [
        *((PERSON, name) for name in Party.without_null),
        *((LINK, name) for name in Link.without_null),
    ],
)
def test_patch_cannot_clear(least: dict[str, Any], name: str, blank: object) -> None:
    """A patch cannot clear what has no empty state; blank counts as null."""
    assert refusal("update", {**least, name: blank}) == f"data.{name}: cannot be null"


def test_created_knows_no_null() -> None:
    """In a created event null says the same as absent, blank too."""
    nothing = {name: None for name in Party.model_fields if name not in PERSON}
    data = accepted("create", {**PERSON, **nothing, "note": ""})

    assert data.model_fields_set == set(PERSON)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"parents": []}, "data.parents: must hold at least 1"),
        ({"parents": [{"record_id": n} for n in range(1, 502)]}, "data.parents: must hold at most 500"),
        ({"parents": [{"record_id": 1}, {"record_id": 1}]}, "data.parents: names a record twice"),
        ({"children": [{"record_id": 1}, {"record_id": 1, "person_id": 2}]}, "data.children: names a record twice"),
        (
            {"parents": [{"record_id": 1}, {"record_id": 2}], "children": [{"record_id": 1}, {"record_id": 2}]},
            "data: only one of parents and children may hold several records (n:n is refused)",
        ),
        (
            {
                "previous": {
                    "parents": [{"record_id": 1}, {"record_id": 2}],
                    "children": [{"record_id": 1}, {"record_id": 2}],
                }
            },
            "data.previous: only one of parents and children may hold several records (n:n is refused)",
        ),
        ({"parents": [{"record_id": 2**31}]}, "data.parents.0.record_id: must be at most 2147483647"),
        ({"parents": [{"record_id": 0}]}, "data.parents.0.record_id: must be at least 1"),
        ({"parents": [{"record_id": "417"}]}, "data.parents.0.record_id: must be a whole number"),
        ({"parents": [{"record_id": 1.0}]}, "data.parents.0.record_id: must be a whole number"),
        ({"parents": [{"record_id": True}]}, "data.parents.0.record_id: must be a whole number"),
        ({"parents": [{"record_id": 1e20}]}, "data.parents.0.record_id: must be a whole number"),
        ({"parents": [{"record_id": 1, "person_id": 2**31}]}, "data.parents.0.person_id: must be at most 2147483647"),
        ({"parents": [{}]}, "data.parents.0.record_id: is required"),
        ({"parents": [417]}, "data.parents.0: must be an object"),
        ({"parents": 417}, "data.parents: must be an array"),
        ({"relation_type": 5}, "data.relation_type: must be text"),
        ({"relation_type": "a" * 256}, "data.relation_type: must be at most 255 characters"),
        ({"relation_type": "a\nb"}, "data.relation_type: may hold no control characters"),
        ({"direction": "sideways"}, "data.direction: must be 'forward' or 'reversed'"),
        ({"comment": "é" * 32768}, "data.comment: must be at most 65535 bytes of UTF-8"),
        ({"comment": "a\x00"}, "data.comment: may hold no control characters but tab, LF, CR"),
        ({"remote_id": "1" * 65}, "data.remote_id: must be at most 64 characters"),
        (
            {"native": {"salesforce": {}}},
            "data.native.salesforce: must be 'onoffice', 'superoffice', 'outsmart' or 'silvasoft'",
        ),
        (
            {"native": {"onoffice": {"relationinfo": {"x": 1e20}}}},
            "data.native.onoffice.relationinfo: holds a number beyond 64 bits; write it as a string",
        ),
        ({"native": {"onoffice": None}}, "data.native.onoffice: must be an object"),
    ],
)
def test_link_limits(given: dict[str, Any], expected: str) -> None:
    """A link outside its limits is refused in words that name field and rule."""
    assert refusal("update", {"kind": "link", **given}) == expected


def test_one_to_many() -> None:
    """One end of a link may hold 500 records, the other then one."""
    many = [{"record_id": n} for n in range(1, 501)]

    assert refusal("create", {**LINK, "children": many}) == ""
    assert refusal("create", {**LINK, "parents": many}) == ""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"email": "jet"}, "data.email: must be an e-mail address, with exactly one @"),
        ({"email": "a@b@c"}, "data.email: must be an e-mail address, with exactly one @"),
        ({"email": "a@" + "b" * 253}, "data.email: must be at most 254 characters"),
        ({"language": "nl_BE"}, "data.language: must be a BCP 47 tag"),
        ({"language": "x"}, "data.language: must be a BCP 47 tag"),
        ({"vat_number": "123456782B01"}, "data.vat_number: must be a VAT number with its country prefix"),
        ({"vat_number": "NL1"}, "data.vat_number: must be a VAT number with its country prefix"),
        ({"address": {"country_code": "nl"}}, "data.address.country_code: must be an ISO 3166-1 alpha-2 code"),
        ({"address": {"country_code": "QQ"}}, "data.address.country_code: must be an ISO 3166-1 alpha-2 code"),
        ({"address": {"latitude": 90.1}}, "data.address.latitude: must be at most 90"),
        ({"address": {"latitude": "53"}}, "data.address.latitude: must be a number"),
        ({"address": {"longitude": True}}, "data.address.longitude: must be a number"),
        ({"address": {"town": "x"}}, "data.address.town: is no field of ours"),
        ({"address": {"house_number_suffix": "a"}}, "data.address.house_number_suffix: needs house_number beside it"),
        ({"address": {"house_number_suffix": None}}, "data.address.house_number_suffix: needs house_number beside it"),
        ({"roles": []}, "data.roles: must hold at least 1"),
        ({"roles": ["customer", "customer"]}, "data.roles: names a role twice"),
        ({"roles": ["boss"]}, "data.roles.0: must be 'customer', 'supplier' or 'other'"),
        ({"discount_percent": 101}, "data.discount_percent: must be at most 100"),
        ({"discount_percent": 2.5}, "data.discount_percent: must be a whole number"),
        ({"active": 1}, "data.active: must be true or false"),
        ({"active": "true"}, "data.active: must be true or false"),
        ({"lead": {"value": "12,50"}}, "data.lead.value: must be a number, or digits in a string"),
        ({"lead": {"value": True}}, "data.lead.value: must be a number, or digits in a string"),
        ({"lead": {"score": "3"}}, "data.lead.score: must be a whole number"),
        ({"free_fields": {"0": 1}}, "data.free_fields.0: must be a number from 1 to 50"),
        ({"free_fields": {"51": 1}}, "data.free_fields.51: must be a number from 1 to 50"),
        ({"free_fields": {"01": 1}}, "data.free_fields.01: must be a number from 1 to 50"),
        ({"free_fields": {"1": []}}, "data.free_fields.1: must be a string of at most 255 characters"),
        ({"free_fields": {"1": "a" * 256}}, "data.free_fields.1: must be a string of at most 255 characters"),
        ({"free_fields": {"1": "a\n"}}, "data.free_fields.1: must be a string of at most 255 characters"),
        ({"free_fields": {"1": 1e19}}, "data.free_fields.1: must be a string of at most 255 characters"),
        ({"contacts": [{"given_name": "Piet"}]}, "data.contacts.0.family_name: is required"),
        ({"contacts": [{"family_name": ""}]}, "data.contacts.0.family_name: must be text"),
        ({"contacts": [{"family_name": "a"}] * 51}, "data.contacts: must hold at most 50"),
        ({"created_at": "2026-03-02T09:15:04"}, "data.created_at: must be an RFC 3339 timestamp with an offset"),
        ({"created_at": 1760000000}, "data.created_at: must be an RFC 3339 timestamp with an offset"),
        ({"created_at": "9999-12-31T23:59:59Z"}, "data.created_at: must be between the years 2 and 9998"),
        ({"given_name": "Jet"}, "data.family_name: is required beside the other name: an update names both or neither"),
        ({"family_name": None}, "data.given_name: is required beside the other name: an update names both or neither"),
        ({"honorific_prefix": "Dhr."}, "data.honorific_prefix: needs given_name and family_name beside it"),
        ({"party_type": "company"}, "data.party_type: must be 'organization' or 'person'"),
        ({"customer_number": 5012}, "data.customer_number: must be text"),
    ],
)
def test_party_limits(given: dict[str, Any], expected: str) -> None:
    """A party outside its limits is refused in words that name field and rule."""
    assert refusal("update", {"kind": "party", "party_type": "person", **given}).startswith(expected)


@pytest.mark.parametrize("name", ["given_name", "family_name", "honorific_prefix", "sex"])
def test_persons_only(name: str) -> None:
    """An organization has no fields of a person; null says that it has none."""
    value = "other" if name == "sex" else "x"

    assert refusal("create", {**ORGANIZATION, name: value}) == f"data.{name}: is for persons only"
    assert refusal("create", {**ORGANIZATION, name: None}) == ""


def test_complete_update_is_no_patch() -> None:
    """A complete update may name one of two partners: what it lacks has no value."""
    whole = {**PERSON, "complete": True, "address": {"house_number_suffix": "a"}}

    assert refusal("update", whole) == ""


@pytest.mark.parametrize("complete", [{}, {"complete": False}, {"complete": True}])
def test_house_number_clears_suffix(complete: dict[str, Any]) -> None:
    """An update with a house number and no suffix says that there is no suffix."""
    data = accepted("update", {"kind": "party", "party_type": "person", **complete, "address": {"house_number": "9"}})

    assert data.model_dump(exclude_unset=True)["address"] == {"house_number": "9", "house_number_suffix": None}


def test_house_number_in_created() -> None:
    """A created address names what it names, and no more."""
    data = accepted("create", {**PERSON, "address": {"house_number": "9", "city": ""}})

    assert isinstance(data, Party)
    assert data.address is not None
    assert data.address.model_fields_set == {"house_number", "city"}
    assert data.address.city is None


def test_vat_number_is_normalised() -> None:
    """A VAT number loses blanks, dots and hyphens and becomes upper case."""
    data = accepted("create", {**PERSON, "vat_number": "nl 1234.567-82 b01"})

    assert isinstance(data, Party)
    assert data.vat_number == "NL123456782B01"


def test_values_pass_unchanged() -> None:
    """Text is neither trimmed nor cut, amounts stay as they were written, roles keep their order."""
    data = accepted("create", {**FULL_PARTY, "note": "  a \t", "free_fields": {"1": "", "2": 0}})

    assert isinstance(data, Party)
    assert data.note == "  a \t"
    assert data.lead is not None
    assert (data.lead.value, data.lead.value_recurring) == ("1200.50", 12.5)
    assert data.roles == ("supplier", "customer")
    assert data.free_fields == {"1": None, "2": 0}
    assert data.native == FULL_PARTY["native"]


def test_every_field_is_described() -> None:
    """Each field says in the model what it means and where it comes from."""
    for model in (Link, Party):
        for name, field in model.model_fields.items():
            assert "Source: " in (field.description or ""), name
