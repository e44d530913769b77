"""All operations of the API, in the order in which the document shows them."""

from collections.abc import Mapping
from typing import Any

from worker.console.api import events, letters, steering
from worker.console.api.operation import Operation, Parameter
from worker.console.body import (
    PLURALS,
    Discarding,
    Empty,
    Pausing,
    Planning,
    Reason_,
    Undoing,
)

SCHEMAS = "#/components/schemas/"
MANY: Mapping[str, Any] = {"type": "array", "items": {"type": "string"}}
NUMBER: Mapping[str, Any] = {"type": "integer", "minimum": 1}
DATE: Mapping[str, Any] = {"type": "string", "format": "date-time"}
FILTERS = (
    *(Parameter(name, f"Only of this {name}; may stand several times.", MANY) for name in PLURALS),
    Parameter("since", "Buried at this moment or later.", DATE),
    Parameter("until", "Buried before this moment.", DATE),
)
STATE = Parameter("state", "Which letters.", {"enum": ["open", "resolved", "discarded"], "default": "open"})
MOST = Parameter("most", "At most so many.", NUMBER)
SOURCE = Parameter("source", "Only of this source.")
EVENT: Mapping[str, Any] = {
    "application/cloudevents+json": {"schema": {"type": "object"}},
    "application/json": {"schema": {"type": "object"}},
}
LINES: Mapping[str, Any] = {letters.LINES: {"schema": {"type": "string"}}}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": SCHEMAS + name}


def array(name: str) -> dict[str, Any]:
    return {"type": "array", "items": ref(name)}


def count(name: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "integer"}}, "required": [name]}


STEERED = ref("Steered")
IMPORTED: Mapping[str, Any] = {
    "type": "object",
    "properties": {"new": MANY, "known": MANY},
    "required": ["new", "known"],
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "get", "/api/connections", steering.listed, "How all connections stand.", "connections", array("Connection")
    ),
    Operation(
        "get",
        "/api/connections/{name}",
        steering.one,
        "How one connection stands.",
        "connections",
        ref("Connection"),
        refusals=(404,),
    ),
    Operation(
        "post",
        "/api/connections/{name}/pause",
        steering.pause,
        "Let a connection take nothing for now.",
        "connections",
        STEERED,
        body=Pausing,
        refusals=(404, 422, 504),
    ),
    Operation(
        "post",
        "/api/connections/{name}/resume",
        steering.resume,
        "Open a paused connection again.",
        "connections",
        STEERED,
        body=Empty,
        refusals=(404, 504),
    ),
    Operation(
        "get",
        "/api/dead/groups",
        letters.groups,
        "Causes of open dead letters, the most frequent first.",
        "dead letters",
        array("Group"),
        parameters=FILTERS,
        refusals=(422,),
    ),
    Operation(
        "get",
        "/api/dead/letters",
        letters.page,
        "Dead letters, those buried last first.",
        "dead letters",
        ref("Page"),
        parameters=(*FILTERS, STATE, MOST, Parameter("after", "Begin behind this id.")),
        refusals=(400, 422),
    ),
    Operation(
        "get",
        "/api/dead/letters/{letter}",
        letters.case,
        "All that is known of one dead letter.",
        "dead letters",
        ref("Letter"),
        refusals=(404,),
    ),
    Operation(
        "post",
        "/api/dead/discard",
        letters.discard,
        "Give dead letters up; for a day it can be undone.",
        "dead letters",
        count("discarded"),
        body=Discarding,
        refusals=(404, 409, 422),
    ),
    Operation(
        "post",
        "/api/dead/undo",
        letters.undo,
        "Bring back what was discarded within the last day.",
        "dead letters",
        count("undone"),
        body=Undoing,
        refusals=(404, 409, 422),
    ),
    Operation(
        "get",
        "/api/dead/export",
        letters.export,
        "Dead letters as JSON lines, complete.",
        "dead letters",
        {"type": "string"},
        parameters=(*FILTERS, STATE),
        media=letters.LINES,
        refusals=(422,),
    ),
    Operation(
        "post",
        "/api/dead/import",
        letters.take_in,
        "Take in what was exported, all or none.",
        "dead letters",
        IMPORTED,
        raw=LINES,
        refusals=(409, 413, 422),
    ),
    Operation(
        "get",
        "/api/plans",
        letters.plans,
        "Replay plans, the newest first.",
        "replays",
        array("Plan"),
        parameters=(MOST,),
    ),
    Operation(
        "post",
        "/api/plans",
        letters.make,
        "Plan a replay; nothing is sent until it is applied.",
        "replays",
        ref("Plan"),
        status=201,
        body=Planning,
        refusals=(404, 409, 422),
    ),
    Operation(
        "post",
        "/api/plans/rehearse",
        letters.rehearse,
        "What such a plan would do; nothing is kept or sent.",
        "replays",
        ref("Rehearsal"),
        body=Planning,
        parameters=(MOST,),
        refusals=(404, 409, 422),
    ),
    Operation(
        "get",
        "/api/plans/{plan}",
        letters.plan,
        "How far a plan has come.",
        "replays",
        ref("Progress"),
        refusals=(404,),
    ),
    Operation(
        "get",
        "/api/plans/{plan}/rehearsal",
        letters.rehearsal,
        "What a plan would still do.",
        "replays",
        ref("Rehearsal"),
        parameters=(MOST,),
        refusals=(404,),
    ),
    Operation(
        "post",
        "/api/plans/{plan}/apply",
        letters.apply,
        "Let a plan begin, its canary first.",
        "replays",
        ref("Plan"),
        body=Empty,
        refusals=(404, 409),
    ),
    Operation(
        "post",
        "/api/plans/{plan}/pause",
        letters.pause,
        "Send nothing further; what is under way ends.",
        "replays",
        ref("Plan"),
        body=Reason_,
        refusals=(404, 409),
    ),
    Operation(
        "post",
        "/api/plans/{plan}/resume",
        letters.resume,
        "Go on with a paused plan.",
        "replays",
        ref("Plan"),
        body=Empty,
        refusals=(404, 409),
    ),
    Operation(
        "post",
        "/api/plans/{plan}/cancel",
        letters.cancel,
        "End a plan for good.",
        "replays",
        ref("Plan"),
        body=Reason_,
        refusals=(404, 409),
    ),
    Operation(
        "post",
        "/api/events",
        events.publish,
        "Publish one CloudEvent (structured or binary) to the stream.",
        "events",
        ref("Published"),
        status=202,
        raw=EVENT,
        refusals=(413, 422, 503),
    ),
    Operation(
        "get",
        "/api/events/{id}",
        events.event,
        "What became of an event at each connection.",
        "events",
        array("Delivery"),
        parameters=(SOURCE,),
        refusals=(404,),
    ),
    Operation(
        "get",
        "/api/relations/{key}",
        events.relation,
        "What each connection has of a relation, and its history.",
        "events",
        ref("Relation"),
        parameters=(SOURCE, MOST),
        refusals=(404,),
    ),
    Operation(
        "get",
        "/api/audit",
        steering.audit,
        "Who did what by hand, newest first.",
        "audit",
        array("Entry"),
        parameters=(MOST, Parameter("before", "Only entries before this number.", NUMBER)),
    ),
)
