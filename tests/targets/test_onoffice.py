import logging
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.targets.walk import NOW, Answer, Walk, answer, task, walked
from worker.errors import (
    ClosedError,
    PermanentError,
    RateLimitedError,
    RejectedError,
    RepeatError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
    UnsupportedError,
)
from worker.sending.wire import Response
from worker.targets.base import Applied, Known, Step
from worker.targets.onoffice.calls import ACTION, Ask, look, signature, step, whole
from worker.targets.onoffice.codes import CLOSED
from worker.targets.onoffice.settings import MODIFIABLE, URN, OnOfficeSettings
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


class TestExamples:
    """contract.md 6.1."""

    def test_o1(self) -> None:
        """An appointment is confirmed, signed as the vendor wants it."""
        event = {
            "id": "e-101",
            "type": "relation.updated",
            "subject": "appt-55-281",
            "data": {
                "kind": "link",
                "relation_type": "appointment",
                "parents": [{"record_id": 359}],
                "children": [{"record_id": 281}],
                "confirmation_status": "confirmed",
            },
        }
        reply = {
            "status": {"code": 200, "errorcode": 0, "message": "OK"},
            "response": {
                "results": [
                    {
                        "actionid": "urn:onoffice-de-ns:smart:2.5:smartml:action:modify",
                        "resourceid": "",
                        "resourcetype": "relation",
                        "cacheable": False,
                        "identifier": "e-101/1",
                        "data": {"meta": {"cntabsolute": None}, "records": []},
                        "status": {"errorcode": 0, "message": "OK"},
                    }
                ]
            },
        }

        walk = walked(onoffice(), task(event), [answer(reply)])

        (request,) = walk.requests
        assert (request.method, request.url) == ("POST", "https://api.onoffice.de/api/stable/api.php")
        assert walk.bodies[0] == {
            "token": "1f0c2a7be94d4c5f8a6b3d2e1c0f9a87",
            "request": {
                "actions": [
                    {
                        "actionid": "urn:onoffice-de-ns:smart:2.5:smartml:action:modify",
                        "resourceid": "",
                        "resourcetype": "relation",
                        "identifier": "e-101/1",
                        "timestamp": 1760000000,
                        "hmac": "lVaIkxS9wFqok8YryZMVXuGHvwwzGWiyz90E0XN8LyY=",
                        "hmac_version": "2",
                        "parameters": {
                            "childid": [281],
                            "parentid": [359],
                            "relationinfo": {"statusTerminbestaetigung": "bestätigt"},
                            "relationtype": "urn:onoffice-de-ns:smart:2.5:relationTypes:calendar:address",
                        },
                    }
                ]
            },
        }
        assert Applied("updated", "calendar:address/359/281") == walk.end

    def test_o2(self) -> None:
        """A new owner replaces the old one by a delete and a create."""
        event = {
            "id": "e-102",
            "type": "relation.updated",
            "subject": "owner-7",
            "data": {
                "kind": "link",
                "relation_type": "owner",
                "parents": [{"record_id": 417}],
                "children": [{"record_id": 8110}],
                "previous": {"children": [{"record_id": 8102}]},
            },
        }
        deleted = said(result(rows=[{"id": 0, "type": "", "elements": {"success": "success"}}]))

        walk = walked(onoffice(), task(event), [deleted, FINE])

        assert actions(walk) == [
            ("delete", {"childid": 8102, "parentid": 417, "relationtype": URN + OWNER}),
            ("create", {"childid": [8110], "parentid": [417], "relationtype": URN + OWNER}),
        ]
        assert Applied("replaced", "estate:address:owner/417/8110") == walk.end

    def test_o3(self) -> None:
        """An address that does not exist buries the event, in words that help."""
        event = {
            "id": "e-103",
            "type": "relation.created",
            "subject": "owner-9",
            "data": {
                "kind": "link",
                "relation_type": "owner",
                "parents": [{"record_id": 417}],
                "children": [{"record_id": 999999}],
            },
        }
        reply = {
            "status": {"code": 200, "errorcode": 0, "message": "OK"},
            "response": {
                "results": [
                    {
                        "actionid": "urn:onoffice-de-ns:smart:2.5:smartml:action:create",
                        "resourceid": "",
                        "resourcetype": "relation",
                        "cacheable": False,
                        "identifier": "e-103/1",
                        "data": [],
                        "status": {"errorcode": 80, "message": "unknown record"},
                    }
                ]
            },
        }

        walk = walked(onoffice(), task(event), [answer(reply)])

        assert isinstance(walk.end, RejectedError)
        assert walk.end.reason == "not_found"
        assert (
            walk.end.detail
            == "onOffice 80: unknown record (or no right to it). Link estate:address:owner, parent 417, child 999999."
        )


class TestSigning:
    @pytest.mark.parametrize(
        ("verb", "resource", "expected"),
        [
            ("modify", "relation", "lVaIkxS9wFqok8YryZMVXuGHvwwzGWiyz90E0XN8LyY="),
            ("create", "relation", "khHt6l3UIhrXpCl+zaCanYJ9NQzkHR5e/dS0Z+BAtl4="),
            ("delete", "relation", "gMMlDn4NeXWR4cXKmcDokH/fyXNr8kcfErNvodFa2MQ="),
            ("get", "idsfromrelation", "LQkpDSOUAcPzaOiPZm1ahOCMeMnu67cLQEvfA4nG99s="),
        ],
    )
    def test_vectors(self, verb: Any, resource: Any, expected: str) -> None:
        """The signature of each verb is that of the test vectors."""
        action = whole(verb, "x", Triple(OWNER, (1,), (2,)), {})
        action = type(action)(verb, resource, "x", action.parameters, "")

        assert expected == signature(onoffice()._settings, action, 1760000000)

    def test_claim(self) -> None:
        """A marketplace user's claim goes inside the parameters, and nobody sees it."""
        target = onoffice(extended_claim='a"b7f')
        request = target.request([probe_step()], NOW)

        (action,) = orjson.loads(request.body or b"")["request"]["actions"]
        assert action["parameters"]["extendedclaim"] == 'a"b7f'
        shown = request.masked((request.body or b"").decode())
        assert not any(secret in shown for secret in ("b7f", TOKEN, action["hmac"]))

    def test_moment(self) -> None:
        """Each request is signed for the moment it is made for."""
        target = onoffice()
        later = NOW.replace(second=NOW.second + 1)

        first, second = (orjson.loads(target.request([probe_step()], when).body or b"") for when in (NOW, later))

        assert first["request"]["actions"][0]["hmac"] != second["request"]["actions"][0]["hmac"]


def probe_step() -> Step:
    return step([look("x/1", Triple(OWNER, (417,), (8102,)))], frozenset())


class TestCreate:
    def test_one_to_many(self) -> None:
        """Several children go in one action; the remote id has them in order."""
        walk = walked(onoffice(), task(owner("created", 417, 8103, 8102)), [FINE])

        assert actions(walk) == [("create", {"childid": [8102, 8103], "parentid": [417], "relationtype": URN + OWNER})]
        assert Applied("created", "estate:address:owner/417/8102,8103") == walk.end
        assert {"estate:address:owner/417/8102", "estate:address:owner/417/8103"} == walk.steps[0].keys
        assert not walk.steps[0].repeatable

    def test_status(self) -> None:
        """A status is created with the link."""
        event = meeting("created", confirmation_status="cancelled", feedback_status="inactive")

        walk = walked(onoffice(), task(event), [FINE])

        assert actions(walk)[0][1]["relationinfo"] == {
            "statusTerminbestaetigung": "gecancelt",
            "statusTerminrueckmeldung": "inaktiv",
        }

    def test_native(self) -> None:
        """Native status values win over canonical ones and go out as they are."""
        native = {
            "onoffice": {"relationinfo": {"statusTerminbestaetigung": "neu", "x": "y"}},
            "outsmart": {"name": "z"},
        }

        walk = walked(onoffice(), task(meeting("created", confirmation_status="sent", native=native)), [FINE])

        assert actions(walk)[0][1]["relationinfo"] == {"statusTerminbestaetigung": "neu", "x": "y"}

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            ({"native": {"onoffice": {"parentid": [1]}}}, "native.onoffice.parentid"),
            ({"native": {"onoffice": {"hmac": "x"}}}, "native.onoffice.hmac"),
            ({"native": {"onoffice": {"relationinfo": {"a": 1}}}}, "object of strings"),
            ({"native": {"onoffice": {"relationinfo": "a"}}}, "object of strings"),
            ({"direction": "reversed"}, "direction"),
            ({"confirmation_status": "sent"}, "confirmation_status"),
            ({"feedback_status": "active"}, "feedback_status"),
            ({"relation_type": "tenant"}, "owner"),
            ({"relation_type": "estate:ad dress:owner"}, "relation_type"),
            ({"relation_type": "urn:onoffice-dens:smart:2.5:relationTypes:estate:address:buyer"}, "relation_type"),
        ],
    )
    def test_unmappable(self, data: dict[str, Any], words: str) -> None:
        """What has no expression at onOffice is refused before any call."""
        walk = walked(onoffice(), task(owner("created", **data)))

        assert buried(walk) == "unmappable"
        assert words in str(walk.end)

    @pytest.mark.parametrize("name", ["estate:address:owner", URN + "estate:address:owner", "owner"])
    def test_relation_type(self, name: str) -> None:
        """A type may be named by the table, by its tail or in full."""
        walk = walked(onoffice(), task(owner("created", relation_type=name)), [FINE])

        assert actions(walk)[0][1]["relationtype"] == URN + OWNER

    def test_dropped(self) -> None:
        """What has no place is named, or refused where the connection wants that."""
        event = owner("created", comment="c", parents=[{"record_id": 417, "person_id": 3}], direction="forward")

        assert (
            Applied("created", "estate:address:owner/417/8102", ("comment", "parents.person_id"))
            == walked(onoffice(), task(event), [FINE]).end
        )
        assert buried(walked(onoffice(unsupported_fields="refuse"), task(event))) == "unmappable"

    @pytest.mark.parametrize("code", [78, 173])
    def test_existed(self, code: int) -> None:
        """A create that could not be is looked at: there already is well, not there is a refusal."""
        there = walked(onoffice(), task(owner("created")), [refused(code), tied(417, 8102, 9)])
        lacking = walked(onoffice(), task(owner("created")), [refused(code), tied(417, 9)])

        assert Applied("existed", "estate:address:owner/417/8102") == there.end
        assert actions(there)[1][1] == {"parentids": [417], "relationtype": URN + OWNER}
        assert buried(lacking) == "rejected"

    def test_existed_in_part(self) -> None:
        """What is there is left, what lacks is tied."""
        walk = walked(onoffice(), task(owner("created", 417, 8102, 8103)), [refused(78), tied(417, 8102), FINE])

        assert actions(walk)[2][1]["childid"] == [8103]
        assert Applied("created", "estate:address:owner/417/8102,8103") == walk.end

    def test_in_doubt(self) -> None:
        """After a cut the link is looked for first, and found or made."""
        found = walked(onoffice(), task(owner("created")), [UNKNOWN, tied(417, 8102)])
        made = walked(onoffice(), task(owner("created")), [UNKNOWN, NOTHING, FINE])

        assert verbs(found) == ["create", "get"]
        assert (
            Applied("created", "estate:address:owner/417/8102", warnings=("found after an unknown outcome",))
            == found.end
        )
        assert verbs(made) == ["create", "get", "create"]
        assert Applied("created", "estate:address:owner/417/8102") == made.end

    def test_many_parents(self) -> None:
        """With one child and several parents the child is asked."""
        event = owner("created", parents=records(1, 2), children=records(7))

        walk = walked(onoffice(look_before_create="always"), task(event), [tied(7, 1, 2)])

        assert actions(walk) == [("get", {"childids": [7], "relationtype": URN + OWNER})]
        assert Applied("existed", "estate:address:owner/1,2/7") == walk.end

    def test_existed_with_status(self) -> None:
        """A link found before creating it is given its status."""
        event = meeting("created", confirmation_status="sent")

        walk = walked(onoffice(look_before_create="always"), task(event), [tied(359, 281), FINE])

        assert verbs(walk) == ["get", "modify"]
        assert Applied("updated", "calendar:address/359/281") == walk.end

    def test_known(self) -> None:
        """A created event for a link that is known is an update."""
        walk = walked(onoffice(), task(owner("created"), "estate:address:owner/417/8102"))

        assert Applied("unchanged", "estate:address:owner/417/8102") == walk.end

    def test_known_as_deleted(self) -> None:
        """A created event for a link that was deleted makes it again."""
        walk = walked(onoffice(), task(owner("created"), Known("estate:address:owner/417/8102", deleted=True)), [FINE])

        assert isinstance(walk.end, Applied)
        assert walk.end.effect == "created"

    def test_taken(self) -> None:
        """The link of another relation is a conflict, unless it may be taken over."""
        owned = ["estate:address:owner/417/8102"]

        assert buried(walked(onoffice(), task(owner("created")), owned=owned)) == "conflict"
        taken = walked(onoffice(on_taken="take_over"), task(owner("created")), [FINE], owned=owned)
        assert Applied("created", "estate:address:owner/417/8102", take_over=True) == taken.end

    def test_party(self) -> None:
        """A party has no place at onOffice."""
        event = {
            "id": "e",
            "type": "relation.deleted",
            "subject": "s",
            "data": {"kind": "party", "party_type": "person"},
        }

        assert buried(walked(onoffice(), task(event))) == "unsupported"


class TestUpdate:
    KNOWN = "estate:address:owner/417/8102"

    def test_nothing_left(self) -> None:
        """An update of which nothing concerns onOffice costs no call."""
        assert Applied("unchanged", None, ("comment",)) == walked(onoffice(), task(link("updated", comment="x"))).end
        assert (
            Applied("unchanged", self.KNOWN, ("comment",))
            == walked(onoffice(), task(link("updated", comment="x"), self.KNOWN)).end
        )

    def test_deleted(self) -> None:
        """An update never brings back what was deleted."""
        walk = walked(onoffice(), task(owner("updated"), Known(self.KNOWN, deleted=True)))

        assert buried(walk) == "not_found"

    def test_unknown_link(self) -> None:
        """Where nobody knows which link is meant, the detail says what lacks."""
        walk = walked(onoffice(), task(link("updated", children=records(1))))

        assert buried(walk) == "not_found"
        assert "relation_type, parents" in str(walk.end)

    def test_verified(self) -> None:
        """A link that the journal does not know is looked for, and made where it lacks."""
        there = walked(onoffice(), task(owner("updated")), [tied(417, 8102)])
        made = walked(onoffice(), task(owner("updated")), [NOTHING, FINE])
        half = walked(onoffice(), task(owner("updated", 417, 8102, 8103)), [tied(417, 8103), FINE])
        never = walked(onoffice(on_missing="dead_letter"), task(owner("updated")), [NOTHING])

        assert Applied("unchanged", self.KNOWN) == there.end
        assert Applied("created", self.KNOWN) == made.end
        assert Applied("updated", "estate:address:owner/417/8102,8103") == half.end
        assert actions(half)[1][1]["childid"] == [8102]
        assert buried(never) == "not_found"

    def test_journal_first(self) -> None:
        """The old link is the journal's, whatever `previous` says; what the event leaves out stays."""
        event = link("updated", children=records(8110), previous={"children": records(5)})

        walk = walked(onoffice(), task(event, self.KNOWN), [FINE, FINE])

        assert [(verb, sent["childid"]) for verb, sent in actions(walk)] == [("delete", 8102), ("create", [8110])]
        assert Applied("replaced", "estate:address:owner/417/8110") == walk.end

    def test_create_first(self) -> None:
        """The order of a replacement can be turned round."""
        walk = walked(
            onoffice(replace_order="create_first"), task(link("updated", children=records(1)), self.KNOWN), [FINE, FINE]
        )

        assert verbs(walk) == ["create", "delete"]

    def test_only_the_difference(self) -> None:
        """Pairs that stay are not touched."""
        event = link("updated", children=records(8102, 8104))

        walk = walked(onoffice(), task(event, "estate:address:owner/417/8102,8103"), [FINE, FINE])

        assert [(verb, sent["childid"]) for verb, sent in actions(walk)] == [("delete", 8103), ("create", [8104])]

    def test_other_type(self) -> None:
        """Another type is another link."""
        walk = walked(onoffice(), task(link("updated", relation_type="buyer"), self.KNOWN), [FINE, FINE])

        assert [sent["relationtype"] for _, sent in actions(walk)] == [URN + OWNER, URN + "estate:address:buyer"]
        assert Applied("replaced", "estate:address:buyer/417/8102") == walk.end

    def test_many_to_many(self) -> None:
        """An update must not make an n:n link out of the journal's and its own ends."""
        walk = walked(onoffice(), task(link("updated", children=records(1, 2)), "estate:address:owner/4,5/8"))

        assert buried(walk) == "unmappable"

    def test_second_half_refused(self) -> None:
        """A replacement whose second half is refused is known as half done."""
        walk = walked(onoffice(), task(link("updated", children=records(1)), self.KNOWN), [FINE, refused(80)])

        assert isinstance(walk.end, PermanentError)
        assert (walk.end.reason, walk.end.applied_in_part) == ("not_found", True)

    def test_first_half_refused(self) -> None:
        """A replacement whose first half is refused has changed nothing."""
        walk = walked(onoffice(), task(link("updated", children=records(1)), self.KNOWN), [refused(156)])

        assert isinstance(walk.end, PermanentError)
        assert (walk.end.reason, walk.end.applied_in_part) == ("forbidden", False)

    def test_replayed(self) -> None:
        """A replay of a half-done replacement does the half that lacks."""
        walk = walked(onoffice(), task(link("updated", children=records(1)), self.KNOWN), [refused(168), NOTHING, FINE])

        assert verbs(walk) == ["delete", "get", "create"]
        assert Applied("replaced", "estate:address:owner/417/1") == walk.end

    def test_replacement_in_doubt(self) -> None:
        """After a cut in the create what came is looked for before it is tied again."""
        event = link("updated", children=records(1))

        walk = walked(onoffice(), task(event, self.KNOWN), [FINE, UNKNOWN, tied(417, 1), refused(88), NOTHING])

        assert verbs(walk) == ["delete", "create", "get", "delete", "get"]
        assert (
            Applied("replaced", "estate:address:owner/417/1", warnings=("found after an unknown outcome",)) == walk.end
        )

    @pytest.mark.parametrize("kind", sorted(MODIFIABLE))
    def test_modifiable(self, kind: str) -> None:
        """The types of the older page are modified in place."""
        event = owner("updated", relation_type=kind, native={"onoffice": {"relationinfo": {"a": "b"}}})

        assert verbs(walked(onoffice(), task(event), [FINE])) == ["modify"]

    @pytest.mark.parametrize("code", [182, 199])
    def test_not_modifiable(self, code: int) -> None:
        """A status that cannot be changed is unsupported, or with `previous` the link is replaced."""
        status = {"confirmation_status": "sent"}
        plain = walked(onoffice(), task(meeting("updated", **status)), [refused(code)])
        known = walked(onoffice(modifiable=[]), task(meeting("updated", **status)))
        replaced = walked(
            onoffice(),
            task(meeting("updated", previous={"children": records(281)}, **status)),
            [refused(code), FINE, FINE],
        )

        assert "unsupported" == buried(plain) == buried(known)
        assert verbs(replaced) == ["modify", "delete", "create"]
        assert actions(replaced)[2][1]["relationinfo"] == {"statusTerminbestaetigung": "gesendet"}
        assert isinstance(replaced.end, Applied)
        assert replaced.end.effect == "replaced"

    def test_modify_of_nothing(self) -> None:
        """A link that is not there is created with its status, or buried."""
        event = meeting("updated", confirmation_status="sent")
        made = walked(onoffice(), task(event), [refused(180), FINE])

        assert verbs(made) == ["modify", "create"]
        assert Applied("created", "calendar:address/359/281") == made.end
        assert buried(walked(onoffice(on_missing="dead_letter"), task(event), [refused(180)])) == "not_found"

    @pytest.mark.parametrize("code", [88, 168])
    def test_modify_refused(self, code: int) -> None:
        """A modify that is refused is rejected."""
        assert (
            buried(walked(onoffice(), task(meeting("updated", confirmation_status="sent")), [refused(code)]))
            == "rejected"
        )

    def test_status_of_kept_pairs(self) -> None:
        """A status is given to the pairs that stay by a modify, to those that come by the create."""
        event = meeting("updated", children=records(281, 282), confirmation_status="sent")

        walk = walked(onoffice(), task(event, "calendar:address/359/280,281"), [FINE, FINE, FINE])

        assert [(verb, sent["childid"]) for verb, sent in actions(walk)] == [
            ("modify", [281]),
            ("delete", 280),
            ("create", [282]),
        ]

    def test_kept_pairs_not_modifiable(self) -> None:
        """Pairs that stay and cannot be modified need `previous`, and are then tied anew."""
        event = meeting("updated", children=records(281, 282), confirmation_status="sent")
        known = "calendar:address/359/281"

        assert buried(walked(onoffice(modifiable=[]), task(event, known))) == "unsupported"
        event["data"]["previous"] = {"children": records(281)}
        walk = walked(onoffice(modifiable=[]), task(event, known), [FINE, FINE])
        assert [(verb, sent["childid"]) for verb, sent in actions(walk)] == [("delete", 281), ("create", [281, 282])]

    def test_kept_pairs_missing(self) -> None:
        """Pairs that were to stay and are not there are tied with those that come."""
        event = meeting("updated", children=records(281, 282), confirmation_status="sent")

        walk = walked(onoffice(), task(event, "calendar:address/359/281"), [refused(180), FINE])

        assert [(verb, sent["childid"]) for verb, sent in actions(walk)] == [("modify", [281]), ("create", [281, 282])]

    def test_taken(self) -> None:
        """Neither the new link nor the one named as previous may be another relation's."""
        event = owner("updated", 417, 8110, previous={"children": records(8102)})

        assert buried(walked(onoffice(), task(event), owned=["estate:address:owner/417/8102"])) == "conflict"
        assert buried(walked(onoffice(), task(event), owned=["estate:address:owner/417/8110"])) == "conflict"


class TestDelete:
    KNOWN = "estate:address:owner/417/8102,8103"

    def test_one_action_a_pair(self) -> None:
        """Each pair is one action, with plain numbers."""
        walk = walked(onoffice(), task(link("deleted"), self.KNOWN), [said(result(), result())])

        assert [(sent["parentid"], sent["childid"]) for _, sent in actions(walk)] == [(417, 8102), (417, 8103)]
        assert Applied("deleted") == walk.end
        assert (walk.steps[0].weight, walk.steps[0].repeatable) == (2, True)

    def test_more_than_a_batch(self) -> None:
        """A delivery with more actions than a batch holds is spread over several requests."""
        known = "estate:address:owner/417/" + ",".join(map(str, range(1, 6)))

        walk = walked(
            onoffice(batch=2),
            task(link("deleted"), known),
            [said(result(), result()), said(result(), result()), said(result())],
        )

        assert [each.weight for each in walk.steps] == [2, 2, 1]
        assert Applied("deleted") == walk.end

    @pytest.mark.parametrize("code", [88, 168])
    def test_gone(self, code: int) -> None:
        """What could not be deleted is looked at: gone is well, there means that it cannot be."""
        one = "estate:address:owner/417/8102"
        gone = walked(onoffice(), task(link("deleted"), one), [refused(code), NOTHING])
        there = walked(onoffice(), task(link("deleted"), one), [refused(code), tied(417, 8102)])
        strict = walked(onoffice(on_missing_delete="dead_letter"), task(link("deleted"), one), [refused(code), NOTHING])

        assert Applied("absent") == gone.end
        assert buried(there) == "unsupported"
        assert buried(strict) == "not_found"

    def test_in_part(self) -> None:
        """Of several pairs one may be gone already, and one may be refused."""
        gone = walked(onoffice(), task(link("deleted"), self.KNOWN), [said(result(), result(168)), NOTHING])
        bad = walked(onoffice(), task(link("deleted"), self.KNOWN), [said(result(), result(174, "no right"))])

        assert Applied("deleted") == gone.end
        assert isinstance(bad.end, PermanentError)
        assert (bad.end.reason, bad.end.applied_in_part) == ("forbidden", True)

    def test_unknown(self) -> None:
        """Without the journal the event's own link is deleted, unless it is another relation's."""
        walk = walked(onoffice(), task(owner("deleted")), [FINE])

        assert Applied("deleted") == walk.end
        assert buried(walked(onoffice(), task(owner("deleted")), owned=["estate:address:owner/417/8102"])) == "conflict"

    def test_no_link_named(self) -> None:
        """A delete of nobody knows what has nothing to delete, and says so."""
        walk = walked(onoffice(), task(link("deleted")))

        assert Applied("absent", warnings=("no link named: relation_type, parents, children lack",)) == walk.end
        assert buried(walked(onoffice(on_missing_delete="dead_letter"), task(link("deleted")))) == "not_found"

    def test_again(self) -> None:
        """What was deleted before is not deleted again; after a doubt, gone means done."""
        twice = walked(onoffice(), task(link("deleted"), Known(self.KNOWN, deleted=True)))
        doubt = walked(
            onoffice(on_missing_delete="dead_letter"),
            task(link("deleted"), "estate:address:owner/1/2", in_doubt=True),
            [refused(168), NOTHING],
        )

        assert Applied("absent") == twice.end
        assert Applied("deleted", warnings=("found gone after an unknown outcome",)) == doubt.end


ERRORS = {
    "rejected": [74, 79, 132, 179, 181, 185, 187, 215, 219, 227, 228, 229, 235, 247, 254, 255, 270, 294, 302],
    "not_found": [80, 98, 292, 293],
    "forbidden": [156, 174, 253, 261, 262],
    "unsupported": [182, 199],
    "unexpected_answer": [*range(3, 10), *range(14, 22), 23, 24, 25, 26, 167, 999],
}


class TestCodes:
    @pytest.mark.parametrize(("code", "reason"), [(code, reason) for reason, codes in ERRORS.items() for code in codes])
    def test_buried(self, code: int, reason: str) -> None:
        """Each code that never passes buries for its reason, with the code."""
        walk = walked(onoffice(), task(owner("created")), [refused(code)])

        assert reason == buried(walk)
        assert isinstance(walk.end, TargetError)
        assert str(code) == walk.end.code

    @pytest.mark.parametrize(
        "code", [13, 22, 28, 30, 40, 41, 42, 43, 45, 47, 48, 49, 153, 137, 158, 193, 201, 243, 248]
    )
    def test_closed(self, code: int) -> None:
        """Codes about us pause the connection, wherever they stand; the step comes again."""
        assert code in CLOSED
        for reply in (refused(code), said(code=400, errorcode=code), said(code=500, errorcode=code)):
            walk = walked(onoffice(), task(owner("created")), [reply, FINE])

            assert [UnauthorizedError] == [type(pause) for pause in walk.pauses]
            assert isinstance(walk.end, Applied)

    @pytest.mark.parametrize("code", [1, 303])
    def test_retried(self, code: int) -> None:
        """Codes that may pass are tried again."""
        assert isinstance(walked(onoffice(), task(owner("created")), [refused(code)]).end, RetryableError)

    def test_stale(self) -> None:
        """A time stamp that is too old is signed anew at once; a second time it is the clock, and pauses."""
        once = walked(onoffice(), task(owner("created")), [refused(136), FINE])
        twice = walked(onoffice(), task(owner("created")), [refused(136), refused(136), FINE])

        assert once.pauses == []
        assert [UnauthorizedError] == [type(pause) for pause in twice.pauses]
        assert isinstance(twice.end, Applied)

    def test_record_may_come(self) -> None:
        """A record that lacks is waited for where the connection wants that, ending as not found."""
        end = walked(onoffice(on_missing_record="retry"), task(owner("created")), [refused(80)]).end

        assert isinstance(end, RetryableError)
        assert end.reason == "not_found"


class TestReading:
    def read(self, *steps: Step, reply: Answer) -> list[Any]:
        assert isinstance(reply, Response)
        return onoffice().read(steps, reply)

    def steps(self, count: int) -> list[Step]:
        links = [Triple(OWNER, (417,), (child,)) for child in range(1, count + 1)]
        return [
            step([whole("create", f"e-{link.children[0]}/1", link, {})], link.keys, repeatable=False) for link in links
        ]

    def test_shared(self) -> None:
        """Steps that share a request each get their own verdict, in order."""
        found = self.read(*self.steps(3), reply=said(result(), result(80, "x"), result(13, "y"), errorcode=97))

        assert found[0] == ([],)
        assert [RejectedError, UnauthorizedError] == [type(one) for one in found[1:]]

    def test_repeated_above(self) -> None:
        """A code at the top that repeats an action's is that action's."""
        found = self.read(*self.steps(2), reply=said(result(), result(132, "x"), code=500, errorcode=132))

        assert found[0] == ([],)
        assert isinstance(found[1], RejectedError)

    def test_fewer(self) -> None:
        """An action without a result is unknown; the others are told apart by identifier."""
        found = self.read(*self.steps(3), reply=said(result(identifier="e-3/1"), result(80, identifier="e-1/1")))

        assert [RejectedError, UnknownOutcomeError, tuple] == [type(one) for one in found]

    def test_fewer_without_names(self) -> None:
        """Where nobody can say which result lacks, all are unknown."""
        found = self.read(*self.steps(2), reply=said(result()))

        assert [UnknownOutcomeError] * 2 == [type(one) for one in found]

    def test_more(self) -> None:
        """Results too many do no harm."""
        found = self.read(*self.steps(1), reply=said(result(identifier="other"), result(identifier="e-1/1")))

        assert found == [([],)]

    def test_out_of_order(self) -> None:
        """Results are put beside their actions even when they come in another order."""
        found = self.read(*self.steps(2), reply=said(result(80, identifier="e-2/1"), result(identifier="e-1/1")))

        assert [tuple, RejectedError] == [type(one) for one in found]

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (answer(b"<html>"), UnknownOutcomeError),
            (answer(b""), UnknownOutcomeError),
            (answer([]), PermanentError),
            (answer({}), PermanentError),
            (answer({"status": {"code": 200}}), PermanentError),
            (said(code=400), UnauthorizedError),
            (said(code=400, errorcode=74), UnauthorizedError),
            (said(code=500, errorcode=1), RetryableError),
            (said(code=500, errorcode=5), PermanentError),
            (said(code=400, errorcode=136), RepeatError),
            (answer({}, 429), RateLimitedError),
            (answer({}, 502), UnknownOutcomeError),
            (answer({}, 401), UnauthorizedError),
        ],
    )
    def test_whole(self, reply: Response, kind: type[TargetError]) -> None:
        """What is about the whole request is raised."""
        with pytest.raises(kind):
            self.read(*self.steps(2), reply=reply)

    def test_odd_success(self) -> None:
        """A result may lack its status, or have it inside its data; a code that is not 200 is no success."""
        bare: dict[str, Any] = {"data": []}
        inside = {"data": {"records": [], "status": {"errorcode": 0}}}
        failed = {"data": [], "status": {"errorcode": 0, "code": 500}}

        found = self.read(*self.steps(3), reply=said(bare, inside, failed))

        assert [tuple, tuple, PermanentError] == [type(one) for one in found]

    @pytest.mark.parametrize(
        "rows",
        [
            [],
            [{"elements": []}],
            [{"elements": {}}],
            [{"elements": {"417": []}}],
            [{"elements": {"417": {}}}],
            [{}],
            [7],
        ],
    )
    def test_nothing_tied(self, rows: list[Any]) -> None:
        """No hit has many shapes."""
        walk = walked(onoffice(look_before_create="always"), task(owner("created")), [said(result(rows=rows)), FINE])

        assert verbs(walk) == ["get", "create"]

    @pytest.mark.parametrize("ids", [["8102"], [8102], {"3": "8102"}])
    def test_something_tied(self, ids: Any) -> None:
        """Ids come as text, as numbers, or as an object where PHP's list had holes."""
        reply = said(result(rows=[{"elements": {"417": ids}}]))

        walk = walked(onoffice(look_before_create="always"), task(owner("created")), [reply])

        assert Applied("existed", "estate:address:owner/417/8102") == walk.end

    def test_strange_ids(self) -> None:
        """Ids in no known form bury the event and name the gap."""
        reply = said(result(rows=[{"elements": {"417": ["a"]}}]))

        assert (
            buried(walked(onoffice(look_before_create="always"), task(owner("created")), [reply]))
            == "unexpected_answer"
        )

    def test_secret_echoed(self) -> None:
        """A vendor that repeats our secrets does not get them into an error."""
        walk = walked(onoffice(), task(owner("created")), [refused(999, f"token {TOKEN}\n secret {SECRET}")])

        assert str(walk.end) == "onOffice 999: token *** secret ***. Link estate:address:owner, parent 417, child 8102."

    @given(st.binary(max_size=200))
    def test_any_bytes(self, body: bytes) -> None:
        """Whatever bytes come, only errors of ours come out."""
        self.only_ours(Response(200, {}, body))

    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False)
            | st.sampled_from([TOKEN, SECRET, "0", "97"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "status",
                            "response",
                            "results",
                            "data",
                            "records",
                            "elements",
                            "errorcode",
                            "code",
                            "message",
                            "identifier",
                            "417",
                        ]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=20,
        ),
        st.sampled_from([200, 200, 200, 204, 301, 400, 404, 500]),
    )
    def test_any_json(self, body: Any, status: int) -> None:
        """Whatever JSON comes, only errors of ours come out, and no secret in them."""
        try:
            raw = orjson.dumps(body)
        except TypeError:
            raw = b"{}"
        self.only_ours(Response(status, {}, raw))

    @given(
        st.recursive(
            st.none() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["elements", "417", "0"]), inner, max_size=3)
            ),
            max_leaves=9,
        )
    )
    def test_any_records(self, rows: Any) -> None:
        """Whatever a look-up shows, the course ends in a way that we know."""
        reply = answer(
            {"status": {"code": 200, "errorcode": 0}, "response": {"results": [{"data": {"records": rows}}]}}
        )

        walk = walked(onoffice(look_before_create="always"), task(owner("created")), [reply, FINE], spare=True)

        assert isinstance(walk.end, Applied | TargetError)

    def only_ours(self, reply: Response) -> None:
        try:
            found = onoffice().read(self.steps(2), reply)
        except TargetError as error:
            found = [error]
        for one in found:
            assert isinstance(one, tuple | TargetError)
            assert TOKEN not in str(one)
            assert SECRET not in str(one)


class TestTarget:
    def test_identity(self) -> None:
        """The identity is the host and a digest that changes with the token and hides it."""
        host, account = onoffice().identity()

        assert host == "api.onoffice.de"
        assert len(account) == 16
        assert account != onoffice(token="other").identity()[1]

    @pytest.mark.parametrize(
        ("reply", "well"), [(NOTHING, True), (refused(80), True), (refused(137), False), (said(code=400), False)]
    )
    def test_probe(self, reply: Response, well: bool) -> None:
        """A probe is well when credentials and address are, whatever the record."""
        target = onoffice()
        try:
            (found,) = target.read([target.probe()], reply)
        except TargetError as error:
            found = error

        assert well is not isinstance(found, ClosedError)

    def test_session(self) -> None:
        """There is no session to renew, and no create goes without a key."""
        target = onoffice()
        target.forget_session()

        assert target.exchange(NOW) is None
        assert not target.keyless(task(owner("created")).data)

    def test_silent(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing of a request shows in its repr, nor in a log."""
        caplog.set_level(logging.DEBUG)
        target = onoffice()
        shown = repr(target.request([probe_step()], NOW)) + repr(target) + repr(target._settings) + caplog.text

        assert TOKEN not in shown
        assert SECRET not in shown

    def test_remote_id(self) -> None:
        """A remote id is read back as the link; anything else is none."""
        assert Triple.read("calendar:address/1,2/3") == Triple("calendar:address", (1, 2), (3,))
        assert Triple.read("77") is None

    def test_long_detail(self) -> None:
        """A link of many records is told in few words."""
        assert str(Triple("a:b", (1,), tuple(range(1, 101)))) == "Link a:b, parent 1, child 1, 2, 3, 4, 5 and 95 more"

    def test_unsupported_class(self) -> None:
        """An error of half a change keeps its class."""
        walk = walked(
            onoffice(),
            task(link("deleted"), "estate:address:owner/417/1,2"),
            [said(result(), result(168)), tied(417, 2)],
        )

        assert isinstance(walk.end, UnsupportedError)
        assert walk.end.applied_in_part

    def test_ask_is_hidden(self) -> None:
        """A step's repr holds nothing of its body."""
        assert "Ask" not in repr(Step(Ask(())))
