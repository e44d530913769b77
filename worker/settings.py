"""All that can be set from outside, typed, read once."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from worker.configuration.checking import checked
from worker.configuration.findings import Finding, SettingsError, dotted, meant, shown
from worker.configuration.sections import (
    BrokerSection,
    ConsoleSection,
    JournalSection,
    LogSection,
    TracingSection,
    WorkerSection,
)
from worker.configuration.sources import (
    Origin,
    Tree,
    read_environment,
    read_file,
    read_secrets,
    unknown_section,
)
from worker.targets.options import ConnectionSettings
from worker.targets.registry import TARGETS

__all__ = ["Described", "Settings", "SettingsError", "build", "load"]

# contract.md 1.3
CONNECTION_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MASK = "***"
SECTIONS: Mapping[str, type[BaseModel]] = {
    "worker": WorkerSection,
    "broker": BrokerSection,
    "journal": JournalSection,
    "console": ConsoleSection,
    "log": LogSection,
    "tracing": TracingSection,
}


@dataclass(frozen=True, slots=True)
class Described:
    """One option as it is in effect; `value` is plain JSON, `***` for a secret that is set."""

    key: str
    value: Any
    origin: Origin


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was set, checked; made by `load` or `build` only."""

    worker: WorkerSection
    broker: BrokerSection
    journal: JournalSection
    console: ConsoleSection
    log: LogSection
    tracing: TracingSection
    connections: Mapping[str, ConnectionSettings]
    tree: Tree = field(repr=False, compare=False)

    def describe(self) -> list[Described]:
        """Return each option with its effective value and where that came from, secrets masked."""
        tables: list[tuple[tuple[str, ...], BaseModel]]
        tables = [((name,), getattr(self, name)) for name in SECTIONS]
        tables += [(("connections", name), self.connections[name]) for name in sorted(self.connections)]
        return [
            Described(dotted(path), value, self.tree.origin(path))
            for keys, model in tables
            for path, value in options(keys, model)
        ]

    def masked(self) -> dict[str, Any]:
        """Return all options as nested tables of plain JSON, secrets masked."""
        return {name: plain(getattr(self, name)) for name in (*SECTIONS, "connections")}

    def secrets(self) -> frozenset[str]:
        """Return every secret value, for those who must keep them out of what they say."""
        models = [getattr(self, name) for name in SECTIONS] + list(self.connections.values())
        return frozenset(word for model in models for word in secret_words(model))


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the file (None: none), the secrets folder and the environment; the latter wins."""
    return settled(gathered(path, environ))


def gathered(path: Path | None, environ: Mapping[str, str]) -> Tree:
    """Return all that was given, unchecked."""
    tree = Tree()
    if path is not None:
        read_file(path, tree)
    variables = read_environment(environ, tree)
    for keys, text in variables:
        tree.put(keys, text, "environment")
    folder = secrets_folder(tree)
    for keys, text in read_secrets(folder, SECTIONS, tree) if folder else []:
        if tree.origin(keys) != "environment":
            tree.put(keys, text, "secret")
    return tree


def build(values: Mapping[str, Any]) -> Settings:
    """Make settings from nested tables, as for a demo or a test; secrets may stand in them."""
    tree = Tree()
    tree.put((), values, "given")
    return settled(tree)


def secrets_folder(tree: Tree) -> Path | None:
    section = tree.values.get("worker")
    folder = section.get("secrets") if isinstance(section, dict) else None
    return Path(folder) if isinstance(folder, str) and folder and "\0" not in folder else None


def settled(tree: Tree) -> Settings:
    """Hold everything that was given against the models; raise SettingsError with all findings."""
    sections = {name: checked(model, (name,), tree) for name, model in SECTIONS.items()}
    tree.findings.extend(
        unknown_section((name,), (*SECTIONS, "connections"))
        for name in tree.values
        if name not in SECTIONS and name != "connections"
    )
    connections = dict(checked_connections(tree))
    tree.findings.extend(doubles(connections))
    if tree.findings:
        raise SettingsError(tree.findings)
    return Settings(**sections, connections=connections, tree=tree)  # type: ignore[arg-type] # none is None: there are no findings


def checked_connections(tree: Tree) -> Iterator[tuple[str, ConnectionSettings]]:
    tables = tree.values.get("connections", {})
    if not isinstance(tables, dict):
        tree.findings.append(Finding("connections", "must be a table of connections", shown(tables)))
        return
    for name in sorted(tables):
        model = connection_model(name, tables[name], tree)
        settings = checked(model, ("connections", name), tree) if model else None
        if settings is not None:
            yield name, settings


def connection_model(name: str, given: Any, tree: Tree) -> type[ConnectionSettings] | None:
    """Return the model that the connection's `target` asks for, or put down why there is none."""
    path = ("connections", name)
    if not CONNECTION_NAME.fullmatch(name):
        problem = "is no name for a connection: lower-case letters, digits and hyphens, at most 63, no hyphen first"
        tree.findings.append(Finding(dotted(path), problem))
    elif name in SECTIONS:
        tree.findings.append(Finding(dotted(path), "bears the name of a section; choose another"))
    target = given.get("target") if isinstance(given, dict) else None
    if isinstance(target, str) and target in TARGETS:
        return TARGETS[target].settings
    problem = f"must name a target{meant(target or '', TARGETS)}"
    if target is None and is_only_environment(path, tree):
        others = tree.connections() - {name}
        problem = f"is required; the environment alone names this connection{meant(name, others)}"
    tree.findings.append(Finding(dotted((*path, "target")), problem, shown(target)))
    return None


def is_only_environment(path: tuple[str, ...], tree: Tree) -> bool:
    origins = {origin for key, origin in tree.origins.items() if key[: len(path)] == path}
    return origins == {"environment"}


def doubles(connections: Mapping[str, ConnectionSettings]) -> Iterator[Finding]:
    """Yield a finding for each account that two connections share: together they would double its quota."""
    owners: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for name, settings in connections.items():
        owners[settings.target, *TARGETS[settings.target].target(settings).identity()].append(name)
    for names in owners.values():
        if len(names) > 1:
            others = ", ".join(names[:-1])
            yield Finding(f"connections.{names[-1]}", f"is the same account as {others}; one account, one connection")


def options(path: tuple[str, ...], model: BaseModel) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from options((*path, name), value)
        else:
            yield (*path, name), plain(value)


def plain(value: Any) -> Any:
    """Return the value as plain JSON, secrets masked."""
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted(str(plain(inner)) for inner in value)
    if isinstance(value, SecretStr):
        return MASK
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def secret_words(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secret_words(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from secret_words(inner)
