"""Which fields an operation asks for, refuses, or lets pass unread."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from pydantic import GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.model import Worded, broken, without_blanks

Operation = Literal["create", "update", "delete"]

WORDS: Mapping[Operation, str] = {"create": "created", "update": "updated", "delete": "deleted"}


@dataclass(frozen=True, slots=True)
class Rules:
    """The columns C, U and D of contract.md 2, for one operation."""

    operation: Operation
    required: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()  # accepted whatever they hold, and left out


class Payload(Worded):
    """The data of an event; a field of the base may be absent, the operation's class says which may not."""

    rules: ClassVar[Rules]
    without_null: ClassVar[tuple[str, ...]] = ()  # fields that an update cannot clear

    @model_validator(mode="before")
    @classmethod
    def _as_meant(cls, given: Any) -> Any:
        return cls.as_meant(without_blanks(given)) if isinstance(given, dict) else given

    @classmethod
    def as_meant(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that the operation reads; raises where one lacks or is refused."""
        rules = cls.rules
        if None in given.values():
            given = cls.cleared(given)
        for name in rules.required:
            if given.get(name) is None:
                raise broken(f"is required in relation.{WORDS[rules.operation]}", name)
        for name in rules.refused:
            if given.get(name) is not None:
                raise broken(f"is not allowed in relation.{WORDS[rules.operation]}", name)
        return without(given, rules.unread) if rules.unread else given

    @classmethod
    def cleared(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Return the fields without nulls, which only an update reads; raises where it cannot clear one."""
        if cls.rules.operation != "update":
            return {name: value for name, value in given.items() if value is not None}
        for name in cls.without_null:
            if given.get(name, ...) is None:
                raise broken("cannot be null", name)
        return given

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        self.check()
        return self

    def check(self) -> None:
        """Raise where fields that are right in themselves disagree."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say the same in JSON Schema."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        fields: dict[str, JsonSchemaValue] = without(schema["properties"], cls.rules.refused)
        for name in cls.rules.unread:
            fields[name] = {"description": f"Accepted, not used. {fields[name]['description']}"}
        mandatory = cls.rules.required if cls.rules.operation != "update" else cls.without_null
        for name in {*mandatory, *cls.rules.required} & fields.keys():
            fields[name] = not_null(fields[name])
        schema["properties"] = fields
        schema["required"] = [name for name in fields if name in {"kind", *cls.rules.required}]
        return schema


def without(given: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields but these."""
    if given.keys().isdisjoint(names):
        return given
    return {name: value for name, value in given.items() if name not in names}


def not_null(field: JsonSchemaValue) -> JsonSchemaValue:
    """Return the schema of a field without its branch for null."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    others = {key: value for key, value in field.items() if key != "anyOf"}
    return {**kinds[0], **others} if len(kinds) == 1 else {**others, **({"anyOf": kinds} if kinds else {})}
