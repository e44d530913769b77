"""The bases of the published models: frozen, strict, blank is null."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """A published value; unknown fields are refused unless validated with `extra="ignore"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Worded(Model):
    """A value of several texts; one that is empty counts as null."""

    @model_validator(mode="before")
    @classmethod
    def _as_meant(cls, given: Any) -> Any:
        return without_blanks(given) if isinstance(given, dict) else given


def without_blanks(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with each empty text as null."""
    if "" not in given.values():
        return given
    return {name: None if value == "" else value for name, value in given.items()}


def blank_as_null(given: Any) -> Any:
    """Return null for empty text; for the one field of a model that may be null and is no text."""
    return None if given == "" else given


def broken(rule: str, *path: str) -> PydanticCustomError:
    """Return the error that names a rule, at a path below the model that raises it."""
    return PydanticCustomError("rule", "{rule}", {"rule": rule, "path": path})
