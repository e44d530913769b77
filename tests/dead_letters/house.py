"""A journal with dead letters of a real onOffice connection, and the service over it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from schemas.dead_letter import dead_letter_id, intake_letter_id
from worker.dead_letters.service import DeadLetters
from worker.errors import InvalidMessageError, RejectedError, WorkerError
from worker.intake.decode import Decoder
from worker.journal.journal import Journal
from worker.journal.rows import INTAKE, Delivery, Received, Reported, Settled
from worker.outcome.case_file import letter
from worker.outcome.ending import Burial, Effort, LastCall, Origin
from worker.outcome.result import Teller
from worker.sending.wire import Request, Response
from worker.settings import build
from worker.targets.options import ConnectionSettings

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CRM = "/crm"
TELLER = Teller("test", "0")
SETTINGS: dict[str, Any] = {
    "connections": {
        "acme": {"target": "onoffice", "token": "tok-1", "secret": "sec-1", "quotas": ["10/min"], "batch": 1},
        "parts": {"target": "outsmart", "token": "tok-2", "software_token": "sec-2"},
    }
}
LINK = {"kind": "link", "relation_type": "estate:address:owner"}
DATA = LINK | {"parents": [{"record_id": 417}], "children": [{"record_id": 1022}]}


@dataclass(slots=True)
class Clock:
    """The wall's time, as far as a test goes on."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def go_on(self, **time: float) -> None:
        self.at += timedelta(**time)


def document(position: int, subject: str, operation: str = "created", **more: Any) -> dict[str, Any]:
    """Return an event in structured form."""
    return {
        "specversion": "1.0",
        "id": f"e-{position}",
        "source": CRM,
        "type": f"relation.{operation}",
        "subject": subject,
        "time": "2026-03-02T11:59:59Z",
        "data": DATA,
        **more,
    }


def received(position: int, event: Any) -> Received:
    body = event if isinstance(event, bytes) else orjson.dumps(event)
    operation = event.get("type", "relation.created") if isinstance(event, dict) else "relation.created"
    return Received("RELATIONS", position, str(operation), NOW, (), body)


@dataclass(slots=True)
class House:
    """The journal, its clock, and what a test lays down in it."""

    journal: Journal
    clock: Clock = field(default_factory=Clock)

    @property
    def service(self) -> DeadLetters:
        return self.serving(build(SETTINGS).connections)

    def serving(self, connections: Mapping[str, ConnectionSettings]) -> DeadLetters:
        """Return the service for other connections than usual."""
        return DeadLetters(self.journal, connections, Decoder(), 2**20, self.clock.now)

    async def bury(
        self,
        position: int,
        subject: str = "cust-1",
        operation: str = "created",
        *,
        connection: str = "acme",
        error: WorkerError | None = None,
        told: bool = True,
        **more: Any,
    ) -> str:
        """Lay one letter down, reported, and return its id."""
        event = document(position, subject, operation, **more)
        row = self.row(position, event, connection)
        await self.journal.take([row])
        return await self.lay(row, error or RejectedError("It says no.", reason="rejected"), told=told)

    def row(self, position: int, event: dict[str, Any], connection: str) -> Delivery:
        came = received(position, event)
        decoded = Decoder().decode(came)
        words = (decoded.event.source, decoded.event.subject, decoded.event.id, decoded.digest)
        return Delivery(connection, position, *words, decoded.event.operation, came)

    async def lay(self, row: Delivery, error: WorkerError, *, told: bool) -> str:
        event = Decoder().decode(row.received).event
        origin = Origin(row.connection, "onoffice", "onoffice/1", row.operation, event, row.received, {})
        call = LastCall(
            Request("POST", "https://x.invalid/", body=b'{"hmac":"s3cr3t"}', secrets=("s3cr3t",)), Response(400)
        )
        effort, burial = Effort(1, 1), Burial(error, last_call=call)
        letter_id = dead_letter_id(row.connection, row.source, row.event_id)
        now = self.clock.now()
        kept, result = letter(TELLER, origin, effort, burial, now, row.position, letter_id, f"r-{row.position}")
        place = (row.connection, row.position)
        await self.journal.commit(Settled(*place, "dead_lettered", 1, 1, now, result, letter=kept))
        if told:
            await self.journal.commit(Reported(*place))
        return letter_id

    async def bury_at_intake(self, position: int, event: Any, detail: str = "subject: is required") -> str:
        """Lay down what intake could not read, and return the letter's id."""
        came = received(position, event)
        letter_id = intake_letter_id("RELATIONS", "now", position)
        origin = Origin(None, None, "", None, None, came, {})
        burial = Burial(InvalidMessageError(detail, reason="malformed"))
        now = self.clock.now()
        kept, result = letter(TELLER, origin, Effort(), burial, now, position, letter_id, f"r-{position}")
        row = Delivery(INTAKE, position, "", "", "", b"", "create", came)
        await self.journal.take([], [(row, Settled(INTAKE, position, "dead_lettered", 0, 0, now, result, letter=kept))])
        await self.journal.commit(Reported(INTAKE, position))
        return letter_id
