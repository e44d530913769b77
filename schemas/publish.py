"""The contract as JSON Schema documents."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from schemas.cloudevent import CONTRACT, EXTENSION_CHARACTERS, EXTENSION_NAME, EXTENSIONS_MAX, Attributes
from schemas.dead_letter import DeadLettered
from schemas.relation import MODELS
from schemas.result import RESULT, Applied, ResultAttributes, Superseded
from schemas.rules import WORDS

FOLDER = Path(__file__).parent / "v1"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

RESULTS: Mapping[str, tuple[str, type[BaseModel]]] = {
    "applied": ("result.applied.json", Applied),
    "superseded": ("result.superseded.json", Superseded),
    "dead_lettered": ("dead_letter.json", DeadLettered),
}


class Plain(GenerateJsonSchema):
    """Leaves out what says nothing to a reader: a title for each field, and null for what is absent."""

    def field_title_should_be_set(self, schema: Any) -> Literal[False]:  # noqa: ARG002 -- pydantic's signature
        """Return no, always."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the field's own schema; here a default only ever says that it may be absent."""
        return self.generate_inner(schema["schema"])


def documents() -> dict[str, dict[str, Any]]:
    """Return each document under its file's name."""
    data = {
        f"{kind}.{WORDS[operation]}.json": document(model, f"{CONTRACT}:{kind}.{WORDS[operation]}")
        for (kind, operation), model in MODELS.items()
    }
    results = {file: document(model, f"{RESULT}:{outcome}") for outcome, (file, model) in RESULTS.items()}
    return {"event.json": event(), "result.json": result(), **data, **results}


def document(model: type[BaseModel], identity: str, mode: JsonSchemaMode = "validation") -> dict[str, Any]:
    """Return the schema of one model under its own `$id`."""
    return {"$schema": DIALECT, "$id": identity, **model.model_json_schema(schema_generator=Plain, mode=mode)}


def event() -> dict[str, Any]:
    """Return the schema of a whole event: attributes, and the data that its type asks for."""
    schema = document(Attributes, CONTRACT)
    del schema["properties"]["extensions"]
    schema["properties"]["type"]["pattern"] = r"(^|\.)relation\.(created|updated|deleted)(\.v1)?$"
    schema["properties"]["data"] = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["link", "party"]}},
    }
    schema["required"] = ["specversion", *schema["required"], "data"]
    schema["propertyNames"] = {"pattern": f"^{EXTENSION_NAME.pattern}$"}
    schema["maxProperties"] = len(schema["properties"]) + EXTENSIONS_MAX
    schema["additionalProperties"] = {
        "type": ["boolean", "integer", "string", "null"],
        "maxLength": EXTENSION_CHARACTERS,
    }
    schema["allOf"] = [
        case(kind, word, f"{CONTRACT}:{kind}.{word}") for kind, word in ((k, WORDS[o]) for k, o in MODELS)
    ]
    return schema


def case(kind: str, word: str, reference: str) -> dict[str, Any]:
    """Return the condition under which the data must be of one model."""
    return {
        "if": {
            "properties": {
                "type": {"pattern": rf"(^|\.)relation\.{word}(\.v1)?$"},
                "data": {"properties": {"kind": {"const": kind}}},
            }
        },
        "then": {"properties": {"data": {"$ref": reference}}},
    }


def result() -> dict[str, Any]:
    """Return the schema of a whole result event."""
    schema = document(ResultAttributes, RESULT)
    schema["properties"]["data"] = {"oneOf": [{"$ref": f"{RESULT}:{outcome}"} for outcome in RESULTS]}
    schema["required"].append("data")
    return schema


def written(schema: Mapping[str, Any]) -> str:
    """Return a document as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write every document into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in documents().items():
        (folder / name).write_text(written(schema), encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
