"""The case file of a dead letter: all that is known of it (contract.md 4.4)."""

import base64
import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from schemas.dead_letter import ACTIONS
from worker.brokers.mode import mode
from worker.errors import TargetError
from worker.journal.rows import INTAKE, Letter, Received, Try
from worker.outcome.ending import Burial, Effort, LastCall, Origin
from worker.outcome.fingerprint import fingerprint
from worker.outcome.result import Teller, moment
from worker.sending.wire import Request

BODY_LIMIT = 4096  # bytes of a request or an answer that a case keeps
ORIGINAL_LIMIT = 65536  # bytes of the input that the event tells; the journal has the whole
DETAIL_LIMIT = 1000
TRIES_KEPT = 20


def letter(
    teller: Teller,
    origin: Origin,
    effort: Effort,
    burial: Burial,
    buried_at: datetime,
    position: int,
    letter_id: str,
    result_id: str,
) -> tuple[Letter, bytes]:
    """Return the letter as the journal keeps it, and its dead-letter event."""
    case = case_file(teller, origin, effort, burial, buried_at, letter_id)
    event = teller.envelope(origin, burial, result_id, buried_at) | {"data": case}
    kept = Letter(
        id=letter_id,
        connection=origin.connection or INTAKE,
        position=position,
        source=origin.event.source if origin.event else origin.attributes.get("source"),
        subject=origin.event.subject if origin.event else origin.attributes.get("subject"),
        event_id=origin.event.id if origin.event else origin.attributes.get("id"),
        operation=origin.operation,  # type: ignore[arg-type]  # an origin's operation is one of the three words
        reason=burial.error.reason,
        detail=case["detail"],
        fingerprint=case["fingerprint"],
        status=status_of(burial.last_call),
        buried_at=buried_at,
        case=orjson.dumps(case),
    )
    return kept, orjson.dumps(event)


def case_file(
    teller: Teller, origin: Origin, effort: Effort, burial: Burial, buried_at: datetime, letter_id: str
) -> dict[str, Any]:
    """Return everything that is known, secrets masked."""
    error = burial.error
    detail = shown(burial, error.detail)[:DETAIL_LIMIT]
    code = error.code if isinstance(error, TargetError) else None
    status = status_of(burial.last_call)
    return {
        **teller.data(origin, effort, replace(burial, tries=()), buried_at),
        "dead_letter_id": letter_id,
        "reason": error.reason,
        "detail": detail,
        "action": ACTIONS[error.reason],
        "error": type(error).__name__,
        "fingerprint": fingerprint(origin.target, origin.operation, error.reason, status, code, detail),
        "applied_in_part": burial.applied_in_part,
        "maybe_applied": burial.maybe_applied,
        "message": message(origin.received),
        "original": original(origin.received),
        "last_call": last_call(burial.last_call) if burial.last_call else None,
        "tries": [attempt(each) for each in burial.tries[-TRIES_KEPT:]],
    }


def shown(burial: Burial, text: str) -> str:
    """Return the text as it may be seen: the last call's secrets masked."""
    return burial.last_call.request.masked(text) if burial.last_call else text


def status_of(call: LastCall | None) -> int | None:
    """Return the HTTP status of the last answer, if there was one."""
    return call.response.status if call and call.response else None


def message(received: Received) -> dict[str, Any]:
    """Return where it came from."""
    return {
        "stream": received.stream,
        "stream_sequence": received.stream_sequence,
        "subject": received.subject,
        "received_at": moment(received.received_at),
    }


def original(received: Received) -> dict[str, Any]:
    """Return the exact input, cut to what an event may carry; bytes that are no text go as base64."""
    body = received.body
    told: dict[str, Any] = {
        "mode": mode(received.headers),
        "headers": dict(received.headers),
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "cut": len(body) > ORIGINAL_LIMIT,
    }
    kept = body[:ORIGINAL_LIMIT]
    try:
        told["body"] = kept.decode("utf-8", "strict" if len(kept) == len(body) else "ignore")
    except UnicodeDecodeError:
        told["body_base64"] = base64.b64encode(kept).decode()
    return told


def last_call(call: LastCall) -> dict[str, Any]:
    """Return the last exchange with every secret masked by the request that held it."""
    request, response = call.request, call.response
    query = "***" if request.masked_query else "&".join(f"{name}={value}" for name, value in request.params)
    return {
        "method": request.method,
        "url": request.masked(request.url + (f"?{query}" if query else "")),
        "request": seen(request, request.body or b""),
        "status": response.status if response else None,
        "headers": {name: request.masked(value) for name, value in response.headers.items()} if response else {},
        "response": seen(request, response.body) if response else None,
        "seconds": round(response.seconds, 6) if response else None,
    }


def seen(request: Request, body: bytes) -> str:
    """Return at most 4 KiB of a body; masked before it is cut, so that no secret is cut in half and shown."""
    return request.masked(body.decode("utf-8", "replace")).encode()[:BODY_LIMIT].decode("utf-8", "ignore")


def attempt(each: Try) -> dict[str, Any]:
    """Return one attempt as the case tells it."""
    return {
        "at": moment(each.at),
        "waited_seconds": round(each.waited_seconds, 6),
        "calls": each.calls,
        "verdict": each.verdict,
        "status": each.status,
        "message": each.message,
    }
