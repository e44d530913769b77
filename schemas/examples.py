"""One message of each kind, as it goes over the wire."""

from collections.abc import Mapping
from typing import Any

EVENT: Mapping[str, Any] = {
    "specversion": "1.0",
    "id": "0199c1f2-5d10-7c3a-9f0e-3c1d5a7b9e01",
    "source": "https://crm.example/customers",
    "subject": "cust-5012",
    "time": "2026-03-02T09:15:04.120+01:00",
    "datacontenttype": "application/json",
    "sequence": "00000000000000000042",
    "correlationid": "signup-77",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}
LINK: Mapping[str, Any] = {
    "kind": "link",
    "relation_type": "owner",
    "parents": [{"record_id": 417}],
    "children": [{"record_id": 8102}],
}
PARTY: Mapping[str, Any] = {
    "kind": "party",
    "party_type": "person",
    "customer_number": "5012",
    "given_name": "Jet",
    "family_name": "Visser",
}
DATA: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "created": {"link": LINK, "party": PARTY},
    "updated": {"link": {**LINK, "comment": "since 2019"}, "party": {**PARTY, "email": "jet@example.org"}},
    "deleted": {"link": LINK, "party": {"kind": "party"}},
}


def event(word: str, kind: str) -> dict[str, Any]:
    """Return a whole event, `word` being created, updated or deleted."""
    return {**EVENT, "type": f"relation.{word}", "data": DATA[word][kind]}


def headers(word: str) -> dict[str, str]:
    """Return the headers of the same event in binary mode, whose body is the data alone."""
    told = {f"ce-{name}": value for name, value in EVENT.items()}
    return {**told, "ce-type": f"relation.{word}"}


ENDED: Mapping[str, Any] = {
    "target": "silvasoft",
    "remote_id": "120034",
    "event": {
        "id": EVENT["id"],
        "source": EVENT["source"],
        "type": "relation.created",
        "subject": EVENT["subject"],
        "time": EVENT["time"],
        "sequence": EVENT["sequence"],
    },
    "connection": "acme-silvasoft",
    "operation": "create",
    "attempts": 1,
    "calls": 1,
    "timings": {
        "received_at": "2026-03-02T08:15:04.131Z",
        "settled_at": "2026-03-02T08:15:05.311Z",
        "waited_seconds": 0.86,
        "sent_seconds": 0.31,
    },
    "replay": None,
    "worker": {"version": "1.0.0", "mapping": "silvasoft/1"},
}
OUTCOMES: Mapping[str, Mapping[str, Any]] = {
    "applied": {"effect": "created", "absorbed": [], "dropped": ["language"], "warnings": []},
    "superseded": {
        "attempts": 0,
        "calls": 0,
        "remote_id": None,
        "superseded": {"why": "merged", "by": "0199c1f2-5d10-7c3a-9f0e-3c1d5a7b9e02"},
    },
    "dead_lettered": {
        "remote_id": None,
        "absorbed": [],
        "dropped": [],
        "dead_letter_id": "0f5b8d7e-3f0a-5a39-a6a5-0f4f5a4f9c77",
        "reason": "rejected",
        "detail": "Silvasoft refuses the customer's e-mail address.",
        "action": "Read what the target says, patch accordingly, then replay.",
        "error": "RejectedError",
        "fingerprint": "9c0f4be1a77d2e35",
        "applied_in_part": False,
        "maybe_applied": False,
        "message": {
            "stream": "RELATIONS",
            "stream_sequence": 10417,
            "subject": "relation.created.party",
            "received_at": "2026-03-02T08:15:04.131Z",
        },
        "original": {
            "mode": "structured",
            "headers": {},
            "body": '{"specversion":"1.0","id":"0199c1f2',
            "size": 412,
            "sha256": "5f2b3d0a8c9e17467b9a1c0d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f7",
            "cut": True,
        },
        "last_call": None,
        "tries": [],
    },
}


def result(outcome: str) -> dict[str, Any]:
    """Return a whole result event."""
    handed_on = {name: EVENT[name] for name in ("subject", "correlationid", "traceparent", "datacontenttype")}
    return {
        **handed_on,
        "specversion": "1.0",
        "type": f"relation.{outcome}",
        "id": "5d1c6f0e-53a5-5b0c-9a53-2f6f1b8c9d10",
        "source": "urn:relation-worker:main",
        "time": "2026-03-02T08:15:05.311Z",
        "dataschema": "urn:relation-worker:result:1",
        "connection": "acme-silvasoft",
        "causationid": EVENT["id"],
        "data": {**ENDED, "outcome": outcome, **OUTCOMES[outcome]},
    }
