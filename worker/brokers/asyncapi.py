"""The AsyncAPI document: FastStream's, completed with what it cannot know."""

import re
from collections.abc import Mapping
from typing import Any, get_args

from schemas import examples
from schemas.dead_letter import ACTIONS, Reason
from schemas.publish import RESULTS, documents
from schemas.result import Outcome
from worker.brokers.application import specification
from worker.brokers.client import Connector
from worker.brokers.streams import CONSUMER, DEAD_LETTERS, OPERATIONS, RELATIONS
from worker.brokers.streams import RESULTS as RESULT_STREAM

Json = dict[str, Any]

DESCRIPTION = """\
Takes relation events, brings each to the connections that it is for, and tells what became of it.
Publish with JetStream acknowledgement and `Nats-Msg-Id: <source>#<id>`; a full stream refuses, then publish again.
Events of one source and subject are kept in order; the same source and id twice is one event.\
"""
CLOUDEVENT = "application/cloudevents+json"
# What a name of a component may hold; AsyncAPI 3.0.0, Components Object (read November 2026)
UNFIT = re.compile(r"[^A-Za-z0-9._-]")


def document(connector: Connector, version: str) -> Json:
    """Return the whole document for the broker that the connector knows."""
    built = specification(connector, title="relation-worker", version=version, description=DESCRIPTION)
    made: Json = built.to_specification().to_jsonable()
    known = list(get_args(Reason))
    made["channels"]["relations"] |= {
        "address": "relation.{operation}",
        "title": "Relation events",
        "description": "Further tokens may follow, such as relation.created.party.crm; only the second one is read.",
        "parameters": {"operation": {"enum": list(OPERATIONS), "description": "Agrees with the event's type."}},
        "messages": references(events()),
        "x-nats": {"stream": RELATIONS, "consumer": CONSUMER, "filter": "relation.>"},
    }
    told = "Every outcome of every event, once for each connection that it was for."
    for name, last, words, stream, text in (
        ("relation-results", "outcome", list(get_args(Outcome)), RESULT_STREAM, told),
        ("relation-dead-letters", "reason", known, DEAD_LETTERS, "Events that were given up on, by reason."),
    ):
        made["channels"][name] |= {
            "description": text,
            "parameters": {
                "connection": {"description": "Name of the connection; _intake where it concerns none."},
                last: {"enum": words, "description": "Why." if last == "reason" else "How it ended."},
            },
            "messages": references(outcomes(last)),
            "x-nats": {"stream": stream},
        }
    for name, operation in made["operations"].items():
        messages = made["channels"][name]["messages"]
        operation["messages"] = [{"$ref": f"#/channels/{name}/messages/{message}"} for message in messages]
    made["operations"]["relations"] |= {"x-retry": RETRY, "x-dead-letter": dead_letter()}
    made["components"] |= {"schemas": adopted(documents()), "messages": {**events(), **outcomes("outcome")}}
    made["components"]["securitySchemes"] = SECURITY | made["components"].get("securitySchemes", {})
    renamed(made)
    return made


# What a broker may ask for; the one that is configured stands at the server as well.
SECURITY: Json = {
    "user": {"type": "userPassword", "description": "A user and a password."},
    "token": {"type": "apiKey", "in": "password", "description": "A token that all clients share."},
    "nkey": {"type": "asymmetricEncryption", "description": "An nkey, or a creds file with a signed JWT."},
    "certificate": {"type": "X509", "description": "A client's certificate."},
}


RETRY: Mapping[str, Any] = {
    "until-journalled": "Redelivered by the broker until the worker has it on disk; order is kept.",
    "delivery": {
        "attempts": 8,
        "backoff": {"kind": "exponential", "jitter": "full", "base-seconds": 1, "cap-seconds": 300},
        "give-up-after-seconds": 86400,
        "scope": "One event at one connection; set there: max_attempts, backoff, give_up_after.",
    },
    "not-counted": ["rate limits", "outages", "bad credentials", "wrong addresses", "pauses"],
}


def dead_letter() -> Json:
    """Return where an event goes that is given up on, why, and what to do about it."""
    return {
        "channel": {"$ref": "#/channels/relation-dead-letters"},
        "reasons": dict(ACTIONS),
        "replay": "relation-worker dead plan, then apply; or the console",
    }


def references(named: Mapping[str, Any]) -> Json:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in named}


def events() -> Json:
    """Return the messages that come in: each operation, structured and binary."""
    made: Json = {}
    for word in OPERATIONS:
        title = word.capitalize()
        pattern = {"properties": {"type": {"pattern": rf"relation\.{word}(\.v1)?$"}}}
        made[f"Relation{title}"] = {
            "title": f"A relation was {word}",
            "name": f"relation.{word}",
            "contentType": CLOUDEVENT,
            "correlationId": {"location": "$message.payload#/correlationid"},
            "payload": {"allOf": [{"$ref": "#/components/schemas/event"}, pattern]},
            "examples": [{"name": kind, "payload": examples.event(word, kind)} for kind in ("link", "party")],
        }
        made[f"Relation{title}Binary"] = {
            "title": f"A relation was {word}; attributes in the headers",
            "name": f"relation.{word}",
            "contentType": "application/json",
            "headers": HEADERS,
            "payload": {"oneOf": [schema(f"link.{word}"), schema(f"party.{word}")]},
            "examples": [
                {"name": kind, "headers": examples.headers(word), "payload": examples.DATA[word][kind]}
                for kind in ("link", "party")
            ],
        }
    return made


HEADERS: Mapping[str, Any] = {
    "type": "object",
    "description": "CloudEvents attributes, percent-encoded beyond printable ASCII.",
    "required": ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time"],
    "properties": {
        f"ce-{name}": {"type": "string"}
        for name in ("specversion", "id", "source", "type", "subject", "time", "sequence", "target", "traceparent")
    },
}


def outcomes(last: str) -> Json:
    """Return the messages that go out; on the channel of dead letters only these."""
    made: Json = {}
    for outcome, (file, _) in RESULTS.items():
        if last == "reason" and outcome != "dead_lettered":
            continue
        data = {"properties": {"data": schema(file.removesuffix(".json")), "type": {"const": f"relation.{outcome}"}}}
        made["Relation" + "".join(word.capitalize() for word in outcome.split("_"))] = {
            "title": f"An event was {outcome.replace('_', '-')}",
            "name": f"relation.{outcome}",
            "contentType": CLOUDEVENT,
            "correlationId": {"location": "$message.payload#/correlationid"},
            "payload": {"allOf": [schema("result"), data]},
            "examples": [{"name": outcome, "payload": examples.result(outcome)}],
        }
    return made


def schema(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def adopted(published: Mapping[str, Json]) -> Json:
    """Return our JSON Schemas as components: every reference inside the document, every definition by name."""
    places = {each["$id"]: f"#/components/schemas/{stem(file)}" for file, each in published.items()}
    made: Json = {}
    for file, each in published.items():
        inner = {f"#/$defs/{name}": f"#/components/schemas/{fit(stem(file), name)}" for name in each.get("$defs", {})}
        parts = {stem(file): each, **{fit(stem(file), name): part for name, part in each.get("$defs", {}).items()}}
        made |= {name: moved(part, places | inner) for name, part in parts.items()}
    return made


def stem(file: str) -> str:
    return file.removesuffix(".json")


def fit(file: str, name: str) -> str:
    return UNFIT.sub("_", f"{file}.{name}")


def moved(value: Any, places: Mapping[str, str]) -> Any:
    """Return a schema with its references changed, without what only a document of its own has."""
    if isinstance(value, list):
        return [moved(each, places) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: each for name, each in value.items() if name not in {"$schema", "$id", "$defs"}}
    return {name: places.get(each, each) if name == "$ref" else moved(each, places) for name, each in kept.items()}


def renamed(made: Json) -> None:
    """Call the servers brokers: what FastStream calls development may well be production."""
    servers = made["servers"]
    names = {name: name.replace("development", "broker") for name in servers}
    made["servers"] = {names[name]: each for name, each in servers.items()}
    for channel in made["channels"].values():
        channel["servers"] = [{"$ref": f"#/servers/{name}"} for name in names.values()]
