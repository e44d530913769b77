"""What may have been done before is known to what comes after. Real engine, virtual time."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
import pytest

from tests.delivery.world import Happening, Run, Temper, World
from worker.errors import RejectedError, UnknownOutcomeError
from worker.journal.rows import Settled
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


class Sharing(World):
    """A vendor at which all relations come to be one record; who asks for it takes it over."""

    def course(self, task: Task) -> Course:
        if task.operation == "delete" and task.known.remote_id is None:
            return Applied("absent")
        applied: Applied = yield from super().course(task)
        return Applied(applied.effect, "one", take_over=True)


@pytest.mark.parametrize("at", [0.5, 20.0], ids=["soon", "later"])
async def test_who_lost_a_record_to_another_does_not_delete_it(at: float) -> None:
    """What was taken over is the other's, also for a lane that has not asked the journal since."""
    world = Sharing(Temper(), random.Random(1))
    words = [Happening("created", "a", {}), Happening("created", "b", {}, at=0.2), Happening("deleted", "a", {}, at=at)]
    run = Run(world, words)
    await run.play()

    assert run.outcomes[3] == ["absent"]
    assert set(world.records) == {"a", "b"}


class AfterIt(World):
    """A target of ours that cannot read what its create was answered."""

    def course(self, task: Task) -> Course:
        yield from super().course(task)
        raise LookupError("a bug of ours")


class Same(World):
    """A vendor that gives each relation the same record."""

    def course(self, task: Task) -> Course:
        applied: Applied = yield from super().course(task)
        return Applied(applied.effect, "one")


class Buried(Run):
    """A history of which the letters are kept."""

    def _settled(self, name: str, settled: list[Settled]) -> None:
        self.letters = getattr(self, "letters", []) + [
            orjson.loads(each.letter.case) for each in settled if each.letter
        ]
        super()._settled(name, settled)


@pytest.mark.parametrize("kind", [AfterIt, Same])
async def test_a_letter_says_that_the_vendor_may_show_what_it_took(kind: type[World]) -> None:
    """A bug after the create was answered, or a record that is another's by then: it is there all the same."""
    run = Buried(
        kind(Temper(), random.Random(1)), [Happening("created", "a", {}), Happening("created", "b", {}, at=5.0)]
    )
    await run.play()

    assert [letter["maybe_applied"] for letter in run.letters] == [True] * len(run.letters)
    assert run.letters[-1]["attempts"] == 1


class Late(World):
    """A vendor that does what it is asked and says that it cannot, for twenty seconds."""

    async def _respond(self, asked: list[Any], slot: Slot) -> Response:
        if asyncio.get_running_loop().time() - self.began > 20.0:
            return await super()._respond(asked, slot)
        self._work(asked)
        slot.answered(500, {})
        return Response(500, {}, b"", 0.05)

    def __init__(self) -> None:
        super().__init__(Temper(), random.Random(1))
        self.began = asyncio.get_running_loop().time()


async def test_what_was_sent_does_not_expire() -> None:
    """Its time ran out during an outage, but the vendor may show it: it is brought to its end."""
    words = [Happening("updated", subject, {"note": "x"}, expires=10.0) for subject in "abcd"]
    run = Buried(Late(), words)
    await run.play()

    assert [notes for notes in run.outcomes.values() if notes != ["updated"]] == [["expired"]]


class Puts(World):
    """A vendor that loses the answer to a create, and then has trouble with what is put in its place."""

    lost, failed = False, 0

    async def _respond(self, asked: list[Any], slot: Slot) -> Response:
        verb = asked[0][0]
        if verb == "create" and not self.lost:
            self.lost = True
            self._work(asked)
            return await self._lose(slot)
        if verb == "replace" and self.failed < 4:
            self.failed += 1
            slot.answered(500, {})
            return Response(500, {}, b"", 0.05)
        return await super()._respond(asked, slot)


async def test_a_look_that_was_answered_is_no_failed_look() -> None:
    """What fails after it is tried as often as any step."""
    run = Run(Puts(Temper(), random.Random(1)), [Happening("created", "a", {})])
    await run.play()

    assert run.outcomes == {1: ["created"]}
