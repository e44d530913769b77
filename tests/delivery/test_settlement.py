"""What comes, and what bugs do, while outcomes are written and told. Real engine, virtual time."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from schemas.cloudevent import Event
from tests.delivery.world import Happening, Run, Temper, World
from worker.delivery.settlement import Settlement
from worker.delivery.watch import Unwatched
from worker.journal.journal import Journal
from worker.journal.rows import Delivery
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


class Ailing(Run):
    """A history in which bugs are met, and who waits for them to be reported."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.bugs: list[BaseException] = []

    def _broke(self, _name: str, error: BaseException) -> None:
        self.bugs.append(error)


class Unspeakable(Ailing):
    """A history with one event of which neither a result nor a letter can be made."""

    def row(self, number: int) -> tuple[Delivery, Event]:
        row, event = super().row(number)
        return row, event.model_copy(update={"id": UNTELLABLE}) if event.subject == "odd" else event

    def _broke(self, name: str, error: BaseException) -> None:
        super()._broke(name, error)
        self.outcomes[len(self.history)] = ["none"]  # so that nobody waits for it


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


async def test_outcome_that_can_not_even_be_buried_is_reported_and_stops_no_other() -> None:
    """The others of its call are settled and told; the connection is broken, and is not handed over as clean."""
    history = [Happening("created", subject, {"name": subject}) for subject in ("a", "b", "odd")]
    run = Unspeakable(World(Temper(), random.Random(1), batch=8), history, options={"batch": 8})

    await run.play()

    assert run.outcomes == {1: ["created"], 2: ["created"], 3: ["none"]}
    assert ["surrogates not allowed" in str(bug) for bug in run.bugs] == [True]
    assert not await run.connections[0].engine.stop(1.0)


async def test_bug_in_who_looks_on_is_reported_and_shows_nothing() -> None:
    """Every delivery ends and lanes go on, the connection is broken, and what is said of the bug holds no event."""
    run = Ailing(
        World(Temper(), random.Random(1)),
        [Happening("created", "a", {"name": PRIVATE}), Happening("updated", "a", {"note": PRIVATE}, at=1.0)],
        watch=lambda _name, _target, _now: Broken(),
    )

    await run.play()

    assert run.outcomes == {1: ["created"], 2: ["updated"]}
    assert [type(bug) for bug in run.bugs] == [LookupError, LookupError]
    assert PRIVATE not in str(run.bugs)
