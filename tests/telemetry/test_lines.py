"""Lines of one turn of the loop go out together, those of other threads at once."""

import asyncio
import io

from worker.telemetry.lines import Lines


class Counted(io.StringIO):
    """A stream that counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


async def test_lines_of_one_turn_are_one_write() -> None:
    """What is said before the loop goes on is written together, in order."""
    stream = Counted()
    lines = Lines(stream)

    for word in ("one", "two", "three"):
        lines.msg(word)
    assert stream.getvalue() == ""
    await asyncio.sleep(0)

    assert (stream.getvalue(), stream.writes) == ("one\ntwo\nthree\n", 1)


async def test_line_of_another_thread_waits_for_nobody() -> None:
    """It is written at once, and what the loop has gathered meanwhile still comes."""
    stream = Counted()
    lines = Lines(stream)

    lines.msg("gathered")
    await asyncio.to_thread(lines.msg, "from a thread")
    lines.msg("after it")
    await asyncio.sleep(0)

    assert sorted(stream.getvalue().splitlines()) == ["after it", "from a thread", "gathered"]


def test_line_without_a_loop_is_written_at_once() -> None:
    """A command that runs no loop says its lines as they come."""
    stream = Counted()

    Lines(stream).msg("now")

    assert stream.getvalue() == "now\n"
