"""Which way attributes and data of a message travelled."""

from collections.abc import Iterable
from typing import Literal

# contract.md 1.2; https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md,
# read November 2026.
STRUCTURED = "application/cloudevents"
VERSION = "ce-specversion"

Mode = Literal["structured", "binary"]


def mode(headers: Iterable[tuple[str, str]]) -> Mode:
    """Return the content mode: a content type of CloudEvents decides, then whether the version is a header."""
    found: dict[str, str] = {}
    for name, value in headers:
        found.setdefault(name.lower(), value)
    is_said = found.get("content-type", "").lower().startswith(STRUCTURED)
    return "binary" if VERSION in found and not is_said else "structured"
