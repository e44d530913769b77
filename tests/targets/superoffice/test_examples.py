from tests.targets.superoffice.vendor import (
    FILTER,
    UNKNOWN,
    buried,
    called,
    refused,
    went,
)
from tests.targets.walk import answer
from worker.targets.base import Applied


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
