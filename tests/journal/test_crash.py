"""The promise that nothing acknowledged is lost when the process is killed."""

import signal
import subprocess
import sys

import pytest

from tests.journal.conftest import Open
from tests.journal.writing import BATCH

POINTS = [
    f"{when}-commit-{what}=kill@{hit}"
    for when in ("before", "after")
    for what, hit in (("take", 3), ("settled", 5), ("reported", 2))
]


def killed(url: str, armed: str, lines: int | None = None) -> dict[str, int]:
    """Run the writing process until it dies by itself, or is killed after some lines; return what it said."""
    command = [sys.executable, "-m", "tests.journal.writing", url, armed]
    said: dict[str, int] = {"taken": 0, "settled": 0, "reported": 0}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout):
            word, position = line.split()
            said[word] = int(position)
            if number == lines:
                process.kill()
        assert process.wait() == -signal.SIGKILL
    return said


@pytest.mark.parametrize("armed", POINTS)
async def test_killed_between_two_steps(sqlite_url: str, opened: Open, armed: str) -> None:
    """Before and after each commit: what was told is there, what was not is there whole or not at all."""
    said = killed(sqlite_url, armed)

    await check(sqlite_url, opened, said)


@pytest.mark.parametrize("lines", [7, 30])
async def test_killed_at_any_moment(sqlite_url: str, opened: Open, lines: int) -> None:
    """The same when it is killed from outside."""
    said = killed(sqlite_url, "", lines)

    await check(sqlite_url, opened, said)


async def check(url: str, opened: Open, said: dict[str, int]) -> None:
    """See that the journal holds what was told, and at most one step more."""
    journal = await opened(url, worker="after")
    taken = await journal.last_position()
    waiting = {row.position for row in await journal.waiting("acme", 0, 10_000, 10**9)}
    unreported = {row.position for row in await journal.unreported(["acme"], 10_000)}
    relations = len(await journal.relations("acme"))

    assert taken in {said["taken"], said["taken"] + BATCH}
    assert all(position > said["settled"] for position in waiting)
    assert all(position > said["reported"] for position in unreported)
    assert relations == taken - len(waiting)
    assert sum((await journal.counts()).values()) == taken
