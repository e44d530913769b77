"""What was given, held against the models; each misfit becomes a finding."""

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from worker.configuration.findings import Finding, dotted, meant, said, shown
from worker.configuration.sources import Keys, Tree, variable

Model = TypeVar("Model", bound=BaseModel)

SHOULD = re.compile(r"^(Input|String|Value|List|Tuple|Dictionary) should")
QUOTED = re.compile(r"'([^']*)'")
TABLES = (Mapping, BaseModel)
CONTAINERS = (list, tuple, set, frozenset, *TABLES)
TEXTUAL = {"environment", "secret"}  # these sources know nothing but text
SHORTEST_SECRET = 4  # anything shorter would be found in every second word


@dataclass(frozen=True, slots=True)
class Given:
    """One table as it was given; no value at a path of `secrets` may be shown, and none of `words`."""

    path: Keys
    values: Mapping[str, Any] = field(repr=False)
    secrets: frozenset[Keys]
    words: frozenset[str] = field(repr=False)
    tree: Tree


def checked(model: type[Model], path: Keys, tree: Tree) -> Model | None:
    """Return the table at the path as its model, or None after putting down what is wrong with it."""
    raw = table(tree.values, path)
    if not isinstance(raw, Mapping):
        tree.findings.append(Finding(dotted(path), "must be a table", shown(raw)))
        return None
    before = len(tree.findings)
    tree.findings.extend(unknown_options(model, path, raw))
    tree.findings.extend(written_secrets(model, path, tree))
    known = {key: typed(model, (*path, key), raw[key], tree) for key in raw if key in model.model_fields}
    try:
        settings = model.model_validate(known)
    except ValidationError as error:
        secrets = frozenset(given_secrets(model, path, tree))
        words = (table(tree.values, inner) for inner in secrets)
        texts = frozenset(str(word) for word in words if isinstance(word, str | int | float))
        tree.findings.extend(misfits(error, Given(path, known, secrets, texts, tree)))
        return None
    return settings if len(tree.findings) == before else None


def table(values: Any, path: Keys) -> Any:
    for key in path:
        values = values.get(key, {}) if isinstance(values, Mapping) else {}
    return values


def unknown_options(model: type[BaseModel], path: Keys, raw: Mapping[str, Any]) -> list[Finding]:
    """Return a finding for each key that is no option; its value may be a secret and is not shown."""
    names = model.model_fields
    return [Finding(dotted((*path, key)), f"is no option{meant(key, names)}") for key in raw if key not in names]


def written_secrets(model: type[BaseModel], path: Keys, tree: Tree) -> list[Finding]:
    """Return a finding for each secret that stands in the file, where anybody may read it."""
    return [
        Finding(dotted(inner), f"is a secret and has no place in the file; {where(inner)}")
        for inner in given_secrets(model, path, tree)
        if tree.origin(inner) == "file" and table(tree.values, inner[:-1]).get(inner[-1]) is not None
    ]


def where(path: Keys) -> str:
    """Return the two places that a secret may come from."""
    name = ".".join(path[1:] if path[0] == "connections" else path)
    return f"put it into {name} in the secrets folder, or into {variable(path)}"


def typed(model: type[BaseModel], path: Keys, value: Any, tree: Tree) -> Any:
    """Return text of the environment as the list or table that its option wants (JSON, TOML, or commas)."""
    inner = nested(model, path[-1])
    if isinstance(value, Mapping) and inner is not None:
        names = inner.model_fields
        return {key: typed(inner, (*path, key), value[key], tree) if key in names else value[key] for key in value}
    if not isinstance(value, str) or tree.origin(path) not in TEXTUAL:
        return value
    wanted = list(kinds(model.model_fields[path[-1]].annotation))
    if not any(issubclass(kind, CONTAINERS) for kind in wanted):
        return value
    if value.lstrip().startswith(("[", "{")):
        return parsed(value)
    is_table = any(issubclass(kind, TABLES) for kind in wanted)
    return value if is_table else [one.strip() for one in value.split(",")]


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text  # and the model says what it wants instead


def kinds(annotation: Any) -> Iterator[type]:
    """Yield what an option may be: the members of unions and of `Annotated`, for `list[str]` only `list`."""
    origin = get_origin(annotation)
    if origin in {Annotated, Union, UnionType}:
        for inner in get_args(annotation):
            yield from kinds(inner)
    elif isinstance(origin or annotation, type):
        yield origin or annotation


def nested(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """Return the model of a table inside the model, if the option is one."""
    found = [kind for kind in kinds(model.model_fields[key].annotation) if issubclass(kind, BaseModel)]
    return found[0] if found else None


def is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(is_secret(inner) for inner in get_args(annotation))


def secret_paths(model: type[BaseModel], path: Keys) -> Iterator[Keys]:
    """Yield the path of each option of the model, and of the models in it, that is a secret."""
    for name, option in model.model_fields.items():
        if is_secret(option.annotation):
            yield (*path, name)
        elif (inner := nested(model, name)) is not None:
            yield from secret_paths(inner, (*path, name))


def given_secrets(model: type[BaseModel], path: Keys, tree: Tree) -> Iterator[Keys]:
    """Yield the path of each secret, those in tables of secrets by the names that were given."""
    for inner in secret_paths(model, path):
        yield inner
        value = table(tree.values, inner)
        if isinstance(value, Mapping):
            yield from ((*inner, str(name)) for name in value)


def misfits(error: ValidationError, given: Given) -> list[Finding]:
    """Return one finding for each key that the model refuses."""
    found: dict[Keys, Finding] = {}
    for line in error.errors(include_url=False):
        inner = resolved(line["loc"], given.values, missing=line["type"] == "missing")
        found.setdefault(inner, misfit(line, inner, given))
    # A list whose only member is wrong is called too short as well.
    wholes = {inner[:length] for inner in found for length in range(len(inner))}
    return [finding for inner, finding in found.items() if inner not in wholes]


def misfit(line: Mapping[str, Any], inner: Keys, given: Given) -> Finding:
    path = (*given.path, *inner)
    if line["type"] == "missing":
        return Finding(dotted(path), f"is required{'; ' + where(path) if path in given.secrets else ''}")
    value = raw_at(given.values, inner)
    text = None if path in given.secrets else shown(value)
    return Finding(
        dotted(path),
        starred(wording(line) + near(line, value), given.words),
        None if text is None else starred(text, given.words),
        source(path, given.tree),
    )


def near(line: Mapping[str, Any], value: Any) -> str:
    """Return `; did you mean ...?` where one of the words allowed is close."""
    hint = meant(value, QUOTED.findall(line["ctx"]["expected"])) if line["type"] == "literal_error" else ""
    return hint if "did you mean" in hint else ""


def source(path: Keys, tree: Tree) -> str | None:
    """Return where a value that stands in no file came from."""
    told = {"environment": f"from {variable(path)}", "secret": "from the secrets folder"}
    return told.get(tree.origin(path))


def wording(line: Mapping[str, Any]) -> str:
    text = said(str(line["msg"])).removeprefix("Value error, ")
    return SHOULD.sub("must", text, count=1)


def starred(text: str, words: Collection[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= SHORTEST_SECRET:
            text = text.replace(word, "***")
    return text


def resolved(loc: tuple[int | str, ...], raw: Any, *, missing: bool) -> Keys:
    """Return the part of a pydantic location that stands in what was given; union tags are left out."""
    kept: list[str] = []
    for number, part in enumerate(loc, start=1):
        if is_in(part, raw):
            raw = raw[part]
            kept.append(str(part))
        elif missing and number == len(loc):
            kept.append(str(part))
    return tuple(kept)


def is_in(part: int | str, raw: Any) -> bool:
    if isinstance(part, int) and isinstance(raw, list | tuple):
        return part < len(raw)
    return isinstance(raw, Mapping) and part in raw


def raw_at(raw: Any, path: Keys) -> Any:
    for key in path:
        raw = raw[int(key)] if isinstance(raw, list | tuple) else raw[key]
    return raw
