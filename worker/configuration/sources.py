"""Where settings are read from: one file, a secrets folder, the environment."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from worker.configuration.findings import Finding, dotted, meant, said
from worker.telemetry.failpoints import VARIABLE as FAILPOINTS

Origin = Literal["default", "file", "secret", "environment", "given"]
Keys = tuple[str, ...]

PREFIX = "RELATION_WORKER_"
NEST = "__"
CONFIG = "RELATION_WORKER_CONFIG"
OTHERS = (CONFIG, FAILPOINTS)  # read elsewhere, and no options
# Kubernetes sets these for a service that is called relation-worker; they are not meant for us.
# https://kubernetes.io/docs/tutorials/services/connect-applications-service/ (read 2025-11)
SERVICE_LINKS = ("SERVICE_HOST", "SERVICE_PORT", "PORT")
LARGEST_SECRET = 64 * 1024


@dataclass(slots=True)
class Tree:
    """All that was given, merged, and where each value came from; later sources win."""

    values: dict[str, Any] = field(default_factory=dict, repr=False)
    origins: dict[Keys, Origin] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def put(self, path: Keys, value: Any, origin: Origin) -> None:
        """Set one value; tables are merged, anything else replaces what was there."""
        if isinstance(value, Mapping) and (value or not path):
            for key, inner in value.items():
                self.put((*path, str(key)), inner, origin)
            return
        node = self.values
        for key in path[:-1]:
            if not isinstance(node.get(key), dict):
                node[key] = {}
            node = node[key]
        if value == {} and isinstance(node.get(path[-1]), dict):
            return
        node[path[-1]] = {} if value == {} else value
        self.origins[path] = origin

    def origin(self, path: Keys) -> Origin:
        """Return where the value at the path came from: of itself, or of a whole that it is part of."""
        for length in range(len(path), 0, -1):
            if (found := self.origins.get(path[:length])) is not None:
                return found
        return "default"

    def connections(self) -> set[str]:
        tables = self.values.get("connections")
        return {str(name) for name in tables} if isinstance(tables, dict) else set()


def read_file(path: Path, tree: Tree) -> None:
    """Read a TOML file; what is wrong with it becomes a finding."""
    try:
        values = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        tree.findings.append(Finding(str(path), f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        tree.findings.append(Finding(str(path), f"is not UTF-8 at byte {error.start}"))
    except (ValueError, RecursionError) as error:  # tomllib raises both beside its own error
        tree.findings.append(Finding(str(path), f"is not TOML: {said(str(error))}"))
    else:
        tree.put((), values, "file")


def read_environment(environ: Mapping[str, str], tree: Tree) -> list[tuple[Keys, str]]:
    """Return what `RELATION_WORKER_<SECTION>__<OPTION>` variables say; an empty one counts as not set."""
    named = sorted(name for name in environ if name.startswith(PREFIX) and name not in OTHERS and environ[name])
    found = []
    for name in named:
        rest = name[len(PREFIX) :]
        if NEST in rest:
            found.append((environment_path(rest, tree.connections()), environ[name]))
        elif not rest.startswith(SERVICE_LINKS):
            tree.findings.append(Finding(name, f"names no option{split_hint(rest)}"))
    return found


def environment_path(rest: str, connections: Iterable[str]) -> Keys:
    """Return the path that a variable names; `ACME_ONOFFICE` is the connection `acme-onoffice`."""
    section, _, inner = rest.lower().partition(NEST)
    if section != "connections":
        return (section, *inner.split(NEST))
    for name in sorted(connections, key=len, reverse=True):
        written = name.replace("-", "_") + NEST
        if inner.replace("-", "_").startswith(written):
            return (section, name, *inner[len(written) :].split(NEST))
    name, *options = inner.split(NEST)
    return (section, name.replace("_", "-"), *options)


def split_hint(rest: str) -> str:
    section, _, option = rest.partition("_")
    return f"; did you mean {PREFIX}{section}{NEST}{option}?" if option else ""


def variable(path: Keys) -> str:
    """Return the name of the variable that sets the path."""
    return PREFIX + NEST.join(part.replace("-", "_").upper() for part in path)


def read_secrets(folder: Path, sections: Iterable[str], tree: Tree) -> list[tuple[Keys, str]]:
    """Return what the files `<connection>.<option>` and `<section>.<option>` of the folder hold.

    Files for anything else are left alone: such a folder is often shared.
    """
    try:
        files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    except OSError as error:
        tree.findings.append(Finding("worker.secrets", f"cannot be read: {error.strerror}", str(folder)))
        return []
    paths = ((file, secret_path(file.name, set(sections), tree.connections())) for file in files)
    texts = ((path, secret_text(file, tree)) for file, path in paths if path and file.is_file())
    return [(path, text) for path, text in texts if text is not None]


def secret_path(name: str, sections: set[str], connections: set[str]) -> Keys | None:
    first, *rest = name.split(".")
    if not rest:
        return None
    if first in sections:
        return (first, *rest)
    return ("connections", first, *rest) if first in connections else None


def secret_text(file: Path, tree: Tree) -> str | None:
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST_SECRET + 1)
        if len(text) <= LARGEST_SECRET:
            return text.decode().rstrip("\r\n")
        problem = f"is larger than {LARGEST_SECRET} bytes"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    tree.findings.append(Finding(str(file), problem))
    return None


def unknown_section(path: Keys, sections: Iterable[str]) -> Finding:
    return Finding(dotted(path[:1]), f"is no section{meant(path[0], sections)}")
