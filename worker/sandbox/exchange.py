"""What a vendor is asked and what it answers, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import orjson
from multidict import MultiMapping

from worker.sandbox.effects import EffectLog

JSON = "application/json"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order to refuse, in the vendor's own form, whatever record or action holds the text."""

    contains: str
    code: int
    message: str

    def concerns(self, content: Any) -> bool:
        """Say whether the text stands somewhere in this record or action."""
        return self.contains in orjson.dumps(content).decode()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived: `path` decoded, `moment` monotonic, `at` in seconds since 1970."""

    number: int
    method: str
    path: str
    query: MultiMapping[str]
    headers: Mapping[str, str]
    body: bytes
    moment: float
    at: float
    secure: bool = False
    refusal: Refusal | None = None

    @property
    def root(self) -> str:
        """The scheme, host and port that the client used."""
        return f"{'https' if self.secure else 'http'}://{self.headers.get('Host', 'localhost')}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)


def json_answer(content: Any, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(content))


def html_answer(status: int, text: str) -> Answer:
    return Answer(status, f"<html><body><h1>{text}</h1></body></html>".encode(), "text/html")


class Vendor(Protocol):
    """What differs between the four; none of it does I/O, so that a call is applied whole or not at all."""

    name: str

    def answer(self, asked: Asked, effects: EffectLog) -> Answer:
        """Do what is asked and answer as the vendor does."""
        ...

    def too_fast(self) -> Answer:
        """Answer a call over the quota; the sandbox adds the headers that it was told to send."""
        ...

    def operations(self, asked: Asked) -> tuple[str, ...]:
        """Name what is asked for: create, update, delete, upsert, find, state, token."""
        ...

    def settings(self, root: str) -> dict[str, str]:
        """Return what a connection needs: target, base_url and the credentials."""
        ...

    def state(self) -> dict[str, dict[str, Any]]:
        """Return all records by their key."""
        ...

    def control(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Change the vendor from outside; raise ValueError for a command that it does not know."""
        ...

    def reset(self) -> None:
        """Forget all records; credentials stay."""
        ...
