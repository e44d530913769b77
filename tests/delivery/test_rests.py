"""A lane goes on when the journal knows how its last attempt failed. Real engine, virtual time."""

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.world import Happening, Run, Temper, World
from worker.sending.slot import Slot
from worker.sending.wire import Response

pytestmark = pytest.mark.looptime

REFUSE = (
    "CREATE TRIGGER refuse BEFORE UPDATE OF tries ON deliveries BEGIN SELECT RAISE(ABORT, 'no attempt is noted'); END"
)
ACCEPT = "DROP TRIGGER refuse"
NOTED = 40.0  # seconds: when the journal writes attempts again
SOON = 2.0  # seconds: the longest first back-off, and more than it takes to try to write once more


class Unwell(World):
    """A vendor that fails once; it notes when it was called."""

    def __init__(self) -> None:
        super().__init__(Temper(), random.Random(1))
        self.moments: list[float] = []

    async def _respond(self, asked: list[Any], slot: Slot) -> Response:
        self.moments.append(asyncio.get_running_loop().time())
        if len(self.moments) > 1:
            return await super()._respond(asked, slot)
        slot.answered(500, {})
        return Response(500, {}, b"", 0.05)


class Unnoted(Run):
    """A history in a journal that for a while can write all but how an attempt failed."""

    pause: float | None = None  # seconds; the gate closes soon after the attempt

    async def _emit(self, journal: Any, connection: Any) -> None:
        self.tell_database(REFUSE)
        await super()._emit(journal, connection)
        await asyncio.sleep(0.5)
        if self.pause is not None:
            connection().gate.pause(self.pause, "the vendor is away", "vendor")
        await asyncio.sleep(NOTED - 0.5)
        self.tell_database(ACCEPT)

    def tell_database(self, said: str) -> list[Any]:
        """Say something to the database beside the journal."""
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)) as database:
            return database.execute(said).fetchall()


async def test_rest_counts_from_the_failure() -> None:
    """Where the journal writes at once, the next attempt begins when the back-off is over."""
    world = Unwell()

    await Run(world, [Happening("updated", "a", {})]).play()

    assert world.moments[1] - world.moments[0] < SOON


@pytest.mark.parametrize("pause", [None, 5.0])
async def test_next_attempt_waits_until_the_last_one_is_on_disk(tmp_path: Path, pause: float | None) -> None:
    """It begins when the journal knows of the failed one, soon after, even if all was dropped and read again."""
    world = Unwell()
    run = Unnoted(world, [Happening("updated", "a", {})], url=f"sqlite:///{tmp_path}/journal.db")
    run.pause = pause

    await run.play()

    first, second = world.moments
    assert NOTED <= second - first < NOTED + SOON
    assert run.outcomes == {1: ["updated"]}
    assert run.tell_database("SELECT state, attempts FROM deliveries WHERE settled_at IS NULL") == []
