"""One HTTP answer as it comes in, part by part."""

import zlib

import httptools

from worker.sending.wire import MOST_BYTES

MOST_MEMBERS = 16  # of one compressed body: each one costs a copy of the rest
FINAL = 200  # below are interim answers, which nobody asked for and which another follows
MOST_HEAD = 64 * 1024  # bytes of status line, headers, chunk sizes and trailers together
GZIP, ZLIB, BARE = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS  # as zlib wants to be told


ZLIB_METHOD = 8  # in the low half of the first byte: https://www.rfc-editor.org/rfc/rfc1950#section-2.2 (read 2026-11)


class UnaskedError(Exception):
    """Something follows an answer that is whole."""


class GarbledError(Exception):
    """A body is not what its Content-Encoding says."""


class TooLongError(Exception):
    """A body is longer than we read."""


class Answer:
    """Gathers one answer; `failure` says in words why no more of it will come.

    `status` is 0 until the headers are complete. What llhttp tells of it arrives by the `on_` methods.
    """

    __slots__ = ("_left", "_most", "_parser", "_parts", "failure", "headers", "is_whole", "keeps", "status")

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._left = MOST_HEAD
        self._parts: list[bytes] = []
        self._parser: httptools.HttpResponseParser | None = parser(self)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_whole = False
        self.keeps = False
        self.failure: str | None = None

    def feed(self, data: bytes) -> None:
        """Take what the connection brought."""
        assert self._parser is not None, "nothing is fed to what is over"
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.keeps = False
            if not self.is_whole:  # what comes after it is nobody's
                self.failure = "the answer is not HTTP"
        self._left -= len(data)
        if self._left < 0 and not self.is_whole:
            self.failure = "the answer is too long" if self.status else "the answer is not HTTP"

    def end(self, error: Exception | None) -> None:
        """Note that the connection is gone: some answers end so, all others are broken off."""
        self.keeps = False
        if self.failure:
            return
        if self.status and error is None and self._ends_with_connection:
            self.is_whole = True
        elif self._is_untouched:
            self.failure = "it closed the connection" if error is None else "the connection broke"
        else:
            self.failure = "the answer is broken off or garbled"

    def close(self) -> None:
        """Let go of the parser, which holds us as we hold it: bodies must not wait for the garbage collector."""
        self._parser = None

    def body(self) -> bytes:
        """Return the body, inflated; raises GarbledError, or TooLongError before there is too much of it."""
        parts = self._parts
        raw = parts[0] if len(parts) == 1 else b"".join(parts)
        coding = self.headers.get("content-encoding")
        if coding is not None and raw:
            raw = inflated(raw, coding, self._most)
        if len(raw) > self._most:
            raise TooLongError
        return raw

    @property
    def _ends_with_connection(self) -> bool:
        return not ("content-length" in self.headers or "transfer-encoding" in self.headers)

    @property
    def _is_untouched(self) -> bool:
        return not self.status and self._left == MOST_HEAD

    # What the parser tells

    def on_message_begin(self) -> None:
        if self.is_whole:
            raise UnaskedError
        self.headers = {}
        self._parts.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.status:  # a trailer
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers = self.headers
        headers[key] = f"{headers[key]}, {text}" if key in headers else text  # RFC 9110 5.3

    def on_headers_complete(self) -> None:
        assert self._parser is not None, "it calls"
        status = self._parser.get_status_code()
        if status >= FINAL:
            self.status = status
            self._left += self._most

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)

    def on_message_complete(self) -> None:
        if self.status:
            assert self._parser is not None, "it calls"
            self.is_whole = True
            self.keeps = self._parser.should_keep_alive()


def parser(of: Answer) -> httptools.HttpResponseParser:
    """Return a parser that takes what real servers write, but is strict on where an answer ends."""
    made = httptools.HttpResponseParser(of)
    made.set_dangerous_leniencies(
        lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
    )
    return made


def inflated(raw: bytes, coding: str, most: int) -> bytes:
    """Return what was compressed, as far as it is bounded."""
    parts: list[bytes] = []
    left = most
    while raw:
        if len(parts) == MOST_MEMBERS:
            raise GarbledError
        form = form_of(coding.lower(), raw)
        if form is None:
            return raw
        inflater = zlib.decompressobj(form)
        try:
            part = inflater.decompress(raw, left + 1)
        except zlib.error:
            raise GarbledError from None
        left -= len(part)
        if left < 0:
            raise TooLongError
        if not inflater.eof:
            raise GarbledError
        parts.append(part)
        raw = inflater.unused_data
    return b"".join(parts)


def form_of(coding: str, raw: bytes) -> int | None:
    """Return how zlib is to read it, None: it is not compressed; raises GarbledError for what we did not ask for."""
    match coding:
        case "gzip" | "x-gzip":
            return GZIP
        case "deflate":  # some servers leave the zlib header out
            return ZLIB if raw[0] & 0x0F == ZLIB_METHOD else BARE
        case "identity" | "":
            return None
        case _:
            raise GarbledError
