"""What may have been done before is known to what comes after. Real engine, virtual time."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from tests.delivery.world import Happening, Run, Temper, World
from worker.errors import RejectedError, UnknownOutcomeError
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response
from worker.targets.base import Applied, Course, Step, Task

pytestmark = pytest.mark.looptime


class Forgetful(World):
    """A vendor whose answer to the first deletion is lost."""

    lost = False

    async def _respond(self, asked: list[Any], slot: Slot) -> Response:
        response = await super()._respond(asked, slot)
        if asked[0][0] == "delete" and not self.lost:
            self.lost = True
            raise UnknownOutcomeError("nobody answered")
        return response


class Halving(World):
    """A vendor that takes half of what is bad; it notes which relations were doubtful when they came."""

    def __init__(self) -> None:
        super().__init__(Temper(), random.Random(1))
        self.doubtful: list[bool] = []

    def course(self, task: Task) -> Course:
        self.doubtful.append(task.known.doubtful)
        applied: Applied = yield from super().course(task)
        if task.operation == "update" and len(self.doubtful) == 2:
            raise RejectedError("half of it", reason="rejected", applied_in_part=True)
        return applied


@pytest.mark.parametrize("crashes", [(), (3.0,)], ids=["by the same worker", "by the next worker"])
async def test_a_deletion_whose_answer_was_lost_is_told_as_ours(crashes: tuple[float, ...]) -> None:
    """Repeated, it finds nothing any more: it was deleted, and not absent."""
    world = Forgetful(Temper(), random.Random(1))
    run = Run(world, [Happening("created", "a", {}), Happening("deleted", "a", {}, at=2.0)], crashes=crashes)
    await run.play()

    assert run.outcomes[2] == ["deleted"]


async def test_what_is_given_up_half_done_leaves_its_relation_in_doubt(tmp_path: Any) -> None:
    """The next event looks, and what is applied takes the doubt away; a new worker knows it too."""
    world = Halving()
    words = [Happening("created", "a", {})]
    words += [Happening("updated", "a", {"note": str(number)}, at=number * 10.0) for number in range(1, 4)]
    run = Run(world, words, crashes=(15.0,), url=f"sqlite:///{tmp_path}/journal.db")
    await run.play()

    assert world.doubtful == [False, False, True, False]


class Buggy(World):
    """A target of ours with a bug that one subject meets, in what it makes or in what it reads."""

    def __init__(self, where: str, batch: int = 1) -> None:
        super().__init__(Temper(), random.Random(1), batch)
        self.where = where

    def request(self, steps: Sequence[Step], now: datetime) -> Request:
        if self.where == "request" and any(step.body[1] == "odd" for step in steps):
            raise LookupError("a bug of ours")
        return super().request(steps, now)

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        if self.where == "read" and any(step.body[:2] == ("create", "odd") for step in steps):
            raise LookupError("a bug of ours")
        return super().read(steps, response)

    def course(self, task: Task) -> Course:
        yield from super().course(task)  # whatever the answer was, as a deletion of some targets does
        return Applied("updated", task.event.subject)


@pytest.mark.parametrize("where", ["request", "read"])
@pytest.mark.parametrize("batch", [1, 50])
async def test_a_bug_in_a_call_is_no_answer(where: str, batch: int) -> None:
    """The event that meets it is buried, told as a crash, and never as applied; the others of its call are not."""
    world = Buggy(where, batch)
    words = [Happening("created", subject, {}) for subject in ("a", "odd", "b")]
    run = Run(world, words, options={"batch": batch})
    await run.play()

    assert run.outcomes == {1: ["updated"], 2: ["crashed"], 3: ["updated"]}
    assert world.made["a"] == world.made["b"] == 1
