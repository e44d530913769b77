"""Identifiers that come out the same whenever they are made again."""

from json import JSONEncoder
from uuid import UUID, uuid5

# UUIDv5 of "urn:relation-worker" in the URL namespace. It never changes, or readers of results could not drop
# a repeat any more. https://www.rfc-editor.org/rfc/rfc9562#section-6.6, read November 2026.
NAMESPACE = UUID("5f113ee9-2701-5d23-8a52-1c6dd3799930")

# Made once: `json.dumps` makes an encoder at each call that wants other than its defaults.
ARRAY = JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def identifier(*parts: str | int) -> str:
    """Return the UUIDv5 of these parts; a JSON array keeps them apart whatever they hold."""
    return str(uuid5(NAMESPACE, ARRAY.encode(parts)))
