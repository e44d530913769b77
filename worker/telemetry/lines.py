"""Where log lines go; those of one turn of the loop are written together."""

import asyncio
from collections.abc import Sequence
from typing import TextIO


class Lines:
    """A log that cannot be written must not stop a delivery, so failures end here.

    Inside a loop lines are gathered until its turn is over: one write for many deliveries, not one for each.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._gathered: list[str] = []

    def msg(self, message: str) -> None:
        self.gather([message])

    def gather(self, messages: Sequence[str]) -> None:
        """Write some when this turn is over."""
        if not messages:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # another thread, or no loop at all: nothing comes soon
            self._write(messages)
            return
        if not self._gathered:
            loop.call_soon(self._write_gathered)
        self._gathered.extend(messages)

    log = debug = info = warning = warn = error = critical = fatal = exception = msg

    def _write_gathered(self) -> None:
        lines, self._gathered = self._gathered, []
        self._write(lines)

    def _write(self, lines: Sequence[str]) -> None:
        try:
            self._stream.write("".join([f"{line}\n" for line in lines]))
            self._stream.flush()
        except (OSError, ValueError):  # closed, full, or in an encoding that lacks a character
            return
