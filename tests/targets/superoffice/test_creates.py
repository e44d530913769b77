from typing import Any

import pytest

from tests.targets.superoffice.vendor import (
    buried,
    called,
    entity,
    partner,
    refused,
    rows,
    superoffice,
    went,
)
from tests.targets.walk import answer, task, walked
from worker.targets.base import Applied, Known


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

    def test_native_id_of_what_is_there(self) -> None:
        """A link that is there already keeps its id: the one meant for a new link finds no place, and is named."""
        event = partner("created", native={"superoffice": {"RelationId": 783}})

        walk = went(event, [entity()], "78", native_relation_id="send")

        assert "/RelationId" not in {one["path"] for one in walk.bodies[0]}
        assert walk.end == Applied("updated", "78", ("native.superoffice.RelationId",))

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
