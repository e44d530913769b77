"""The event that Python peers bring, as the worker's own load has it."""


def job(number: int) -> dict[str, object]:
    """Return one event."""
    return {
        "specversion": "1.0",
        "id": f"acme-{number}",
        "source": "/bench/crm",
        "type": "relation.created",
        "subject": f"link-{number}",
        "time": "2026-03-02T09:15:04.120+01:00",
        "data": {
            "kind": "link",
            "relation_type": "holding",
            "parents": [{"record_id": 1 + number}],
            "children": [{"record_id": 2_000_000 + number}],
            "comment": "holding of",
        },
    }
