"""The promises of a replay: each effect once, in order, and never over newer state."""

import asyncio
import random

import pytest

from tests.dead_letters.rig import ALL, MEND, Rig
from tests.delivery.world import BAD, Temper
from worker.dead_letters.document import Terms
from worker.sending.quota import Quota
from worker.simulation.loop import run


@pytest.mark.parametrize("batch", [1, 5])
def test_mended_letters_go_through(batch: int) -> None:
    """Every letter of a plan reaches the target once, its letter is resolved, and the plan is finished."""

    async def play() -> None:
        rig = await Rig.open(batch=batch)
        await rig.bury(40)

        plan = await rig.replay()

        assert await rig.ended(plan, 60) == "finished"
        assert await rig.counts(plan) == {"applied": 40}
        assert rig.world.made == {f"s{number}": 1 for number in range(40)}
        assert await rig.service.count(ALL) == 0
        assert [entry.action for entry in await rig.service.audit()] == ["dead.finished", "dead.apply", "dead.plan"]
        await rig.close()

    run(play())


@pytest.mark.parametrize("seed", range(6))
def test_crashes_repeat_nothing(seed: int) -> None:
    """However often the worker ends, the plan is finished and each letter's effect is there once."""

    async def play() -> None:
        chance = random.Random(seed)
        rig = await Rig.open(batch=chance.choice([1, 4]), quotas=(Quota(10, 1.0),))
        await rig.bury(60)
        rig.world.temper.lost_after = 0.1
        plan = await rig.replay()

        for _ in range(2):  # a third one may bury a letter as `crashed`
            await asyncio.sleep(chance.uniform(0.5, 3.0))
            await rig.crash()

        assert await rig.ended(plan, 3000) == "finished"
        assert await rig.counts(plan) == {"applied": 60}
        assert rig.world.made == {f"s{number}": 1 for number in range(60)}
        await rig.close()

    run(play())


def test_failing_calls_are_tried_again() -> None:
    """A replay that fails in a way that may pass is tried again, also by looking, and ends once."""

    async def play() -> None:
        rig = await Rig.open(Temper(), quotas=(Quota(20, 1.0),))
        await rig.bury(40)
        rig.world.temper.broken = 0.3
        rig.world.temper.lost_after = 0.2

        plan = await rig.replay(Terms("mended", (MEND,), canary=0))

        assert await rig.ended(plan, 5000) == "finished"
        assert set(rig.world.made.values()) == {1}
        await rig.close()

    run(play())


def test_failed_replay_grows_the_history() -> None:
    """A letter that fails again is the same letter, with its replays told."""

    async def play() -> None:
        rig = await Rig.open()
        await rig.bury(1)
        (found,) = await rig.service.page(ALL, 9)

        for _ in range(2):
            await rig.ended(await rig.replay(Terms("hope")), 60)

        case = await rig.service.show(found.letter.id)
        assert (case.buried.burials, case.buried.state) == (3, "open")
        assert [each.state for each in case.replays] == ["dead_lettered", "dead_lettered"]
        assert [each.why for each in case.replays] == ["hope", "hope"]
        assert case.case["replay"]["number"] == 2
        assert case.received is not None
        await rig.close()

    run(play())


@pytest.mark.parametrize("force", [False, True])
def test_newer_state_is_never_overwritten_unasked(force: bool) -> None:
    """A letter older than what was applied since is superseded, unless somebody insists."""

    async def play() -> None:
        rig = await Rig.open()
        await rig.emit(rig.delivery("s0", note="first"))
        await rig.emit(rig.delivery("s0", "updated", note="old", group=BAD))
        await rig.until(lambda: rig.done() == 1)
        await rig.emit(rig.delivery("s0", "updated", note="new"))
        await rig.until(lambda: rig.done("applied") == 2)
        await asyncio.sleep(1)

        plan = await rig.replay(Terms("again", (MEND,), force=force))

        assert await rig.ended(plan, 60) == "finished"
        assert await rig.counts(plan) == {"applied" if force else "superseded": 1}
        assert rig.world.records["s0"]["note"] == ("old" if force else "new")
        assert await rig.service.count(ALL) == 0
        await rig.close()

    run(play())


def test_letters_of_one_relation_go_in_order() -> None:
    """The letters of a relation are replayed one after the other, in the order of their events."""

    async def play() -> None:
        rig = await Rig.open()
        words = ["created"] + ["updated"] * 9
        for number, word in enumerate(words):
            await rig.emit(rig.delivery("s0", word, note=f"{number}", group=BAD))
        await rig.until(lambda: rig.done() == 10)
        await asyncio.sleep(1)

        plan = await rig.replay()

        assert await rig.ended(plan, 600) == "finished"
        assert await rig.counts(plan) == {"applied": 10}
        assert rig.world.records["s0"]["note"] == "9"
        replayed = [each.position for each in rig.settled if each.plan == plan]
        assert replayed == sorted(replayed)
        await rig.close()

    run(play())


def test_imported_letters_are_replayed() -> None:
    """Letters of another machine are replayed like any other, in order, and newer state of this one counts."""

    async def play() -> None:
        there, here = await Rig.open(), await Rig.open()
        await there.emit(there.delivery("s0", note="1", group=BAD))
        await there.emit(there.delivery("s1", note="1", group=BAD))
        await there.until(lambda: there.done() == 2)
        await there.emit(there.delivery("s1", "updated", note="2", group=BAD))
        await there.until(lambda: there.done() == 3)
        await asyncio.sleep(1)
        here.position = 100
        await here.emit(here.delivery("s0", note="newer"))
        await here.until(lambda: here.done("applied") == 1)
        raw = b"".join([line async for line in there.service.export(ALL)])
        assert len((await here.service.take_in(raw, "ann")).new) == 3

        plan = await here.replay()

        assert await here.ended(plan, 60) == "finished"
        assert await here.counts(plan) == {"applied": 2, "superseded": 1}
        assert here.world.records == {"s0": {"note": "newer"}, "s1": {"note": "2"}}
        await there.close()
        await here.close()

    run(play())
