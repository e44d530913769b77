"""A folder with settings and a journal in it, as an operator has one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import orjson
from typer.testing import CliRunner

from worker.cli.face import application
from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Letter, Paused, Received, RelationState, Settled

HOSTILE = "\x1b]0;owned\x07\x9b31mred\u202e\nforged line"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECRETS = {
    "RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__TOKEN": "onoffice-token-1",
    "RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__SECRET": "onoffice-secret-1",
    "RELATION_WORKER_CONNECTIONS__ACME_OUTSMART__TOKEN": "outsmart-token-1",
    "RELATION_WORKER_CONNECTIONS__ACME_OUTSMART__SOFTWARE_TOKEN": "outsmart-secret-1",
}
SETTINGS = """
[connections.acme-onoffice]
target = "onoffice"
[connections.acme-outsmart]
target = "outsmart"
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return orjson.loads(self.out)


def command(*args: str, stdin: bytes | None = None) -> Answer:
    """Run one command in this process."""
    found = CliRunner().invoke(application(), list(args), input=stdin)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return Answer(found.exit_code, found.stdout, found.stderr)


def delivery(position: int, subject: str, event_id: str, connection: str = "acme-onoffice") -> Delivery:
    received = Received("RELATIONS", position, "relation.created.link", NOON, (), b"{}")
    return Delivery(connection, position, "/crm", subject, event_id, b"digest", "create", received)


def settled(of: Delivery, outcome: Literal["applied", "dead_lettered"], *, letter: Letter | None = None) -> Settled:
    relation = RelationState(of.connection, of.source, of.subject, "77", False, of.position, "42")
    return Settled(
        of.connection,
        of.position,
        outcome,
        1,
        2,
        NOON,
        b"{}",
        relation=relation if outcome == "applied" else None,
        letter=letter,
    )


def letter(of: Delivery, name: str, reason: str, detail: str) -> Letter:
    tried = {"at": NOON.isoformat(), "waited_seconds": 0.2, "calls": 1, "verdict": "bury", "status": 200}
    case = {
        "action": "Create what lacks, then replay.",
        "maybe_applied": True,
        "tries": [tried | {"message": detail}],
        "last_call": {"method": "POST", "url": "https://x", "request": "***", "status": 200, "response": detail},
        "original": {"body": detail, "size": len(detail), "mode": "structured", "cut": False},
    }
    return Letter(
        name,
        of.connection,
        of.position,
        of.source,
        of.subject,
        of.event_id,
        of.operation,
        reason,
        detail,
        "0123456789abcdef",
        200,
        NOON,
        orjson.dumps(case),
    )


async def furnish(file: Path) -> None:
    """Fill a journal: one applied, one waiting, two buried, one connection paused."""
    journal = await Journal.open(f"sqlite:///{file}")
    applied, waiting = delivery(1, "cust-1", "e-1"), delivery(2, "cust-2", "e-2")
    hostile, plain = delivery(3, HOSTILE, HOSTILE), delivery(4, "cust-4", "e-4", "acme-outsmart")
    await journal.take([applied, waiting, hostile, plain])
    await journal.commit(settled(applied, "applied"))
    await journal.commit(
        settled(hostile, "dead_lettered", letter=letter(hostile, "letter-1", "not_found", HOSTILE)),
        settled(plain, "dead_lettered", letter=letter(plain, "letter-2", "rejected", "1300: insert failed")),
    )
    await journal.commit(Paused("acme-outsmart", "vendor", f"credentials {HOSTILE}", None))
    await journal.close()
