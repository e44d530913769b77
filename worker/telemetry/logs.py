"""How the worker speaks of itself: one line of JSON, or of text."""

import logging
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from worker.telemetry.lines import Lines
from worker.telemetry.masking import Secrets, are_harmless
from worker.telemetry.terminal import PLAIN, printable

Format = Literal["auto", "json", "text"]
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
LONGEST = 4096  # characters of one value
# What libraries say below this level is about them, not about us.
FOREIGN_LEVEL = logging.WARNING
FLAT = {str, int, float, bool, type(None)}
DELETE = "\x7f"  # the one character of ASCII that JSON lets stand and nobody can print


class Clean:
    """The one door to the log: masks secrets, leaves bodies out, spells out what could steer a terminal."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        if self._is_clean(event):
            return event
        return {key: spelled(value) for key, value in self._secrets.masked_table(event).items()}

    def _is_clean(self, event: EventDict) -> bool:
        """Say whether nothing is to be done, as with nearly all lines: one look at all its texts together."""
        if not FLAT.issuperset(map(type, event.values())):
            return False
        texts = " ".join([value for value in event.values() if type(value) is str])
        is_plain = len(texts) <= LONGEST and texts.isprintable()
        return is_plain and are_harmless(tuple(event)) and not self._secrets.stand_in(texts)

    def passes(self, line: str) -> bool:
        """Say the same of a flat event with harmless names, of which this is the JSON: an escape may hide anything."""
        if len(line) > LONGEST or "\\" in line or self._secrets.stand_in(line):
            return False
        return DELETE not in line if line.isascii() else line.isprintable()


def spelled(value: Any) -> Any:
    """Return the value with every text in it printable and bounded."""
    if isinstance(value, str):
        return printable(value[:LONGEST], keep=PLAIN)
    if isinstance(value, list):
        return [spelled(inner) for inner in value]
    if isinstance(value, dict):
        return {printable(str(key)): spelled(inner) for key, inner in value.items()}
    return value


def single_line(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Spell out line ends too, but for a traceback: in text a forged line must not look like one of ours."""
    return {
        key: printable(value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }


class Json:
    """The end of a chain that writes JSON, the door included."""

    def __init__(self, clean: Clean) -> None:
        self._clean = clean

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        return serialised(self._clean(logger, name, event))

    def many(self, events: Iterable[Mapping[str, object]]) -> list[str]:
        """Return the lines of flat events with harmless names; nearly all are clean, which their JSON shows at once."""
        return [self._shown(event) or self(None, "", dict(event)) for event in events]

    def _shown(self, event: Mapping[str, object]) -> str:
        try:
            line = orjson.dumps(event).decode()
        except orjson.JSONEncodeError:  # half a character
            return ""
        return line if self._clean.passes(line) else ""


def configure(
    level: str = "info", form: Format = "auto", *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Set up our log and that of every library; without a stream it is standard error."""
    out = stream or sys.stderr
    readable = form == "text" or (form == "auto" and out.isatty())
    clean = Clean(Secrets(secrets))
    chain = [*BEGINNING, *(text_ending(clean, colours=out.isatty()) if readable else [Json(clean)])]
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: Lines(out),
        cache_logger_on_first_use=False,
    )
    adopt_foreign(LEVELS[level], chain, Lines(out))


def stamped(_logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Note level and moment."""
    event["level"] = name
    event["timestamp"] = timestamp()
    return event


def timestamp() -> str:
    """Return this moment as lines have it."""
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat()}Z"


BEGINNING: list[Processor] = [stamped, structlog.processors.format_exc_info]


def text_ending(clean: Clean, *, colours: bool) -> list[Processor]:
    # structlog's own default shows local variables in a traceback, and with them secrets.
    plain = structlog.dev.plain_traceback
    return [
        clean,
        single_line,
        structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain, sort_keys=False),
    ]


def serialised(event: Mapping[str, object]) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class Adopted(logging.Handler):
    """What libraries log goes through the same processors, and so through the same masks."""

    def __init__(self, chain: list[Processor], lines: Lines) -> None:
        super().__init__()
        self._chain = chain
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        event: Any = {"event": record.getMessage(), "logger": record.name}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        for processor in self._chain:
            event = processor(None, record.levelname.lower(), event)
        self._lines.msg(str(event))


def adopt_foreign(level: int, chain: list[Processor], lines: Lines) -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, Adopted)]:
        root.removeHandler(handler)
    root.addHandler(Adopted(chain, lines))
    root.setLevel(level if level == logging.DEBUG else max(level, FOREIGN_LEVEL))


def logger(room: str) -> FilteringBoundLogger:
    """Return the log of one room; cheap, and true to the latest `configure`."""
    log: FilteringBoundLogger = structlog.get_logger(room=room)
    return log
