"""The options that connections of every target share."""

import difflib
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainSerializer,
    SecretStr,
    model_validator,
)

from worker.sending.quota import Quota

UNITS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST = 100 * 366 * 86400.0  # more is a slip of the pen, and overflows dates
LONGEST_LABEL = 63  # https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4 (read 2026-11)
DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(s|min|h|d|)\s*")


def seconds(value: object) -> float:
    """Read a duration: a number of seconds, or text like `5s`, `10min`, `24h`, `30d`."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST:
        return float(value)
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or float(found[1]) * UNITS[found[2]] > LONGEST:
        raise ValueError('a duration is seconds, or text like "5s", "10min", "24h", "30d"')
    return float(found[1]) * UNITS[found[2]]


def positive(value: float) -> float:
    if value <= 0:
        raise ValueError("must be longer than 0")
    return value


def quota(value: object) -> Quota:
    """Read a quota; one that never opens is refused."""
    if isinstance(value, str):
        value = Quota.parse(value)
    if not isinstance(value, Quota):
        raise ValueError('a quota is text like "2/s", "50/min", "15/h", "50/2s"')  # noqa: TRY004 -- pydantic reports only ValueError
    if value.calls < 1 or value.seconds <= 0:
        raise ValueError("a quota of no calls would never open; set enabled = false to call nothing")
    return value


def address(value: str) -> str:
    """Check an http(s) address; credentials, query and fragment have no place in it."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must begin with https:// (or http://) and a host")
    if "@" in parts.netloc:
        raise ValueError("credentials have no place in it; secrets have options of their own")
    if not all(0 < len(label) <= LONGEST_LABEL for label in parts.hostname.removesuffix(".").split(".")):
        raise ValueError(f"its host has an empty part, or one of over {LONGEST_LABEL} characters")
    if parts.query or parts.fragment or re.search(r"[\s\\]", value):
        raise ValueError("must have no query, no fragment and no blanks")
    _ = parts.port  # raises ValueError when it is no port
    return value


def printable(secret: SecretStr) -> SecretStr:
    """Refuse a secret that could not stand in a header, without showing it."""
    if not re.fullmatch(r"[\x21-\x7e]+(?: +[\x21-\x7e]+)*", secret.get_secret_value()):
        raise ValueError("must be printable ASCII, not empty, without blanks or line ends around it")
    return secret


Duration = Annotated[float, BeforeValidator(seconds)]
Span = Annotated[Duration, AfterValidator(positive)]
QuotaText = Annotated[InstanceOf[Quota], BeforeValidator(quota), PlainSerializer(str, return_type=str)]
Quotas = Annotated[tuple[QuotaText, ...], Field(min_length=1)]
Address = Annotated[str, AfterValidator(address)]
Secret = Annotated[SecretStr, AfterValidator(printable)]


class Options(BaseModel):
    """Options that say what is allowed when a key is wrong, and never show a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        unknown = sorted(set(map(str, given)) - set(cls.model_fields)) if isinstance(given, Mapping) else []
        if unknown:
            raise ValueError("; ".join(_advice(name, list(cls.model_fields)) for name in unknown))
        return given


def _advice(name: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"allowed are {', '.join(sorted(allowed))}"
    return f"unknown option {name[:64]!r}: {hint}"


class Accept(Options):
    """Which events without `target` a connection takes, as globs."""

    sources: tuple[str, ...] = ("*",)
    subjects: tuple[str, ...] = ("*",)


class Backoff(Options):
    """Exponential with full jitter, from `base` to `cap`."""

    base: Span = 1.0
    cap: Span = 300.0

    @model_validator(mode="after")
    def _ordered(self) -> "Backoff":
        if self.cap < self.base:
            raise ValueError("cap must not be shorter than base")
        return self


class Timeouts(Options):
    """How long one call may take, and its parts."""

    connect: Span = 5.0
    first_byte: Span = 30.0
    idle: Span = 15.0
    total: Span = 60.0


class ConnectionSettings(Options):
    """What can be set for any connection (contract.md 5); each target adds its own."""

    target: str
    enabled: bool = True
    base_url: Address | None = None
    accept: Accept = Accept()
    quotas: Quotas
    in_flight: Annotated[int, Field(ge=1, le=64)] = 1
    batch: Annotated[int, Field(ge=1, le=500)] = 1
    window: Annotated[int, Field(ge=1, le=10_000)] = 1000
    coalesce: bool = True
    strict: bool = False
    max_attempts: Annotated[int, Field(ge=1, le=1000)] = 8
    give_up_after: Span = 86400.0
    backoff: Backoff = Backoff()
    timeouts: Timeouts = Timeouts()
    look_before_create: Literal["in_doubt", "always"] = "in_doubt"
    look_after: Duration = 5.0
    look_attempts: Annotated[int, Field(ge=1, le=100)] = 3
    unsupported_fields: Literal["drop", "refuse"] = "drop"
    on_missing: Literal["create", "dead_letter"] = "create"
    on_missing_delete: Literal["applied", "dead_letter"] = "applied"
    on_missing_record: Literal["dead_letter", "retry"] = "dead_letter"
    on_taken: Literal["dead_letter", "take_over"] = "dead_letter"


def secret_options(settings: type[ConnectionSettings]) -> tuple[str, ...]:
    """Return the names of the options that are read from the secrets folder or the environment."""
    return tuple(name for name, field in settings.model_fields.items() if "SecretStr" in str(field.annotation))


def account(secret: SecretStr) -> str:
    """Return what tells two accounts apart and gives nothing of the secret away: 16 hex digits."""
    return hashlib.sha256(b"relation-worker account\0" + secret.get_secret_value().encode()).hexdigest()[:16]
