"""What a person reads when a value breaks a model: field and rule, never the value."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.value import EMAIL, FREE_FIELD, LANGUAGE, LINE, LINES, URI

# An unknown field's name comes from the event; only one that looks like a name may be shown.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}|[0-9]{1,4}", re.ASCII)

# https://docs.pydantic.dev/latest/errors/validation_errors/, read November 2026.
RULES: Mapping[str, str] = {
    "rule": "{rule}",
    "value_error": "{error}",  # of settings' types, which say what they take; events' types raise rules
    "missing": "is required",
    "extra_forbidden": "is no field of ours",
    "string_type": "must be text",
    "string_unicode": "must be text without lone surrogates",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_short": "must be at least {min_length} characters",
    "string_too_long": "must be at most {max_length} characters",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "tuple_type": "must be an array",
    "too_short": "must hold at least {min_length}",
    "too_long": "must hold at most {max_length}",
    "model_type": "must be an object",
    "dict_type": "must be an object",
}
# Patterns that say less to a person than a sentence does.
SENTENCES: Mapping[str, str] = {
    LINE: "may hold no control characters",
    LINES: "may hold no control characters but tab, LF, CR",
    EMAIL: "must be an e-mail address, with exactly one @",
    LANGUAGE: "must be a BCP 47 tag like nl or nl-BE",
    URI: "must be a URI reference, without blanks, quotes and brackets",
    FREE_FIELD: "must be a number from 1 to 50",
}


def detail(error: ValidationError, *root: str) -> str:
    """Return one short sentence: the first broken rule, and how many more there are."""
    return told(problems(error), *root)


def told(found: Sequence[ErrorDetails], *root: str) -> str:
    """Return the first of these problems, and how many more there are."""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{sentence(found[0], root)}{more}"


def problems(error: ValidationError) -> list[ErrorDetails]:
    """Return the errors in order, but for a list that is too short only because a member broke."""
    found = error.errors(include_url=False, include_input=False)
    return [
        problem
        for problem in found
        if problem["type"] != "too_short" or not any(is_below(other, problem) for other in found)
    ]


def is_below(inner: ErrorDetails, outer: ErrorDetails) -> bool:
    """Say whether the first error lies within the field of the second."""
    depth = len(outer["loc"])
    return len(inner["loc"]) > depth and inner["loc"][:depth] == outer["loc"]


def sentence(problem: ErrorDetails, root: tuple[str, ...]) -> str:
    """Return field and rule of one error."""
    context = problem.get("ctx", {})
    field = path((*root, *problem["loc"], *context.get("path", ())))
    return f"{field}: {rule(problem['type'], context)}" if field else rule(problem["type"], context)


def rule(kind: str, context: Mapping[str, Any]) -> str:
    """Return the rule in words; an error that is not in the table says only its kind."""
    pattern = context.get("pattern", "")
    if pattern in SENTENCES:
        return SENTENCES[pattern]
    return RULES.get(kind, kind.replace("_", " ")).format_map(context)


def path(parts: Iterable[int | str]) -> str:
    """Return the field's path with dots."""
    return ".".join(shown(part) for part in parts if part != "[key]")


def shown(part: int | str) -> str:
    """Return a step of a path, hidden if it does not look like a name."""
    return str(part) if isinstance(part, int) or NAME.fullmatch(part) else "?"
