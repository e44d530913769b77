"""The worker as its real process, with the connections that a measurement needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.events import Kind
from tests.bench.processes import Process, module

NO_QUOTA = ["100000/s"]
STARTED = r"started"


@dataclass(frozen=True, slots=True)
class Account:
    """One connection of the worker: `kind` chooses the target, `path` how the vendor behaves."""

    name: str
    kind: Kind
    path: str = "healthy"
    batch: int = 1
    in_flight: int = 64
    quotas: list[str] = field(default_factory=lambda: NO_QUOTA)
    enabled: bool = True

    def options(self, vendor: str) -> Mapping[str, Any]:
        """Return its table of the configuration."""
        common: dict[str, Any] = {
            "base_url": f"{vendor}/{self.path}/{self.name}/",
            "quotas": self.quotas,
            "in_flight": self.in_flight,
            "enabled": self.enabled,
        }
        if self.kind == "party":
            return {"target": "outsmart", "batch": self.batch, **common}
        login = {"environment": "onsite", "auth": "bearer"}
        return {"target": "superoffice", "relation_types": {"holding": 5}, **common, **login}

    def secrets(self) -> Mapping[str, str]:
        """Return the secrets that its target wants, different for each account."""
        names = ("token", "software_token") if self.kind == "party" else ("access_token",)
        return {f"{self.name}.{name}": f"{name}-of-{self.name}" for name in names}


def configuration(folder: Path, vendor: str, broker: str, accounts: list[Account]) -> str:
    """Return a configuration file."""
    lines = [
        "[worker]",
        f'secrets = "{folder}/secrets"',
        "[broker]",
        f'url = "{broker}"',
        "[journal]",
        f'url = "sqlite:///{folder}/journal.db"',
        "[console]",
    ]
    lines += ["port = 0", "[log]", 'format = "json"']
    for account in accounts:
        lines.append(f"[connections.{account.name}]")
        lines += [f"{name} = {toml(value)}" for name, value in account.options(vendor).items()]
    return "\n".join(lines) + "\n"


def toml(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def started(folder: Path, vendor: str, broker: str, accounts: list[Account]) -> Process:
    """Start a worker in a folder, and wait until it says that it has started."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "secrets").mkdir(exist_ok=True)
    for name, value in ((name, value) for each in accounts for name, value in each.secrets().items()):
        (folder / "secrets" / name).write_text(value)
    config = folder / "worker.toml"
    config.write_text(configuration(folder, vendor, broker, accounts))
    process = Process(module("worker", "run", "--config", str(config)), folder / "worker.log")
    process.wait_for(STARTED)
    return process
