"""Identifiers that come out the same whenever they are made again."""

from hashlib import sha1
from json import JSONEncoder
from uuid import UUID

# UUIDv5 of "urn:relation-worker" in the URL namespace. It never changes, or readers of results could not drop
# a repeat any more. https://www.rfc-editor.org/rfc/rfc9562#section-6.6, read November 2026.
NAMESPACE = UUID("5f113ee9-2701-5d23-8a52-1c6dd3799930")

# Made once: `json.dumps` makes an encoder at each call that wants other than its defaults.
ARRAY = JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def identifier(*parts: str | int) -> str:
    """Return the UUIDv5 of these parts; a JSON array keeps them apart whatever they hold.

    Every result has one, and `uuid.uuid5` spends more on making a UUID object than on the digest.
    """
    made = bytearray(sha1(NAMESPACE.bytes + ARRAY.encode(parts).encode(), usedforsecurity=False).digest()[:16])
    made[6] = made[6] & 0x0F | 0x50  # version 5
    made[8] = made[8] & 0x3F | 0x80  # variant of RFC 9562
    text = made.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
