"""Events as producers would publish them, made before the clock runs."""

import time
from dataclasses import dataclass
from typing import Literal

import orjson

Kind = Literal["link", "party"]
TIME = "2026-03-02T09:15:04.120+01:00"
SUBJECT = "relation.created"


@dataclass(frozen=True, slots=True)
class Load:
    """So many events for each of some connections, in turns; `mark` tells this load from others."""

    kind: Kind
    connections: tuple[str, ...]
    count: int
    mark: str

    def bodies(self) -> list[bytes]:
        """Return the events, each about a relation of its own."""
        return [
            orjson.dumps(event(self.kind, name, f"{self.mark}-{number}", number))
            for number in range(self.count)
            for name in self.connections
        ]


def event(kind: Kind, connection: str, key: str, number: int) -> dict[str, object]:
    """Return one event: that a link or a party was created."""
    return {
        "specversion": "1.0",
        "id": f"{connection}-{key}",
        "source": "/bench/crm",
        "type": "relation.created",
        "subject": key,
        "time": TIME,
        "target": connection,
        "data": link(number) if kind == "link" else party(key, number),
    }


def link(number: int) -> dict[str, object]:
    """Return two companies tied together."""
    ends = {"parents": [{"record_id": 1 + number}], "children": [{"record_id": 2_000_000 + number}]}
    return {"kind": "link", "relation_type": "holding", **ends, "comment": "holding of"}


def party(key: str, number: int) -> dict[str, object]:
    """Return a customer as OutSmart wants one."""
    address = {"street": "Kade", "house_number": str(number), "postal_code": "9711AB", "city": "Groningen"}
    given = {"kind": "party", "party_type": "organization", "customer_number": key, "name": f"Bakkerij {number}"}
    return {**given, "email": f"info{number}@example.org", "telephone": "+31501234567", "address": address}


def fresh() -> str:
    """Return a mark that no load of this machine has had."""
    return f"{time.monotonic_ns():x}"
