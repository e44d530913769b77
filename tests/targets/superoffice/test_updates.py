import pytest

from tests.targets.superoffice.vendor import (
    FILTER,
    UNKNOWN,
    buried,
    called,
    entity,
    link,
    partner,
    refused,
    rows,
    superoffice,
    went,
)
from tests.targets.walk import task, walked
from worker.targets.base import Applied, Known


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

    def test_made_in_doubt(self) -> None:
        """What a create out of an update made before its answer was lost is adopted, and made right."""
        event = partner("updated", children=[{"record_id": 57}], previous={"children": [{"record_id": 56}]})
        commented = {**event, "data": {**event["data"], "comment": "new"}}
        made = entity(80, DestinationContactId=57)

        found = went(event, [rows(), UNKNOWN, rows(), rows(80), made])
        changed = went(commented, [rows(), UNKNOWN, rows(), rows(80), made, made])
        gone = went(event, [refused(404), rows(), UNKNOWN, refused(404), rows(), rows(80), made], "78")
        undone = went(event, [rows(), UNKNOWN, rows(), rows(), entity(81)])

        assert found.end == gone.end == Applied("created", "80", warnings=("found after an unknown outcome",))
        assert [body for body in found.bodies if body is not None] == [found.bodies[1]]
        assert changed.bodies[-1] == [{"op": "replace", "path": "/Comment", "value": "new"}]
        assert undone.end == Applied("created", "81")

    def test_made_in_doubt_where_it_was_looked_for(self) -> None:
        """Without `previous` the first search was for the same ends, so there is no second one."""
        walk = went(partner("updated"), [rows(), UNKNOWN, rows(), entity(81)])

        assert called(walk) == ["GET Relation", "POST Relation", "GET Relation", "POST Relation"]

    def test_look_always(self) -> None:
        """Where looking comes first, what is there already between the new ends is kept."""
        event = partner("updated", children=[{"record_id": 57}], previous={"children": [{"record_id": 56}]})

        walk = went(event, [rows(), rows(80), entity(80, DestinationContactId=57)], look_before_create="always")

        assert walk.end == Applied("existed", "80")

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
