"""The general sections of the settings, option by option."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from worker.targets.options import Address, Duration, Options, Secret, Span

SIZE = re.compile(r"\s*([0-9]{1,15})\s*(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB|)\s*")
UNITS = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
UNITS |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
INSTANCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
TYPE_PREFIX = re.compile(r"([A-Za-z0-9_-]{1,63}\.){0,16}")
OPERATOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
BROKER_SCHEMES = {"nats", "tls", "ws", "wss"}
EMBEDDED = "embedded"


def size(value: object) -> int:
    """Read a size: a number of bytes, or text like `64MiB`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('a size is a number of bytes, or text like "512KiB", "64MiB", "10GB"')
    return int(found[1]) * UNITS[found[2]]


def instance(value: str) -> str:
    if not INSTANCE.fullmatch(value):
        raise ValueError("must be 1 to 63 letters, digits, dots, hyphens and underscores")
    return value


def type_prefix(value: str) -> str:
    if not TYPE_PREFIX.fullmatch(value):
        raise ValueError('must be empty, or words that each end in a dot, like "com.acme."')
    return value


def broker_url(value: str) -> str:
    """Check `embedded`, or one or more NATS addresses separated by commas."""
    if value != EMBEDDED:
        for one in value.split(","):
            check_broker_address(one.strip())
    return value


def check_broker_address(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in BROKER_SCHEMES or not parts.hostname:
        raise ValueError('must be "embedded", or addresses like nats://host:4222, separated by commas')
    if "@" in parts.netloc:
        raise ValueError("credentials have no place in it; they have options of their own in broker.credentials")
    _ = parts.port  # raises ValueError when it is no port


def journal_url(value: str) -> str:
    """Check an address of SQLite or PostgreSQL without a driver and without a password."""
    parts = urlsplit(value)
    if parts.scheme not in {"sqlite", "postgresql"}:
        raise ValueError("must begin with sqlite:/// or postgresql:// (the drivers are ours to choose)")
    if parts.password is not None or re.search(r"[?&]password=", value):
        raise ValueError("a password has no place in it; it has an option of its own: journal.password")
    if parts.scheme == "sqlite" and (parts.netloc or len(parts.path) < len("/x")):
        raise ValueError("must be sqlite:/// and the path of a file")
    _ = parts.port  # raises ValueError when it is no port
    return value


def operator_name(value: str) -> str:
    if not OPERATOR.fullmatch(value):
        raise ValueError("the name of an operator is 1 to 63 letters, digits, hyphens and underscores")
    return value


Size = Annotated[int, BeforeValidator(size), Field(gt=0, le=2**60)]
Instance = Annotated[str, AfterValidator(instance)]
TypePrefix = Annotated[str, AfterValidator(type_prefix)]
BrokerUrl = Annotated[str, AfterValidator(broker_url)]
JournalUrl = Annotated[str, AfterValidator(journal_url)]
OperatorName = Annotated[str, AfterValidator(operator_name)]
Port = Annotated[int, Field(ge=0, le=65535)]
Tokens = SecretStr | Mapping[str, SecretStr] | None


class WorkerSection(Options):
    """What concerns the worker as a whole; `instance` is the same for all workers on one journal."""

    instance: Instance = "main"
    secrets: Path | None = None
    max_event_bytes: Annotated[Size, Field(ge=1024, le=64 * 2**20)] = 2**20
    unknown_fields: Literal["refuse", "ignore"] = "refuse"
    type_prefix: TypePrefix = ""
    shutdown_grace: Duration = 30.0
    lease: Annotated[Span, Field(ge=1.0, le=3600.0)] = 10.0
    memory: Annotated[Size, Field(ge=2**20)] = 64 * 2**20


class Credentials(Options):
    """What the broker wants to see; `file` is a NATS creds file, `nkey` a seed."""

    file: Path | None = None
    nkey: Secret | None = None
    token: Secret | None = None
    user: str | None = None
    password: Secret | None = None


class Tls(Options):
    """Files in PEM form; without `ca` the system's authorities are trusted."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class BrokerSection(Options):
    """Where events come from and results go to; `server` is a nats-server of one's own for `embedded`.

    `replicas`: on how many servers of a cluster each stream is kept.
    """

    url: BrokerUrl = EMBEDDED
    folder: Path = Path("relation-worker-broker")
    server: Path | None = None
    credentials: Credentials = Credentials()
    tls: Tls | None = None
    sync_interval: Span = 1.0
    max_age: Span = 30 * 86400.0
    max_bytes: Size | None = None
    replicas: Annotated[int, Field(ge=1, le=5)] = 1

    @field_validator("replicas")
    @classmethod
    def has_a_cluster(cls, value: int, info: ValidationInfo) -> int:
        if value > 1 and info.data.get("url") == EMBEDDED:
            raise ValueError("the embedded broker is one server; replicas need a cluster, named in broker.url")
        return value

    @property
    def embedded(self) -> bool:
        return self.url == EMBEDDED


class JournalSection(Options):
    """Where custody of events is kept; `keep` is also how long a duplicate is known as one."""

    url: JournalUrl = "sqlite:///relation-worker.db"
    password: Secret | None = None
    keep: Span = 30 * 86400.0

    def address(self) -> str:
        """Return the URL with its password: for the database driver, never for people."""
        if self.password is None or self.url.startswith("sqlite"):
            return self.url
        parts = urlsplit(self.url)
        user, at, host = parts.netloc.rpartition("@")
        secret = quote(self.password.get_secret_value(), safe="")
        return urlunsplit(parts._replace(netloc=f"{user}:{secret}{at or '@'}{host}"))


class ConsoleSection(Options):
    """Where people look; with neither `token` nor `operators` one token is made at each start and printed in the URL.

    `operators`: a token for each person, by the name that the audit tells.
    `names`: what else than its address the console is called, say behind a proxy.
    """

    enabled: bool = True
    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    port: Port = 8321
    names: tuple[Annotated[str, Field(min_length=1, max_length=255)], ...] = ()
    token: Secret | None = None
    read_only_token: Secret | None = None
    operators: Mapping[OperatorName, Secret] = Field(default_factory=dict)

    @field_validator("read_only_token", "operators")
    @classmethod
    def are_tokens_of_their_own(cls, value: Tokens, info: ValidationInfo) -> Tokens:
        shared = [info.data.get(name) for name in ("token", "read_only_token")]
        own = value.values() if isinstance(value, Mapping) else [value]
        given = [token.get_secret_value() for token in (*shared, *own) if token]
        if len(set(given)) < len(given):
            raise ValueError("two tokens are equal; a token says who somebody is, so give everybody one of their own")
        return value


class LogSection(Options):
    """How the worker speaks of itself; `auto` is readable on a terminal and JSON off it."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"


class TracingSection(Options):
    """Where spans go (OTLP over HTTP); without an endpoint nothing is traced."""

    endpoint: Address | None = None
