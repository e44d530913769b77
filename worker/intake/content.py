"""From a message to one JSON document, whichever mode it came in."""

import base64
import binascii
import re
from itertools import chain
from typing import Any

from worker.brokers.base import Message
from worker.brokers.mode import STRUCTURED, mode
from worker.intake.document import malformed, parsed
from worker.intake.header import Headers, attributes, header, lowered
from worker.journal.rows import Received

JSON = "application/json"
MEDIA = re.compile(r"[^/\s;]+/[^/\s;]+", re.ASCII)
UTF8 = frozenset({"utf-8", "utf8"})

Document = dict[str, Any]


def content(message: Message | Received, max_bytes: int) -> Document:
    """Return the event in structured form: attributes, and `data` unless it is absent."""
    if size(message) > max_bytes:
        raise malformed(f"message: is larger than {max_bytes} bytes")
    if not message.headers:
        return structured(message.body)
    headers = lowered(message.headers)
    media = header(headers, "content-type") or ""
    if mode(headers) == "binary":
        return binary(headers, message.body, media)
    if media.lower().startswith(STRUCTURED):
        check_structured(media)
    return structured(message.body)


def size(message: Message | Received) -> int:
    """Return the bytes of the whole message."""
    headers = message.headers
    return len(message.body) + (sum(map(len, chain.from_iterable(headers))) if headers else 0)


def check_structured(media: str) -> None:
    """Raise where a structured event is not in JSON."""
    form = media_type(media).removeprefix(STRUCTURED)
    if form.startswith("-batch"):
        raise malformed("content-type: batches are not accepted, publish each event alone")
    if form not in {"", "+json"}:
        raise malformed("content-type: only the JSON format of CloudEvents is accepted")
    check_charset(media, "content-type")


def structured(body: bytes) -> Document:
    """Return the document that the body is."""
    document = parsed(body)
    if isinstance(document, list):
        raise malformed("body: batches are not accepted, publish each event alone")
    if not isinstance(document, dict) or document.get("specversion") is None:
        raise malformed("body: is no CloudEvent, it has no specversion")
    if "data_base64" in document:
        return with_data(document)
    return document


def with_data(document: Document) -> Document:
    """Return the document with its base64 read as JSON."""
    encoded = document["data_base64"]
    document = {name: value for name, value in document.items() if name != "data_base64"}
    if encoded is None:
        return document
    if document.get("data") is not None:
        raise malformed("data_base64: stands beside data")
    try:
        return document | {"data": parsed(base64.b64decode(encoded, validate=True), "data_base64")}
    except (binascii.Error, ValueError, TypeError):
        raise malformed("data_base64: is not base64") from None


def binary(headers: Headers, body: bytes, media: str) -> Document:
    """Return the document that headers (names in lower case) and body make."""
    document: Document = dict(attributes(headers))
    if "data" in document:
        raise malformed("headers: data travels in the body")
    if media:
        document.setdefault("datacontenttype", media)
    check_json(document.get("datacontenttype"))
    document["data"] = parsed(body)
    return document


def check_json(media: object) -> None:
    """Raise where the data is said to be something else than JSON in UTF-8."""
    if media is None or media == JSON:
        return
    form = media_type(media) if isinstance(media, str) else ""
    if not MEDIA.fullmatch(form) or not (form == JSON or form.endswith("+json")):
        raise malformed("datacontenttype: must be application/json or end in +json")
    check_charset(str(media), "datacontenttype")


def media_type(media: str) -> str:
    """Return the type without its parameters."""
    return media.partition(";")[0].strip().lower()


def check_charset(media: str, where: str) -> None:
    """Raise where a parameter names another encoding than UTF-8."""
    for parameter in media.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in UTF8:
            raise malformed(f"{where}: charset must be UTF-8")
