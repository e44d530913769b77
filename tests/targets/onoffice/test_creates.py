from typing import Any

import pytest

from tests.targets.onoffice.vendor import (
    FINE,
    NOTHING,
    OWNER,
    UNKNOWN,
    actions,
    buried,
    meeting,
    onoffice,
    owner,
    records,
    refused,
    tied,
    verbs,
)
from tests.targets.walk import task, walked
from worker.targets.base import Applied, Known
from worker.targets.onoffice.settings import URN


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
