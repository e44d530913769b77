"""Rows of the deliveries table from deliveries, and back."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import orjson

from worker.journal.rows import Delivery, Rank, Received, State, Try

LONGEST = 500  # characters of a remote id; PostgreSQL's indexes take 2,700 bytes

STATES: tuple[State, ...] = get_args(State)
RANKS: tuple[Rank, ...] = get_args(Rank)
CODES: dict[str, int] = {state: code for code, state in enumerate(STATES)}
RANK_CODES: dict[str, int] = {rank: code for code, rank in enumerate(RANKS)}

INSERTED = (
    "connection",
    "position",
    "shelf",
    "source",
    "subject",
    "event_id",
    "digest",
    "operation",
    "rank",
    "replays",
    "plan",
    "stream",
    "stream_sequence",
    "topic",
    "received_at",
    "headers",
    "body",
)
SELECTED = (
    "connection",
    "position",
    "source",
    "subject",
    "event_id",
    "digest",
    "operation",
    "state",
    "maybe_sent",
    "marks",
    "attempts",
    "calls",
    "first_attempt_at",
    "retry_at",
    "tries",
    "rank",
    "plan",
    "replays",
    "stream",
    "stream_sequence",
    "topic",
    "received_at",
    "headers",
    "body",
)
_SENT = CODES["sent"]
SHELF = 12  # bits of a position that count the places on a shelf

Row = Sequence[Any]


def seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def moment(value: float) -> datetime:
    return datetime.fromtimestamp(value, UTC)


def moment_or_none(value: float | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value, UTC)


def packed(value: Any) -> bytes:
    """Return JSON; texts that are no valid Unicode are kept as they are."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value).encode()


def unpacked(value: bytes) -> Any:
    """Return what `packed` was given."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return json.loads(value)


def storable(text: str) -> str:
    """Return a text that every database holds: no NUL, no half of a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def inserted(delivery: Delivery) -> tuple[Any, ...]:
    """Return the values of `INSERTED`."""
    received = delivery.received
    return (
        delivery.connection,
        delivery.position,
        delivery.position >> SHELF,
        delivery.source,
        delivery.subject,
        delivery.event_id,
        delivery.digest,
        delivery.operation,
        RANK_CODES[delivery.rank],
        delivery.replays,
        delivery.plan,
        received.stream,
        received.stream_sequence,
        storable(received.subject),
        received.received_at.timestamp(),
        packed(received.headers) if received.headers else None,
        received.body,
    )


def delivery(row: Row) -> Delivery:
    """Return the delivery that the values of `SELECTED` describe."""
    connection, position, source, subject, event_id, digest, operation = row[:7]
    state, maybe_sent, marks, attempts, calls = row[7:12]
    first_attempt_at, retry_at, tried, rank, plan, replays = row[12:18]
    return Delivery(
        connection,
        position,
        source,
        subject,
        event_id,
        digest,
        operation,
        received(row[18:]),
        state == _SENT or bool(maybe_sent),
        marks,
        attempts,
        calls,
        moment_or_none(first_attempt_at),
        moment_or_none(retry_at),
        tries(tried),
        RANKS[rank],
        plan,
        replays,
    )


def received(row: Row) -> Received:
    """Return the message that the last values of `SELECTED` describe."""
    stream, stream_sequence, topic, received_at, packed_headers, body = row
    return Received(stream, stream_sequence, topic, moment(received_at), headers(packed_headers), body or b"")


def headers(value: bytes | None) -> tuple[tuple[str, str], ...]:
    return () if value is None else tuple(map(tuple, unpacked(value)))


def packed_tries(values: Sequence[Try]) -> bytes | None:
    """Return attempts as JSON; None for none."""
    if not values:
        return None
    return packed([(t.at.timestamp(), t.waited_seconds, t.calls, t.verdict, t.status, t.message) for t in values])


def tries(value: bytes | None) -> tuple[Try, ...]:
    """Return what `packed_tries` was given."""
    if value is None:
        return ()
    return tuple(
        Try(moment(at), waited, calls, verdict, status, message)
        for at, waited, calls, verdict, status, message in unpacked(value)
    )


def remote_key(remote_id: str | None) -> str | None:
    """Return what a remote id is found by, and told from others."""
    if remote_id is None or len(remote_id) <= LONGEST:
        return remote_id
    return f"sha256:{hashlib.sha256(remote_id.encode()).hexdigest()}"
