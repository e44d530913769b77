from tests.targets.onoffice.vendor import (
    FINE,
    OWNER,
    actions,
    onoffice,
    result,
    said,
)
from tests.targets.walk import answer, task, walked
from worker.errors import (
    RejectedError,
)
from worker.targets.base import Applied
from worker.targets.onoffice.settings import URN


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
