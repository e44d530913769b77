"""What comes, and what bugs do, while outcomes are written and told. Real engine, virtual time."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from tests.delivery.world import Happening, Run, Temper, World
from worker.delivery.settlement import Settlement
from worker.delivery.watch import Unwatched
from worker.journal.journal import Journal
from worker.targets.base import Applied, Course, Task

pytestmark = pytest.mark.looptime

UNTELLABLE = "\ud800"  # half a character: no JSON holds it
PRIVATE = "a name of somebody"


class Odd(World):
    """A vendor one of whose records has an id that cannot be told."""

    def course(self, task: Task) -> Course:
        applied = yield from super().course(task)
        return Applied(applied.effect, UNTELLABLE) if task.event.subject == "odd" else applied


class Broken(Unwatched):
    """Somebody who looks on and has a bug."""

    def ended(self, settlements: Sequence[Settlement]) -> None:  # noqa: ARG002 -- the protocol's
        raise LookupError("a bug of ours")


class Late(Run):
    """A history whose last event comes so many turns of the loop after the others, which came together."""

    turns = 0

    async def _emit(self, journal: Journal, connection: Any) -> None:
        rows = [self.row(number) for number in range(1, len(self.history) + 1)]
        taken = await journal.take([row for row, _ in rows])
        assert len(taken.fresh) == len(rows)
        connection().offer(rows[:-1])
        for _ in range(self.turns):
            await asyncio.sleep(0)
        connection().offer(rows[-1:])


@pytest.mark.parametrize("turns", range(10))
async def test_event_that_comes_while_an_outcome_is_written_waits_for_it(turns: int) -> None:
    """What ended without any call is not begun again with a later event: each has one outcome."""
    history = [Happening(word, "a", {"name": "a"} if word == "created" else {}) for word in ("created", "deleted")]
    world = World(Temper(), random.Random(1), keyless=True)
    run = Late(world, [*history, history[0]])
    run.turns = turns

    await run.play()

    assert [len(notes) for notes in run.outcomes.values()] == [1, 1, 1]
    assert "a" in world.records


async def test_result_that_cannot_be_made_is_the_outcome_of_one() -> None:
    """It is buried as a bug of ours, and the others of its call are applied."""
    history = [Happening("created", subject, {"name": subject}) for subject in ("a", "odd", "b")]
    run = Run(Odd(Temper(), random.Random(1), batch=8), history, options={"batch": 8})

    await run.play()

    assert run.outcomes == {1: ["created"], 2: ["crashed"], 3: ["created"]}


async def test_bug_in_who_looks_on_stops_nothing_and_shows_nothing() -> None:
    """Every delivery ends, lanes go on, and what the log says of the bug holds no event."""
    heard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    run = Run(
        World(Temper(), random.Random(1)),
        [Happening("created", "a", {"name": PRIVATE}), Happening("updated", "a", {"note": PRIVATE}, at=1.0)],
        watch=lambda _name, _target, _now: Broken(),
    )

    await run.play()

    assert run.outcomes == {1: ["created"], 2: ["updated"]}
    assert {type(context["exception"]) for context in heard} == {LookupError}
    assert PRIVATE not in str(heard)
