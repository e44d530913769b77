from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.targets.walk import NOW, Answer, Walk, answer, task, walked
from worker.errors import (
    AddressError,
    ClosedError,
    OutageError,
    PermanentError,
    RateLimitedError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.base import Applied, Known, Step
from worker.targets.superoffice import calls, session
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


class TestExamples:
    """contract.md 6.2."""

    def test_s1(self) -> None:
        """A link between a person's company and another is made."""
        event = {
            "id": "e-201",
            "type": "relation.created",
            "subject": "hold-12-34",
            "data": {
                "kind": "link",
                "relation_type": "holding",
                "parents": [{"record_id": 12, "person_id": 452}],
                "children": [{"record_id": 34}],
                "comment": "holding of",
            },
        }
        reply = {
            "SourceContactId": 12,
            "SourcePersonId": 452,
            "DestinationContactId": 34,
            "DestinationPersonId": 0,
            "RelationId": 77,
            "Comment": "holding of",
            "RelationDefinitionId": 5,
            "Reversed": 0,
            "ActiveText": "owns",
            "PassiveText": "is owned by",
            "_Links": {},
        }

        walk = went(event, [answer(reply)])

        (request,) = walk.requests
        assert (
            request.body
            == b'{"SourceContactId":12,"SourcePersonId":452,"DestinationContactId":34,"RelationDefinitionId":5,"Comment":"holding of","Reversed":0}'
        )
        assert (request.method, request.url) == ("POST", "https://online3.superoffice.com/Cust12345/api/v1/Relation")
        assert dict(request.headers) == {
            "Authorization": "SOTicket 7T:ticket",
            "SO-AppToken": "app-token",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        assert walk.end == Applied("created", "77")

    def test_s2(self) -> None:
        """After a cut POST the link is looked for and confirmed, not made again."""
        event = {
            "id": "e-202",
            "type": "relation.created",
            "subject": "part-12-56",
            "data": {
                "kind": "link",
                "relation_type": "partner",
                "parents": [{"record_id": 12}],
                "children": [{"record_id": 56}],
            },
        }
        listed = {
            "odata.metadata": "...",
            "value": [
                {
                    "PrimaryKey": 78,
                    "EntityName": "relation",
                    "relationId": 78,
                    "relationDefinitionId": 7,
                    "source/contactId": 12,
                    "source/personId": 0,
                    "target/contactId": 56,
                    "target/personId": 0,
                }
            ],
        }
        one = {
            "SourceContactId": 12,
            "SourcePersonId": 0,
            "DestinationContactId": 56,
            "DestinationPersonId": 0,
            "RelationId": 78,
            "Comment": "",
            "RelationDefinitionId": 7,
            "Reversed": 0,
        }

        walk = went(event, [UNKNOWN, answer(listed), answer(one)])

        assert called(walk) == ["POST Relation", "GET Relation", "GET Relation/78"]
        assert (
            walk.requests[0].body
            == b'{"SourceContactId":12,"DestinationContactId":56,"RelationDefinitionId":7,"Reversed":0}'
        )
        assert walk.requests[1].params == (
            (
                "$select",
                "relationId,relationDefinitionId,direction,source/contactId,source/personId,target/contactId,target/personId,relationComment",
            ),
            ("$filter", FILTER),
            ("$top", "50"),
        )
        assert walk.end == Applied("created", "78", warnings=("found after an unknown outcome",))

    def test_s3(self) -> None:
        """A link that somebody changed meanwhile is a conflict."""
        event = {
            "id": "e-203",
            "type": "relation.updated",
            "subject": "hold-12-34",
            "data": {
                "kind": "link",
                "children": [{"record_id": 35}],
                "comment": None,
                "previous": {"children": [{"record_id": 34}]},
            },
        }

        walk = went(event, [refused(409, message="test failed")], "77", test_previous=True)

        assert walk.bodies == [
            [
                {"op": "test", "path": "/DestinationContactId", "value": 34},
                {"op": "replace", "path": "/DestinationContactId", "value": 35},
                {"op": "replace", "path": "/DestinationPersonId", "value": 0},
                {"op": "replace", "path": "/Comment", "value": ""},
            ]
        ]
        assert called(walk) == ["PATCH Relation/77"]
        assert buried(walk) == "conflict"
        assert str(walk.end) == "SuperOffice 409: SoException: test failed"


class TestCreate:
    def test_reversed(self) -> None:
        """A link against its definition is said so."""
        assert went(partner("created", direction="reversed"), [entity()]).bodies[0]["Reversed"] == 1

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (
                {"parents": [{"record_id": 1}, {"record_id": 2}]},
                "parents: SuperOffice ties one to one, send one event a link",
            ),
            (
                {"children": [{"record_id": 1}, {"record_id": 2}]},
                "children: SuperOffice ties one to one, send one event a link",
            ),
            ({"relation_type": "owner"}, "relation_type: 'owner' is not in relation_types (holding, partner)"),
            ({"relation_type": "0"}, "relation_type"),
            ({"relation_type": "2147483648"}, "relation_type"),
            ({"comment": "x" * 255}, "comment: 255 characters, at most 254"),
            ({"comment": "\N{PARTY POPPER}" * 128}, "comment: 256 characters, at most 254"),
            ({"native": {"superoffice": {"Comment": "x" * 255}}}, "native.superoffice.Comment: 255"),
            ({"native": {"superoffice": {"RelationId": 5}}}, "native.superoffice.RelationId"),
            ({"native": {"superoffice": {"$select": "x"}}}, "native.superoffice.$select"),
            ({"native": {"superoffice": {"Authorization": "x"}}}, "native.superoffice.Authorization"),
            (
                {"native": {"superoffice": {"Reversed": 2**31}}},
                "native.superoffice.Reversed: must be an integer of 32 bits",
            ),
            ({"native": {"superoffice": {"Reversed": True}}}, "native.superoffice.Reversed"),
            ({"native": {"superoffice": {"ActiveText": 5}}}, "native.superoffice.ActiveText: must be text"),
            ({"native": {"superoffice": {"CreatedBy": "me"}}}, "native.superoffice.CreatedBy: must be an object"),
            (
                {"native": {"superoffice": {"if_unmodified_since": "yesterday"}}},
                "native.superoffice.if_unmodified_since",
            ),
            (
                {"native": {"superoffice": {"if_unmodified_since": "2026-01-01T00:00:00"}}},
                "native.superoffice.if_unmodified_since",
            ),
        ],
    )
    def test_unmappable(self, data: dict[str, Any], words: str) -> None:
        """What has no expression at SuperOffice is refused before any call, by name."""
        walk = went(partner("created", **data), [])

        assert buried(walk) == "unmappable"
        assert words in str(walk.end)

    def test_longest(self) -> None:
        """A comment of exactly the length that fits is sent whole."""
        assert went(partner("created", comment="é" * 254), [entity()]).bodies[0]["Comment"] == "é" * 254

    @pytest.mark.parametrize(("name", "number"), [("partner", 7), ("873", 873), ("2147483647", 2147483647)])
    def test_relation_type(self, name: str, number: int) -> None:
        """A definition may be named by the table or by its id."""
        assert went(partner("created", relation_type=name), [entity()]).bodies[0]["RelationDefinitionId"] == number

    def test_native(self) -> None:
        """All fields of the seed can be set; native ones win and go out as they are."""
        native = {
            "SourceContactId": 1,
            "SourcePersonId": 2,
            "DestinationContactId": 3,
            "DestinationPersonId": 4,
            "RelationDefinitionId": 5,
            "Comment": "c",
            "Reversed": 986,
            "UpdatedDate": "2005",
            "CreatedDate": "2000",
            "CreatedBy": {"AssociateId": 1},
            "SourceContactName": "a",
            "SourcePersonName": "b",
            "DestinationContactName": "c",
            "DestinationPersonName": "d",
            "ActiveText": "e",
            "PassiveText": "f",
        }

        walk = went(
            partner("created", native={"superoffice": {**native, "UpdatedBy": None, "RelationId": 783}}),
            [entity()],
            native_relation_id="send",
        )

        assert walk.bodies[0] == {**native, "RelationId": 783}

    def test_native_id_taken(self) -> None:
        """An id sent with a create must not be another relation's."""
        event = partner("created", native={"superoffice": {"RelationId": 783}})

        assert buried(walked(superoffice(native_relation_id="send"), task(event), [], owned=["783"])) == "conflict"

    def test_dropped(self) -> None:
        """What has no place is named, or refused where the connection wants that."""
        event = partner(
            "created",
            confirmation_status="sent",
            feedback_status="active",
            native={"superoffice": {"if_unmodified_since": "2026-01-01T00:00:00Z"}},
        )

        assert went(event, [entity()]).end == Applied(
            "created", "78", ("confirmation_status", "feedback_status", "native.superoffice.if_unmodified_since")
        )
        assert buried(went(event, [], unsupported_fields="refuse")) == "unmappable"

    @pytest.mark.parametrize(
        "reply", [{}, {"RelationId": 0}, {"RelationId": None}, {"RelationId": "x"}, None, [], {"RelationId": True}]
    )
    def test_no_id(self, reply: Any) -> None:
        """A 200 without an id leaves open what was made, so it is looked for."""
        walk = went(partner("created"), [answer(reply), rows(78), entity()])

        assert walk.restarts == 1
        assert walk.end == Applied("created", "78", warnings=("found after an unknown outcome",))

    def test_not_found_after_doubt(self) -> None:
        """What an unknown outcome did not make is made."""
        walk = went(partner("created"), [refused(502), rows(), entity()])

        assert called(walk) == ["POST Relation", "GET Relation", "POST Relation"]
        assert walk.end == Applied("created", "78")

    def test_look_always(self) -> None:
        """Where looking comes first, what is there already is kept, or brought in line."""
        equal = went(partner("created"), [rows(78), entity()], look_before_create="always")
        different = went(partner("created", comment="new"), [rows(78), entity(), entity()], look_before_create="always")
        none = went(partner("created"), [rows(), entity()], look_before_create="always")

        assert equal.end == Applied("existed", "78")
        assert different.end == Applied("updated", "78")
        assert different.bodies[-1] == [{"op": "replace", "path": "/Comment", "value": "new"}]
        assert none.end == Applied("created", "78")

    @pytest.mark.parametrize(
        "fields",
        [
            {"SourceContactId": 56, "DestinationContactId": 12},
            {"SourcePersonId": 3},
            {"DestinationPersonId": 3},
            {"Reversed": 1},
            {"RelationDefinitionId": 8},
        ],
    )
    def test_confirmed(self, fields: dict[str, int]) -> None:
        """A row that its own record does not confirm is another link."""
        walk = went(partner("created"), [rows(78), entity(**fields), entity(79)], look_before_create="always")

        assert walk.end == Applied("created", "79")

    def test_doubles(self) -> None:
        """A link shown from both of its ends counts once; two links are ambiguous; others' links fall out."""
        once = went(partner("created"), [rows(78, 78), entity()], look_before_create="always")
        twice = went(partner("created"), [rows(78, 79), entity(78), entity(79)], look_before_create="always")
        others = went(partner("created"), [rows(78, 79), entity(79)], owned=["78"], look_before_create="always")
        vanished = went(partner("created"), [rows(78, 79), refused(404), entity(79)], look_before_create="always")

        assert once.end == Applied("existed", "78")
        assert buried(twice) == "ambiguous"
        assert others.end == Applied("existed", "79")
        assert vanished.end == Applied("existed", "79")

    def test_too_many(self) -> None:
        """A list that is full and holds no match does not prove that there is none."""
        relations = range(1, 51)

        walk = went(
            partner("created"),
            [rows(*relations), *(entity(one, Reversed=1) for one in relations)],
            look_before_create="always",
        )

        assert buried(walk) == "ambiguous"

    def test_known(self) -> None:
        """A created event for a link that is known is a whole update."""
        walk = went(partner("created", comment="c"), [entity()], "78")

        assert called(walk) == ["PATCH Relation/78"]
        assert {one["path"]: one["value"] for one in walk.bodies[0]} == {
            "/SourceContactId": 12,
            "/SourcePersonId": 0,
            "/DestinationContactId": 56,
            "/DestinationPersonId": 0,
            "/RelationDefinitionId": 7,
            "/Comment": "c",
            "/Reversed": 0,
        }
        assert walk.end == Applied("updated", "78")

    def test_known_as_deleted(self) -> None:
        """A created event for a link that was deleted makes it again."""
        assert went(partner("created"), [entity(80)], Known("78", deleted=True)).end == Applied("created", "80")

    def test_party(self) -> None:
        """A party has no place at SuperOffice."""
        event = {
            "id": "e",
            "type": "relation.deleted",
            "subject": "s",
            "data": {"kind": "party", "party_type": "person"},
        }

        assert buried(went(event, [])) == "unsupported"


class TestUpdate:
    def test_fields(self) -> None:
        """Each field that the event names is replaced, in a fixed order."""
        event = partner("updated", parents=[{"record_id": 1, "person_id": 2}], direction="reversed", comment="x")

        walk = went(event, [entity()], "78")

        assert [(one["op"], one["path"], one["value"]) for one in walk.bodies[0]] == [
            ("replace", "/SourceContactId", 1),
            ("replace", "/SourcePersonId", 2),
            ("replace", "/DestinationContactId", 56),
            ("replace", "/DestinationPersonId", 0),
            ("replace", "/RelationDefinitionId", 7),
            ("replace", "/Comment", "x"),
            ("replace", "/Reversed", 1),
        ]
        assert walk.requests[0].headers["Content-Type"] == "application/json"
        assert walk.steps[0].repeatable

    def test_merge_patch(self) -> None:
        """A merge patch says the same as one object, null as empty."""
        native = {"superoffice": {"SourcePersonId": None, "ActiveText": None, "CreatedBy": None}}

        walk = went(link("updated", comment=None, native=native), [entity()], "78", patch_format="merge_patch")

        assert walk.bodies == [{"SourcePersonId": 0, "Comment": "", "ActiveText": "", "CreatedBy": None}]

    def test_nothing_left(self) -> None:
        """An update of which nothing concerns SuperOffice costs no call."""
        event = link("updated", confirmation_status="sent", previous={"relation_type": "5"})

        assert walked(superoffice(), task(event, "78")).end == Applied("unchanged", "78", ("confirmation_status",))
        assert walked(superoffice(), task(event)).end == Applied("unchanged", None, ("confirmation_status",))

    def test_tests(self) -> None:
        """What was before is tested only where the connection wants that."""
        event = link(
            "updated", comment="x", previous={"relation_type": "holding", "parents": [{"record_id": 1, "person_id": 9}]}
        )

        tested = went(event, [entity()], "78", test_previous=True)
        plain = went(event, [entity()], "78")

        assert [(one["op"], one["path"], one["value"]) for one in tested.bodies[0][:-1]] == [
            ("test", "/SourceContactId", 1),
            ("test", "/SourcePersonId", 9),
            ("test", "/RelationDefinitionId", 5),
        ]
        assert not tested.steps[0].repeatable
        assert len(plain.bodies[0]) == 1
        assert plain.steps[0].repeatable

    @pytest.mark.parametrize(
        ("given", "header"),
        [
            ("2026-03-02T09:15:04+01:00", "Mon, 02 Mar 2026 08:15:04 GMT"),
            ("2026-03-02T08:15:04.0000001Z", "Mon, 02 Mar 2026 08:15:04 GMT"),
            ("2026-03-02T08:15:04.120Z", "Mon, 02 Mar 2026 08:15:05 GMT"),
        ],
    )
    def test_unmodified_since(self, given: str, header: str) -> None:
        """The moment goes out as a header, rounded up; 412 is then a conflict."""
        event = link("updated", comment="x", native={"superoffice": {"if_unmodified_since": given}})

        walk = went(event, [refused(412)], "78")

        assert walk.requests[0].headers["If-Unmodified-Since"] == header
        assert not walk.steps[0].repeatable
        assert buried(walk) == "conflict"
        assert buried(went(link("updated", comment="x"), [refused(412)], "78")) == "unexpected_answer"

    def test_guarded_in_doubt(self) -> None:
        """After a cut a guarded change is compared before it is made again."""
        event = link("updated", comment="x", previous={"children": [{"record_id": 56}]})
        done = went(event, [UNKNOWN, entity(Comment="x")], "78", test_previous=True)
        undone = went(event, [UNKNOWN, entity(), entity()], "78", test_previous=True)

        assert called(done) == ["PATCH Relation/78", "GET Relation/78"]
        assert done.end == Applied("updated", "78", warnings=("found after an unknown outcome",))
        assert called(undone)[2:] == ["PATCH Relation/78"]
        assert undone.end == Applied("updated", "78")

    def test_remote_id(self) -> None:
        """An event may name the id; the journal's other one is a conflict, another relation's too."""
        event = link("updated", comment="x", remote_id="91")

        assert went(event, [entity(91)]).end == Applied("updated", "91")
        assert buried(went(event, [], "78")) == "conflict"
        assert buried(went(event, [], owned=["91"])) == "conflict"
        assert went(event, [entity(91)], owned=["91"], on_taken="take_over").end == Applied(
            "updated", "91", take_over=True
        )
        assert buried(went(link("updated", comment="x", remote_id="GUID"), [])) == "unmappable"

    def test_found(self) -> None:
        """A link that the journal does not know is found by what it was before."""
        event = partner("updated", children=[{"record_id": 99}], previous={"children": [{"record_id": 56}]})

        walk = went(event, [rows(78), entity(), entity()])

        assert dict(walk.requests[0].params)["$filter"] == FILTER
        assert called(walk) == ["GET Relation", "GET Relation/78", "PATCH Relation/78"]
        assert walk.end == Applied("updated", "78")

    def test_previous_person(self) -> None:
        """The person belongs to the end: a previous end without one had none."""
        event = partner(
            "updated", children=[{"record_id": 99, "person_id": 4}], previous={"children": [{"record_id": 56}]}
        )

        walk = went(event, [rows(78), entity(), entity()])

        assert walk.end == Applied("updated", "78")

    def test_missing(self) -> None:
        """A link that nobody finds is made, or buried, naming what lacks to make it."""
        made = went(partner("updated", comment=None), [rows(), entity(80)])
        never = went(partner("updated"), [rows()], on_missing="dead_letter")
        lacking = went(link("updated", comment="x"), [])

        assert made.bodies[-1] == {
            "SourceContactId": 12,
            "DestinationContactId": 56,
            "RelationDefinitionId": 7,
            "Reversed": 0,
        }
        assert made.end == Applied("created", "80")
        assert buried(never) == "not_found"
        assert (
            str(lacking.end)
            == "SuperOffice has no such link, and the event lacks parents, children, relation_type to make it"
        )

    def test_gone(self) -> None:
        """A known id that is not there any more is searched for, then made."""
        elsewhere = went(partner("updated"), [refused(404), rows(80), entity(80), entity(80)], "78")
        nowhere = went(partner("updated"), [refused(404), rows(), entity(81)], "78")
        poor = went(link("updated", comment="x"), [refused(404)], "78")

        assert elsewhere.end == Applied("updated", "80")
        assert nowhere.end == Applied("created", "81")
        assert buried(poor) == "not_found"

    def test_deleted(self) -> None:
        """An update never brings back what was deleted."""
        assert buried(went(partner("updated"), [], Known("78", deleted=True))) == "not_found"


class TestDelete:
    def test_known(self) -> None:
        """A link is deleted by its id."""
        walk = went(link("deleted"), [GONE], "78")

        assert called(walk) == ["DELETE Relation/78"]
        assert walk.steps[0].repeatable
        assert walk.end == Applied("deleted")

    def test_absent(self) -> None:
        """A link that is not there is absent, or not found where the connection wants that."""
        assert went(link("deleted"), [refused(404)], "78").end == Applied("absent")
        assert buried(went(link("deleted"), [refused(404)], "78", on_missing_delete="dead_letter")) == "not_found"
        assert went(link("deleted"), []).end == Applied("absent")
        assert went(link("deleted"), [], Known("78", deleted=True)).end == Applied("absent")
        assert went(link("deleted", relation_type="unknown here"), [refused(404)], "78").end == Applied("absent")

    def test_doubt(self) -> None:
        """After a doubt, gone means done."""
        walk = went(link("deleted"), [refused(404)], "78", in_doubt=True, on_missing_delete="dead_letter")

        assert walk.end == Applied("deleted", warnings=("found gone after an unknown outcome",))

    def test_found(self) -> None:
        """A link that the journal does not know is found by its ends, or named by the event."""
        assert called(went(partner("deleted"), [rows(78), entity(), GONE])) == [
            "GET Relation",
            "GET Relation/78",
            "DELETE Relation/78",
        ]
        assert called(went(link("deleted", remote_id="78"), [GONE])) == ["DELETE Relation/78"]
        assert went(partner("deleted"), [refused(404), rows(80), entity(80), GONE], "78").end == Applied("deleted")
        assert buried(went(link("deleted", remote_id="78"), [], owned=["78"])) == "conflict"
        assert buried(went(link("deleted", remote_id="78"), [], "77")) == "conflict"

    def test_page(self) -> None:
        """A 404 that is no SuperOffice's answer means that the address is wrong, and deletes nothing silently."""
        walk = went(link("deleted"), [answer(b"<html>not here</html>", 404), GONE], "78")

        assert [type(pause) for pause in walk.pauses] == [AddressError]


class TestSignals:
    @pytest.mark.parametrize(
        ("status", "reason"),
        [(400, "rejected"), (409, "conflict"), (418, "unexpected_answer"), (301, "unexpected_answer")],
    )
    def test_buried(self, status: int, reason: str) -> None:
        """What never passes is buried for its reason."""
        assert buried(went(link("updated", comment="x"), [refused(status)], "78")) == reason

    @pytest.mark.parametrize("kind", ["SoValidationException", "System.ArgumentException", "InvalidEntity"])
    def test_content(self, kind: str) -> None:
        """A 500 that names the content is tried once more, then rejected."""
        end = went(partner("updated"), [refused(500, kind)], "78").end

        assert isinstance(end, RetryableError)
        assert (end.reason, end.most) == ("rejected", 2)

    @pytest.mark.parametrize("reply", [refused(500), refused(503), answer(b"<html>", 502), answer(b"<html>", 200)])
    def test_unknown(self, reply: Response) -> None:
        """Server errors and what is no JSON leave the outcome open."""
        assert isinstance(went(link("updated", comment="x"), [reply], "78").end, UnknownOutcomeError)

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (refused(429), RateLimitedError),
            (refused(503, retry_after="5"), RateLimitedError),
            (refused(405), AddressError),
        ],
    )
    def test_paused(self, reply: Response, kind: type[ClosedError]) -> None:
        """What is about us pauses, and the step comes again."""
        walk = went(partner("created"), [reply, entity()])

        assert [type(pause) for pause in walk.pauses] == [kind]
        assert walk.end == Applied("created", "78")

    def test_post_404(self) -> None:
        """A create that finds no resource has the wrong address."""
        assert [type(pause) for pause in went(partner("created"), [refused(404), entity()]).pauses] == [AddressError]

    def test_wrong_host(self) -> None:
        """A moved tenant is asked for once and the call repeated; again wrong, it pauses."""
        moved = went(
            partner("created"),
            [answer(b"Wrong subdomain", 421), tenant(endpoint="https://online9.superoffice.com/Cust12345"), entity()],
        )
        lost = went(partner("created"), [answer(b"", 421), tenant(), answer(b"", 421), entity()])

        assert moved.requests[-1].url == "https://online9.superoffice.com/Cust12345/api/v1/Relation"
        assert moved.pauses == []
        assert moved.end == Applied("created", "78")
        assert [type(pause) for pause in lost.pauses] == [AddressError]

    @pytest.mark.parametrize("status", [401, 403])
    def test_renewed(self, status: int) -> None:
        """A session that ran out is renewed once, and only the log-in is asked for."""
        walk = walked(
            system_user(),
            task(partner("created")),
            [tenant(), token("7T:old"), refused(status), token("7T:new"), entity()],
        )

        assert [one.headers.get("Authorization") for one in walk.requests] == [
            None,
            None,
            "SOTicket 7T:old",
            None,
            "SOTicket 7T:new",
        ]
        assert walk.end == Applied("created", "78")

    def test_still_refused(self) -> None:
        """Refused with a fresh session, 401 pauses and 403 buries."""
        closed = walked(
            system_user(), task(partner("created")), [tenant(), token(), refused(401), token(), refused(401), entity()]
        )
        forbidden = walked(
            system_user(), task(partner("created")), [tenant(), token(), refused(403), token(), refused(403)]
        )

        assert [type(pause) for pause in closed.pauses] == [UnauthorizedError]
        assert buried(forbidden) == "forbidden"

    def test_nothing_to_renew(self) -> None:
        """A standing ticket that is refused pauses at once."""
        walk = went(partner("created"), [refused(401), entity()])

        assert [type(pause) for pause in walk.pauses] == [UnauthorizedError]
        assert buried(went(partner("created"), [refused(403)])) == "forbidden"


class TestTenant:
    @pytest.mark.parametrize("state", [1, 6, "Provisioning", "OfflineMaintenance"])
    def test_passing(self, state: Any) -> None:
        """A tenant that will be back is an outage."""
        walk = walked(superoffice(), task(partner("created")), [tenant(state, running=False), tenant(), entity()])

        assert [type(pause) for pause in walk.pauses] == [OutageError]
        assert walk.end == Applied("created", "78")

    @pytest.mark.parametrize("state", [0, 3, 4, 8, 10, 11, 12, "Suspended", "Gone", None, 99])
    def test_closed(self, state: Any) -> None:
        """A tenant that is gone or closed needs a person."""
        walk = walked(superoffice(), task(partner("created")), [tenant(state), tenant(), entity()])

        assert [type(pause) for pause in walk.pauses] == [UnauthorizedError]

    @pytest.mark.parametrize("reply", [tenant(running=False), tenant(5, running=False)])
    def test_not_running(self, reply: Response) -> None:
        """A tenant that says it does not run is closed, whatever its state."""
        assert [
            type(pause)
            for pause in walked(superoffice(), task(partner("created")), [reply, tenant(5), entity()]).pauses
        ] == [UnauthorizedError]

    @pytest.mark.parametrize(
        "endpoint",
        [
            None,
            5,
            "",
            "http://online3.superoffice.com/Cust12345",
            "https://evil.example/Cust12345",
            "https://superoffice.com.evil.example/",
            "https://x@online3.superoffice.com/",
            "https://[online3.superoffice.com",
            "https://online3.superoffice.com/?x=1",
        ],
    )
    def test_strange_address(self, endpoint: Any) -> None:
        """Our credentials go to no host but the vendor's."""
        assert [
            type(pause)
            for pause in walked(
                superoffice(), task(partner("created")), [tenant(endpoint=endpoint), tenant(), entity()]
            ).pauses
        ] == [AddressError]

    def test_own_root(self) -> None:
        """A base_url stands for the vendor's log-in host, and allows its own host as the tenant's."""
        walk = walked(
            superoffice(base_url="http://127.0.0.1:8080/"),
            task(partner("created")),
            [tenant(endpoint="http://127.0.0.1:8080/Cust12345"), entity()],
        )

        assert [one.url for one in walk.requests] == [
            "http://127.0.0.1:8080/api/state/Cust12345",
            "http://127.0.0.1:8080/Cust12345/api/v1/Relation",
        ]

    @pytest.mark.parametrize(("minutes", "asks_again"), [(10, 10), (-5, 1), (100_000, 1440)])
    def test_cached(self, minutes: float, asks_again: float) -> None:
        """The address is asked for when it runs out, not before; never each call, never once for all."""
        target = superoffice()
        walked(target, task(partner("created")), [tenant(minutes=minutes), entity()])

        assert target.exchange(NOW + timedelta(minutes=asks_again) - timedelta(seconds=1)) is None
        assert target.exchange(NOW + timedelta(minutes=asks_again, seconds=1)) is not None

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (answer(b"<html>", 200), UnknownOutcomeError),
            (answer([]), OutageError),
            (answer(b"", 500), OutageError),
            (answer(b"", 404), AddressError),
            (answer(b"", 429), RateLimitedError),
            (answer(b"", 400), UnauthorizedError),
        ],
    )
    def test_odd_answers(self, reply: Response, kind: type[TargetError]) -> None:
        """Whatever the state API answers is about us, never about an event."""
        exchange = superoffice().exchange(NOW)
        assert exchange is not None
        next(exchange)

        with pytest.raises(kind):
            exchange.send(reply)

    def test_onsite(self) -> None:
        """Onsite there is no tenant to ask for, and Basic log-in."""
        target = SuperOffice(
            settings(
                environment="onsite",
                customer_id=None,
                base_url="https://crm.acme.example/so/",
                auth="basic",
                username="tim",
                password="pässword",
            )
        )

        walk = walked(target, task(partner("created")), [entity()])

        (request,) = walk.requests
        assert request.url == "https://crm.acme.example/so/api/v1/Relation"
        assert request.headers["Authorization"] == "Basic " + b64encode("tim:pässword".encode()).decode()
        assert "SO-AppToken" not in request.headers
        assert target.identity()[0] == "crm.acme.example"
        assert [
            type(pause) for pause in walked(target, task(partner("created")), [answer(b"", 421), entity()]).pauses
        ] == [AddressError]


class TestLogin:
    def test_system_user(self) -> None:
        """The system user's token is signed with the minute, and its ticket kept for six hours."""
        target = system_user()

        walk = walked(target, task(partner("created")), [tenant(), token(), entity()])

        request = walk.requests[1]
        assert (request.method, request.url) == (
            "POST",
            "https://online.superoffice.com/Login/api/PartnerSystemUser/Authenticate",
        )
        body = walk.bodies[1]
        text, signature = body["SignedSystemToken"].rsplit(".", 1)
        assert text == "Worker-system.user.202510090853"
        APPLICATION.public_key().verify(b64decode(signature), text.encode(), PKCS1v15(), SHA256())
        assert {name: body[name] for name in ("ApplicationToken", "ContextIdentifier", "ReturnTokenType")} == {
            "ApplicationToken": "app-token",
            "ContextIdentifier": "Cust12345",
            "ReturnTokenType": "JWT",
        }
        assert walk.requests[2].headers["Authorization"] == "SOTicket 7T:fresh"
        assert walk.requests[2].headers["SO-AppToken"] == "app-token"
        shown = request.masked((request.body or b"").decode())
        assert not any(secret in shown for secret in (*SECRETS, signature))

    def test_early(self) -> None:
        """The session is renewed a few minutes before it runs out."""
        target = system_user()
        walked(target, task(partner("created")), [tenant(minutes=1440), token(), entity()])

        assert target.exchange(NOW + timedelta(hours=5, minutes=54)) is None
        assert target.exchange(NOW + timedelta(hours=5, minutes=56)) is not None

    def test_forgotten(self) -> None:
        """A session that is forgotten without a reason begins from nothing."""
        target = system_user()
        walked(target, task(partner("created")), [tenant(), token(), entity()])

        target.forget_session()

        walk = walked(target, task(partner("created")), [tenant(), token(), entity()])
        assert len(walk.requests) == 3

    def test_certificate(self) -> None:
        """With SuperOffice's certificate a token of another signer is refused."""
        good = walked(
            system_user(token_certificate=VENDOR_PEM), task(partner("created")), [tenant(), token(), entity()]
        )
        bad = walked(
            system_user(token_certificate=VENDOR_PEM),
            task(partner("created")),
            [tenant(), token(key=APPLICATION), token(), entity()],
        )

        assert good.pauses == []
        assert [type(pause) for pause in bad.pauses] == [UnauthorizedError]

    @pytest.mark.parametrize(
        "reply",
        [
            answer({"IsSuccessful": False, "Token": None, "ErrorMessage": "bad app-token"}),
            answer({"IsSuccessful": True, "Token": "not.a.jwt"}),
            answer({"IsSuccessful": True, "Token": None}),
            answer({}),
            token(""),
            token("7T:a\nb"),
            token(**{f"{CLAIM}ctx": "Cust99"}),
            answer({"Message": "no"}, 400),
            answer(b"", 401),
        ],
    )
    def test_refused(self, reply: Response) -> None:
        """A log-in that fails pauses, and says nothing secret."""
        walk = walked(system_user(), task(partner("created")), [tenant(), reply, token(), entity()])

        assert [type(pause) for pause in walk.pauses] == [UnauthorizedError]
        assert "app-token" not in str(walk.pauses[0])

    def test_refresh_token(self) -> None:
        """An access token is fetched with the refresh token, and again before it expires."""
        target = SuperOffice(
            settings(
                auth="refresh_token",
                client_id="me",
                client_secret="s3&cret",
                refresh_token="RT:1/2",
                redirect_uri="https://us.example/back",
                environment="sod",
            )
        )

        walk = walked(
            target,
            task(partner("created")),
            [
                tenant(minutes=1440),
                answer({"token_type": "Bearer", "access_token": "8A:x", "expires_in": 3600}),
                entity(),
            ],
        )

        request = walk_request = walk.requests[1]
        assert request.url == "https://sod.superoffice.com/login/common/oauth/tokens"
        assert parse_qs((walk_request.body or b"").decode()) == {
            "grant_type": ["refresh_token"],
            "client_id": ["me"],
            "client_secret": ["s3&cret"],
            "refresh_token": ["RT:1/2"],
            "redirect_uri": ["https://us.example/back"],
        }
        assert "RT%3A1" not in request.masked((request.body or b"").decode())
        assert "s3%26cret" not in request.masked((request.body or b"").decode())
        assert walk.requests[2].headers["Authorization"] == "Bearer 8A:x"
        assert target.exchange(NOW + timedelta(minutes=54)) is None
        assert target.exchange(NOW + timedelta(minutes=56)) is not None

    def test_refresh_refused(self) -> None:
        """A refresh token that is not accepted pauses with the vendor's word for it."""
        target = SuperOffice(
            settings(auth="refresh_token", client_id="me", client_secret="cs-1", refresh_token="RT-1", redirect_uri="u")
        )
        fresh = answer({"access_token": "8A:x", "expires_in": "soon"})

        walk = walked(
            target, task(partner("created")), [tenant(), answer({"error": "invalid_grant"}, 400), fresh, entity()]
        )

        assert [str(pause) for pause in walk.pauses] == ["SuperOffice log-in: HTTP 400 (invalid_grant)"]

    def test_bearer(self) -> None:
        """A standing access token goes out as it is."""
        target = SuperOffice(settings(auth="bearer", access_token="8A:Cust12345.abc"))

        walk = walked(target, task(partner("created")), [tenant(), entity()])

        assert walk.requests[1].headers["Authorization"] == "Bearer 8A:Cust12345.abc"

    def test_languages(self) -> None:
        """The options for language, culture and zone go out as headers."""
        walk = went(
            partner("created"),
            [entity()],
            accept_language="en",
            language="no",
            culture="en-US",
            time_zone="W. Europe Standard Time",
        )

        assert {
            name: walk.requests[0].headers[name]
            for name in ("Accept-Language", "SO-Language", "SO-Culture", "SO-TimeZone")
        } == {
            "Accept-Language": "en",
            "SO-Language": "no",
            "SO-Culture": "en-US",
            "SO-TimeZone": "W. Europe Standard Time",
        }


class TestSettings:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"customer_id": None}, "customer_id is required"),
            ({"customer_id": "12345"}, "customer_id"),
            ({"environment": "onsite"}, "environment onsite needs base_url"),
            ({"environment": "onsite", "customer_id": None, "base_url": "https://x.example"}, "onsite allows basic"),
            ({"auth": "basic"}, "auth basic is for environment onsite"),
            ({"auth": "ticket"}, "auth ticket needs ticket, app_token"),
            ({"auth": "cookie"}, "auth"),
            (
                {"test_previous": True, "patch_format": "merge_patch", "auth": "bearer", "access_token": "x"},
                "test_previous needs",
            ),
            ({"private_key": "-----BEGIN"}, "must be an RSA private key"),
            ({"private_key": "<RSAKeyValue><Modulus>x</Modulus></RSAKeyValue>"}, "must be an RSA private key"),
            ({"token_certificate": "x"}, "must be a certificate"),
        ],
    )
    def test_refused(self, options: dict[str, Any], words: str) -> None:
        """What cannot work is refused with words that say what would."""
        with pytest.raises(ValidationError, match=words):
            settings(**options)

    def test_xml_key(self) -> None:
        """A key may be given in the XML that SuperOffice hands out."""
        numbers = APPLICATION.private_numbers()
        parts = {
            "Modulus": numbers.public_numbers.n,
            "Exponent": numbers.public_numbers.e,
            "P": numbers.p,
            "Q": numbers.q,
            "DP": numbers.dmp1,
            "DQ": numbers.dmq1,
            "InverseQ": numbers.iqmp,
            "D": numbers.d,
        }
        inner = "".join(
            f"<{name}>{b64encode(value.to_bytes((value.bit_length() + 7) // 8, 'big')).decode()}</{name}>"
            for name, value in parts.items()
        )
        target = SuperOffice(
            settings(app_token="a", system_user_token="t", private_key=f"<RSAKeyValue>{inner}</RSAKeyValue>")
        )

        walk = walked(target, task(partner("created")), [tenant(), token(), entity()])

        text, signature = walk.bodies[1]["SignedSystemToken"].rsplit(".", 1)
        APPLICATION.public_key().verify(b64decode(signature), text.encode(), PKCS1v15(), SHA256())


class TestTarget:
    def test_identity(self) -> None:
        """The identity is the log-in host and the customer, not the numbered host that changes."""
        assert superoffice().identity() == ("online.superoffice.com", "Cust12345")

    def test_keyless(self) -> None:
        """Only the server gives a relation its id."""
        assert superoffice().keyless(task(partner("created")).data)

    def test_probe(self) -> None:
        """A probe reads one relation."""
        target = superoffice()
        walked(target, task(partner("created")), [tenant(), entity()])
        step = target.probe()

        assert target.request([step], NOW).params == (("$select", "relationId"), ("$top", "1"))
        assert target.read([step], rows(3)) == [((3,), False)]
        with pytest.raises(UnauthorizedError):
            target.read([step], refused(401))

    def test_secret_echoed(self) -> None:
        """A vendor that repeats our secrets does not get them into an error."""
        walk = went(link("updated", comment="x"), [refused(400, message="7T:ticket\r\nwith app-token")], "78")

        assert str(walk.end) == "SuperOffice 400: SoException: *** with ***"

    def test_silent(self) -> None:
        """Nothing of a request or a session shows in a repr."""
        target = superoffice()
        walk = walked(target, task(partner("created")), [tenant(), entity()])

        shown = repr(walk.requests) + repr(target._session) + repr(target._settings) + repr(walk.steps)
        assert not any(secret in shown for secret in SECRETS)

    SETTINGS = superoffice()._settings
    STEPS = (
        calls.create({"SourceContactId": 1}),
        calls.update(
            settings(auth="bearer", access_token="x"), 5, {"Comment": "x"}, {}, datetime(2026, 1, 1, tzinfo=UTC)
        ),
        calls.delete(5),
        calls.one(5),
        calls.probe(),
    )

    @given(
        st.sampled_from(STEPS),
        st.binary(max_size=200)
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.sampled_from(SECRETS),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["value", "relationId", "PrimaryKey", "RelationId", "ErrorType", "ErrorMessage"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=15,
        ).map(json_bytes),
        st.sampled_from([200, 204, 301, 400, 401, 403, 404, 409, 412, 421, 429, 500, 503]),
    )
    def test_anything(self, step: Step, body: bytes, status: int) -> None:
        """Whatever comes back, only errors of ours come out, and no secret in them."""
        target = superoffice()
        target._session.home = HOME
        assert only_ours(lambda: target.read([step], Response(status, {}, body)))

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(SECRETS),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "Endpoint",
                            "State",
                            "IsRunning",
                            "ValidUntil",
                            "Token",
                            "IsSuccessful",
                            "ErrorMessage",
                            "error",
                        ]
                    ),
                    inner,
                    max_size=6,
                )
            ),
            max_leaves=15,
        ).map(json_bytes),
        st.sampled_from([200, 200, 400, 401, 500]),
    )
    def test_any_session(self, body: bytes, status: int) -> None:
        """Whatever state API and log-in answer, only errors of ours come out."""
        for reader in (session.tenant, session.ticket, session.access_token):
            assert only_ours(partial(reader, self.SETTINGS, Response(status, {}, body), NOW))
