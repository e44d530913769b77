from typing import Any

from schemas.result import Applied, ResultAttributes, Superseded, intake_result_id, result_id

ABOUT = {
    "id": "0199c1f2-5d10-7c3a-9f0e-3c1d5a7b9e01",
    "source": "https://crm.example/customers",
    "type": "relation.created",
    "subject": "cust-5012",
    "time": "2026-03-02T09:15:04.120+01:00",
    "sequence": "00000000000000000042",
}
APPLIED: dict[str, Any] = {
    "connection": "acme-silvasoft",
    "target": "silvasoft",
    "operation": "create",
    "outcome": "applied",
    "effect": "created",
    "remote_id": "120034",
    "event": ABOUT,
    "absorbed": [],
    "attempts": 1,
    "calls": 1,
    "timings": {
        "received_at": "2026-03-02T08:15:04.131Z",
        "settled_at": "2026-03-02T08:15:05.311Z",
        "waited_seconds": 0.86,
        "sent_seconds": 0.31,
    },
    "dropped": ["language"],
    "warnings": [],
    "replay": None,
    "worker": {"version": "1.0.0", "mapping": "silvasoft/1"},
}
ATTRIBUTES = {
    "specversion": "1.0",
    "type": "relation.applied",
    "id": "5d1c6f0e-53a5-5b0c-9a53-2f6f1b8c9d10",
    "source": "urn:relation-worker:main",
    "subject": "cust-5012",
    "time": "2026-03-02T08:15:05.311Z",
    "datacontenttype": "application/json",
    "dataschema": "urn:relation-worker:result:1",
    "connection": "acme-silvasoft",
    "causationid": "0199c1f2-5d10-7c3a-9f0e-3c1d5a7b9e01",
    "correlationid": "signup-77",
    "partitionkey": "7",
}


def test_applied() -> None:
    """The contract's example of a result is one, and is written as it was read."""
    written = Applied.model_validate(APPLIED).model_dump(mode="json")

    assert {name: written[name] for name in APPLIED if name != "timings"} == {
        name: value for name, value in APPLIED.items() if name != "timings"
    }


def test_superseded() -> None:
    """An optional member that lacks is not written."""
    data = {name: value for name, value in APPLIED.items() if name not in {"effect", "absorbed", "dropped", "warnings"}}
    data |= {"outcome": "superseded", "superseded": {"why": "merged", "by": "e-2"}, "remote_id": None}
    written = Superseded.model_validate(data).model_dump(mode="json")

    assert written["superseded"] == {"why": "merged", "by": "e-2"}


def test_attributes() -> None:
    """A result hands on what its contract does not know."""
    read = ResultAttributes.model_validate(ATTRIBUTES)

    assert read.model_extra == {"partitionkey": "7"}


def test_ids() -> None:
    """A result's id is the same for a repeat, and another for anything else."""
    parts = ("/crm", "e-1", "acme", "applied", 0)
    others = {
        result_id("/crm", "e-1", "acme", "applied", 1),
        result_id("/crm", "e-1", "acme", "superseded", 0),
        result_id("/crm", "e-1", "acme-b", "applied", 0),
        result_id('/crm","e-1', "", "acme", "applied", 0),
        intake_result_id("/crm", 0),
    }

    assert result_id(*parts) == result_id(*parts) == "86025488-a4ef-5482-9f3b-ed86bd57a830"
    assert result_id(*parts) not in others
    assert len(others) == 5
