"""One line an event, harmless and without secrets, on a terminal and off it."""

import io
import json
import logging
from typing import Any

import pytest

from worker.telemetry.logs import Format, configure, logger


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def fail(why: str) -> None:
    raise ValueError(why)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_secret_and_no_escape_reaches_the_log(form: Format) -> None:
    """Secrets by value or by name, bodies and terminal escapes stay out, in our lines and in libraries'."""
    stream = io.StringIO()
    configure("debug", form, secrets=["s3cr3t-value"], stream=stream)

    log = logger("gate")
    log.info("opened s3cr3t-value", token="by-name-1", body=b"private", nested={"api_key": "by-name-2"})
    log.warning("hostile", subject="\x1b]0;owned\x07\x9b31m\u202e\nforged line")
    logging.getLogger("nats").warning("connect with %s", {"pass": "s3cr3t-value"})
    try:
        fail("wrong: s3cr3t-value")
    except ValueError:
        log.exception("crashed")
        logging.getLogger("aiohttp").exception("crashed too")
    seen = stream.getvalue()

    assert not [word for word in ("s3cr3t-value", "by-name-1", "by-name-2", "private", "locals") if word in seen]
    assert seen.replace("\n", "").isprintable()
    assert not [line for line in seen.splitlines() if line.startswith("forged")]
    assert seen.count("ValueError: wrong: ***") == 2


def test_readable_on_a_terminal_and_json_off_it() -> None:
    """`auto` looks at where it writes to."""
    terminal, pipe = Terminal(), io.StringIO()

    configure("info", "auto", stream=terminal)
    logger("app").info("started")
    configure("info", "auto", stream=pipe)
    logger("app").info("started")

    assert "started" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    assert lines(pipe)[0]["room"] == "app"


def test_level_holds_for_us_and_libraries_are_quieter() -> None:
    """Below the level nothing is said; of libraries only what concerns people."""
    stream = io.StringIO()
    configure("info", "json", stream=stream)

    logger("app").debug("not this")
    logging.getLogger("aiohttp").info("nor this")
    logger("app").info("this")
    logging.getLogger("aiohttp").warning("and this")

    assert [line["event"] for line in lines(stream)] == ["this", "and this"]


def test_configured_twice_says_it_once() -> None:
    """A second `configure` replaces the first."""
    first, second = io.StringIO(), io.StringIO()
    configure("info", "json", stream=first)
    configure("info", "json", stream=second)

    logging.getLogger("x").warning("once")

    assert (len(lines(first)), len(lines(second))) == (0, 1)


def test_log_that_cannot_be_written_stops_nothing() -> None:
    """A closed stream loses the line, not the worker."""
    stream = io.StringIO()
    configure("info", "json", stream=stream)
    stream.close()

    logger("app").info("lost")


def test_huge_values_are_cut() -> None:
    """One value cannot flood the log."""
    stream = io.StringIO()
    configure("info", "json", stream=stream)

    logger("app").info("x", detail="a" * 100_000)

    assert len(stream.getvalue()) < 5000
