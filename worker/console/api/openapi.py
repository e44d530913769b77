"""The API as an OpenAPI 3.1 document, made from the table that routes it."""

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from worker.console.api.operation import Operation, answer
from worker.console.api.table import OPERATIONS, SCHEMAS, ref
from worker.console.problem import KIND, title
from worker.console.sources import SOURCES

PATH = "/api/openapi.json"
PLACE = re.compile(r"{([a-z]+)}")
TEXT: Mapping[str, Any] = {"type": "string"}
MAYBE: Mapping[str, Any] = {"type": ["string", "null"]}
WHEN: Mapping[str, Any] = {"type": "string", "format": "date-time"}
MAYBE_WHEN: Mapping[str, Any] = {"type": ["string", "null"], "format": "date-time"}
COUNT: Mapping[str, Any] = {"type": "integer"}
FIGURE: Mapping[str, Any] = {"type": "number"}
MAYBE_FIGURE: Mapping[str, Any] = {"type": ["number", "null"]}
YES: Mapping[str, Any] = {"type": "boolean"}
FREE: Mapping[str, Any] = {"type": "object"}
MAYBE_FREE: Mapping[str, Any] = {"type": ["object", "null"]}
TEXTS: Mapping[str, Any] = {"type": "array", "items": TEXT}
OBJECTS: Mapping[str, Any] = {"type": "array", "items": FREE}
COUNTS: Mapping[str, Any] = {"type": "object", "additionalProperties": COUNT}

LETTER: Mapping[str, Any] = {
    "id": TEXT, "connection": TEXT, "position": COUNT, "source": MAYBE, "subject": MAYBE, "event_id": MAYBE,
    "operation": MAYBE, "reason": TEXT, "detail": TEXT, "fingerprint": TEXT, "status": {"type": ["integer", "null"]},
    "state": {"enum": ["open", "resolved", "discarded"]}, "first_buried_at": WHEN, "buried_at": WHEN,
    "burials": COUNT, "closed_at": MAYBE_WHEN, "closed_by": MAYBE, "why": MAYBE,
}  # fmt: skip
PLAN: Mapping[str, Any] = {
    "id": TEXT, "state": {"enum": ["ready", "running", "paused", "finished", "cancelled", "canary_failed"]},
    "created_at": WHEN, "created_by": TEXT, "changed_at": WHEN, "why": TEXT, "select": FREE, "patch": OBJECTS,
    "force": YES, "share": FIGURE, "rate": MAYBE, "canary": COUNT,
}  # fmt: skip
MODELS: Mapping[str, Mapping[str, Any]] = {
    "Connection": {
        "connection": TEXT, "target": MAYBE, "state": TEXT, "paused": MAYBE_FREE, "worked_by": MAYBE,
        "waiting": COUNT, "replaying": COUNT, "unreported": COUNT, "buried": COUNT, "oldest": MAYBE_WHEN,
        "here": YES, "in_flight": COUNT, "in_flight_limit": COUNT, "quotas": OBJECTS, "taken_a_minute": FIGURE,
        "settled_a_minute": FIGURE, "settled_in_hour": COUNT, "forecast_seconds": MAYBE_FIGURE, "warning": MAYBE,
    },
    "Steered": {"connection": TEXT, "action": TEXT, "worked_by": MAYBE},
    "Group": {
        "fingerprint": TEXT, "reason": TEXT, "action": TEXT, "count": COUNT, "first_buried_at": WHEN,
        "last_buried_at": WHEN, "connections": TEXTS, "sample": TEXT, "detail": TEXT,
    },
    "Page": {"letters": OBJECTS, "after": MAYBE},
    "Letter": {**LETTER, "case": FREE, "replays": OBJECTS},
    "Plan": PLAN,
    "Progress": {
        **PLAN, "letters": COUNT, "ended": COUNT, "counts": COUNTS, "remaining": COUNTS, "per_minute": FIGURE,
        "moved_at": MAYBE_WHEN, "stalled": MAYBE,
    },
    "Rehearsal": {
        "letters": COUNT, "connections": COUNTS, "along": COUNT,
        "seconds": {"type": "object", "additionalProperties": MAYBE_FIGURE}, "verdicts": COUNTS, "shown": OBJECTS,
    },
    "Published": {"id": TEXT, "source": TEXT, "subject": TEXT, "status": TEXT},
    "Delivery": {
        "connection": TEXT, "position": COUNT, "source": TEXT, "subject": TEXT, "event_id": TEXT, "operation": TEXT,
        "state": TEXT, "note": MAYBE, "received_at": WHEN, "settled_at": MAYBE_WHEN, "retry_at": MAYBE_WHEN,
        "attempts": COUNT, "calls": COUNT, "rank": TEXT, "replays": COUNT, "plan": MAYBE, "reported": YES,
    },
    "Relation": {"states": OBJECTS, "deliveries": {"type": "array", "items": ref("Delivery")}},
    "Entry": {"id": COUNT, "at": WHEN, "who": TEXT, "action": TEXT, "detail": {}},
    "Problem": {"type": TEXT, "title": TEXT, "status": COUNT, "detail": TEXT},
}  # fmt: skip


async def document(request: web.Request) -> web.Response:
    """Give the document."""
    return answer(described(request.app[SOURCES].version))


def described(version: str) -> dict[str, Any]:
    """Return the whole API in words."""
    paths: dict[str, dict[str, Any]] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method] = operation(each)
    bodies = {each.body.__name__.rstrip("_"): each.body for each in OPERATIONS if each.body is not None}
    schemas = {name: told_object(members) for name, members in MODELS.items()}
    for name, body in bodies.items():
        schema = body.model_json_schema(ref_template=SCHEMAS + "{model}", by_alias=True)
        schemas |= schema.pop("$defs", {})
        schemas[name] = schema
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "relation-worker",
            "version": version,
            "description": "What operators do, for programs. Changes ask for the operator's token.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def told_object(members: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(members), "required": list(members)}


def operation(each: Operation) -> dict[str, Any]:
    """Return one operation in words."""
    told: dict[str, Any] = {
        "summary": each.summary,
        "operationId": f"{each.handler.__module__.rpartition('.')[2]}_{each.handler.__name__}",
        "tags": [each.tag],
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": TEXT} for name in PLACE.findall(each.path)),
            *(
                {"name": one.name, "in": "query", "description": one.meaning, "schema": one.schema}
                for one in each.parameters
            ),
        ],
        "responses": {
            str(each.status): {"description": "Done.", "content": {each.media: {"schema": each.answer}}},
            **{
                str(status): problem(status)
                for status in (*each.refusals, 401, *((403,) if each.method == "post" else ()))
            },
        },
    }
    if each.body is not None:
        schema = ref(each.body.__name__.rstrip("_"))
        told["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    elif each.raw is not None:
        told["requestBody"] = {"required": True, "content": dict(each.raw)}
    return told


def problem(status: int) -> dict[str, Any]:
    return {"description": title(status), "content": {KIND: {"schema": ref("Problem")}}}
