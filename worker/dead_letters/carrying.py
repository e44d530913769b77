"""Writes dead letters as JSON lines, and reads them on another machine."""

import asyncio
import base64
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from worker.dead_letters.errors import DamagedError, DeadLetterError
from worker.intake.document import is_deeper
from worker.journal.carrying import Carried
from worker.journal.journal import Journal
from worker.journal.letters import Buried, Chosen, Filter
from worker.journal.rows import Delivery, Letter, Received

VERSION = 1
PAGE = 200  # letters that are chosen at once
DEEPEST = 100  # levels of a case; none of ours comes near, and deeper ones nobody could write as JSON again
DAMAGED_TOLD = 20  # damaged lines that are named

# What each database can keep: PostgreSQL has no NUL in a text, and both have bounds for numbers and moments.
Plain = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Text = Annotated[Plain, Field(min_length=1, max_length=2000)]
Counted = Annotated[int, Field(ge=0, lt=2**31)]
Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
Moment = Annotated[AwareDatetime, Field(strict=False, ge=EARLIEST, le=LATEST)]
Header = Annotated[tuple[str, str], Field(strict=False)]


class LineError(ValueError):
    """A line is no letter; the text is what it lacks."""


class Line(BaseModel):
    """One exported letter: complete, so that it can be replayed where it is imported."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1]
    id: Text
    connection: Text
    position: Number
    source: Plain | None
    subject: Plain | None
    event_id: Plain | None
    operation: Literal["create", "update", "delete"] | None
    reason: Text
    detail: Plain
    fingerprint: Plain
    status: Counted | None
    buried_at: Moment
    first_buried_at: Moment
    burials: Annotated[Counted, Field(ge=1)]
    maybe_sent: bool
    attempts: Counted
    calls: Counted
    replays: Counted
    delivery_source: Plain
    delivery_subject: Plain
    delivery_event_id: Plain
    delivery_operation: Literal["create", "update", "delete"]
    digest: str
    stream: Plain
    stream_sequence: Number
    topic: Plain
    received_at: Moment
    headers: tuple[Header, ...] = Field(strict=False)
    body_base64: str
    sha256: str
    case: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: ids that are new here, and those that were known and are left as they are."""

    new: tuple[str, ...]
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carries letters out of one journal and into it."""

    journal: Journal
    now: Callable[[], datetime]

    async def export(self, wanted: Filter) -> AsyncIterator[bytes]:
        """Yield a line of JSON for each letter, in order of connection and position, which no burial changes.

        What has no bytes left is not in it.
        """
        after: Chosen | None = None
        while page := await self.journal.letters.chosen(wanted, PAGE, after):
            for each in page:
                line = await self.line(each)
                if line is not None:
                    yield line
            after = page[-1]

    async def line(self, chosen: Chosen) -> bytes | None:
        """Return one letter as a line; None: it is gone, or it was resolved, which took its bytes."""
        row = await self.journal.delivery(chosen.connection, chosen.position)
        buried = await self.journal.letters.one(chosen.id)  # what is resolved since has its bytes
        if row is None or buried is None or (buried.state == "resolved" and not row.received.body):
            return None
        return orjson.dumps(line_of(buried, row)) + b"\n"

    async def read(self, raw: bytes, by: str) -> Imported:
        """Take letters in, all or none; raises DamagedError with the lines that are none."""
        carried = await asyncio.to_thread(lines, raw)  # megabytes take seconds
        if not carried:
            raise DeadLetterError("there is no line in it; nothing was imported")
        new = await self.journal.letters.carry(carried)
        known = {each.letter.id for each in carried} - set(new)
        detail = {"letters": len(new), "known": len(known), "ids": new[:20]}
        await self.journal.audit.append(by, "dead.import", detail, self.now())
        return Imported(tuple(new), tuple(sorted(known)))


def line_of(buried: Buried, row: Delivery) -> dict[str, Any]:
    """Return what a letter's line says."""
    letter, received = buried.letter, row.received
    return {
        "version": VERSION,
        "id": letter.id,
        "connection": letter.connection,
        "position": letter.position,
        "source": letter.source,
        "subject": letter.subject,
        "event_id": letter.event_id,
        "operation": letter.operation,
        "reason": letter.reason,
        "detail": letter.detail,
        "fingerprint": letter.fingerprint,
        "status": letter.status,
        "buried_at": letter.buried_at.isoformat(),
        "first_buried_at": buried.first_buried_at.isoformat(),
        "burials": buried.burials,
        "maybe_sent": row.maybe_sent,
        "attempts": row.attempts,
        "calls": row.calls,
        "replays": row.replays,
        "delivery_source": row.source,
        "delivery_subject": row.subject,
        "delivery_event_id": row.event_id,
        "delivery_operation": row.operation,
        "digest": row.digest.hex(),
        "stream": received.stream,
        "stream_sequence": received.stream_sequence,
        "topic": received.subject,
        "received_at": received.received_at.isoformat(),
        "headers": [list(pair) for pair in received.headers],
        "body_base64": base64.b64encode(received.body).decode(),
        "sha256": hashlib.sha256(received.body).hexdigest(),
        "case": orjson.loads(letter.case),
    }


def lines(raw: bytes) -> list[Carried]:
    """Return the letters of an export, in order of their positions; raises DamagedError with the damaged lines."""
    found: dict[str, Carried] = {}
    told: list[tuple[int, str]] = []
    damaged = 0
    for number, text in enumerate(io.BytesIO(raw), 1):
        try:
            if text.strip():
                add(carried_of(text), found)
        except LineError as error:
            damaged += 1
            if damaged <= DAMAGED_TOLD:
                told.append((number, str(error)))
    if damaged:
        raise DamagedError(told, damaged)
    return sorted(found.values(), key=lambda each: (each.delivery.position, each.letter.id))


def add(carried: Carried, found: dict[str, Carried]) -> None:
    """Add a letter to those of earlier lines; raises LineError."""
    if carried.letter.id in found:
        raise LineError("the same letter stands on an earlier line")
    found[carried.letter.id] = carried


def carried_of(text: bytes) -> Carried:
    """Return the letter that one line holds; raises LineError."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise LineError("is not JSON") from None
    if not isinstance(given, dict):
        raise LineError("is no dead letter, only a JSON object can be one")
    try:
        line = Line.model_validate(given)
        body, digest = base64.b64decode(line.body_base64, validate=True), bytes.fromhex(line.digest)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise LineError(f"is no dead letter, {where}: {first['msg']}") from None
    except ValueError:
        raise LineError("its body is not what was exported") from None
    if hashlib.sha256(body).hexdigest() != line.sha256:
        raise LineError("its body is not what was exported")
    if is_deeper(line.case, DEEPEST):
        raise LineError(f"is no dead letter, case: is nested deeper than {DEEPEST}")
    return Carried(delivery_of(line, body, digest), letter_of(line), line.first_buried_at, line.burials)


def delivery_of(line: Line, body: bytes, digest: bytes) -> Delivery:
    """Return the delivery that a line tells of."""
    received = Received(line.stream, line.stream_sequence, line.topic, line.received_at, line.headers, body)
    return Delivery(
        connection=line.connection,
        position=line.position,
        source=line.delivery_source,
        subject=line.delivery_subject,
        event_id=line.delivery_event_id,
        digest=digest,
        operation=line.delivery_operation,
        received=received,
        maybe_sent=line.maybe_sent,
        attempts=line.attempts,
        calls=line.calls,
        replays=line.replays,
    )


def letter_of(line: Line) -> Letter:
    """Return the letter that a line tells of."""
    return Letter(
        id=line.id,
        connection=line.connection,
        position=line.position,
        source=line.source,
        subject=line.subject,
        event_id=line.event_id,
        operation=line.operation,
        reason=line.reason,
        detail=line.detail,
        fingerprint=line.fingerprint,
        status=line.status,
        buried_at=line.buried_at,
        case=orjson.dumps(dict(line.case)),
    )
