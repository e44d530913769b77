"""Identifiers that come out the same whenever they are made again."""

from hashlib import sha1
from uuid import UUID

import orjson

# UUIDv5 of "urn:relation-worker" in the URL namespace. It never changes, or readers of results could not drop
# a repeat any more. https://www.rfc-editor.org/rfc/rfc9562#section-6.6, read November 2026.
NAMESPACE = UUID("5f113ee9-2701-5d23-8a52-1c6dd3799930")

SPACE = NAMESPACE.bytes
# Of the digit that says the variant two bits stay.
# https://www.rfc-editor.org/rfc/rfc9562#section-4.1, read November 2026.
VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}


def identifier(*parts: str | int) -> str:
    """Return the UUIDv5 of these parts; a JSON array keeps them apart whatever they hold.

    Every result has one, and `uuid.uuid5` spends more on making a UUID object than on the digest.
    """
    text = sha1(SPACE + orjson.dumps(parts), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"
