"""What a client writes to a NATS server, as bytes."""

import re
from collections.abc import Iterable, Mapping

from nats.errors import BadHeaderError, BadSubjectError

UNFIT = re.compile(r"[ \t\r\n]")  # would end the subject, or the line that it stands in
# https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-4.md (read November 2026)
NAME = re.compile(r"[!-9;-~]+")
BREAK = re.compile(r"[\r\n]")


def acks(subjects: Iterable[str]) -> bytes:
    """Return the acknowledgements of messages: nothing, published to the subject that each names."""
    return "".join([f"PUB {subject} 0\r\n\r\n" for subject in subjects]).encode()


def block(headers: Mapping[str, str]) -> bytes:
    """Return headers as they stand before a body; raises BadHeaderError where one would end early."""
    lines = []
    for name, value in headers.items():
        if not NAME.fullmatch(name) or BREAK.search(value):
            raise BadHeaderError(name)
        lines.append(f"{name}: {value}\r\n")
    return f"NATS/1.0\r\n{''.join(lines)}\r\n".encode()


def published(subject: str, reply: str, headers: bytes, body: bytes) -> bytes:
    """Return the command that publishes a body below its headers; raises BadSubjectError."""
    if not subject or UNFIT.search(subject):
        raise BadSubjectError
    line = f"HPUB {subject} {reply} {len(headers)} {len(headers) + len(body)}\r\n".encode()
    return b"".join((line, headers, body, b"\r\n"))
