"""The promises of a replay: each effect once, in order, and never over newer state."""

import asyncio
import random
from typing import Any

import orjson
import pytest

from schemas.dead_letter import intake_letter_id
from tests.dead_letters.rig import ALL, MEND, NAME, Rig, message
from tests.delivery.world import BAD, Temper
from worker.dead_letters.document import Terms
from worker.errors import InvalidMessageError
from worker.journal.letters import Filter
from worker.journal.rows import INTAKE, Delivery, Received, Reported, Settled
from worker.outcome.case_file import letter
from worker.outcome.ending import Burial, Effort, Origin
from worker.outcome.result import Teller
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


def test_canary_stops_the_plan() -> None:
    """Where one of the first three fails again nothing more is sent, and the letters stay."""

    async def play() -> None:
        rig = await Rig.open()
        await rig.bury(20)
        calls = rig.world.calls

        plan = await rig.replay(Terms("hope"))

        assert await rig.ended(plan, 60) == "canary_failed"
        assert await rig.counts(plan) == {"dead_lettered": 3, "planned": 17}
        assert rig.world.calls == calls + 3
        assert await rig.service.count(ALL) == 20
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


def test_live_event_hurries_the_replay_before_it() -> None:
    """A live event that waits behind a replay is not held up by the lack of idle slots."""

    async def play() -> None:
        rig = await Rig.open(quotas=(Quota(4, 1.0),), options={"in_flight": 1})
        await rig.bury(1)
        flood = [rig.delivery(f"x{number}") for number in range(200)]
        plan = await rig.replay()
        await asyncio.sleep(1.05)
        await rig.emit(*flood)
        behind = rig.delivery("s0", "updated", note="live")
        await rig.emit(behind)

        await rig.until(lambda: rig.done("applied") == 202)

        assert rig.world.records["s0"]["note"] == "live"
        assert await rig.ended(plan, 60) == "finished"
        await rig.close()

    run(play())


def test_replay_waits_for_live_traffic() -> None:
    """While live traffic uses every slot a plan sends nothing and says that it is stalled; then it goes on."""

    async def play() -> None:
        rig = await Rig.open(quotas=(Quota(5, 1.0),), options={"coalesce": False})
        await rig.bury(5)
        await rig.emit(*(rig.delivery(f"x{number}") for number in range(200)))
        plan = await rig.replay()
        await asyncio.sleep(20)

        assert await rig.counts(plan) == {"planned": 5}
        await rig.journal.acquire(NAME, "somebody", 1000)
        assert (await rig.service.progress(plan)).stalled == "stalled: no idle quota"

        assert await rig.ended(plan, 100) == "finished"
        assert rig.done("applied") == 205
        await rig.close()

    run(play())


def test_share_takes_from_live_traffic() -> None:
    """With a share a plan goes on beside live traffic that uses every slot."""

    async def play() -> None:
        rig = await Rig.open(quotas=(Quota(5, 1.0),))
        await rig.bury(5)
        await rig.emit(*(rig.delivery(f"x{number}") for number in range(200)))
        plan = await rig.replay(Terms("now", (MEND,), share=0.4))

        assert await rig.ended(plan, 20) == "finished"
        assert rig.done("applied") < 150
        await rig.close()

    run(play())


def test_plan_keeps_its_rate() -> None:
    """A plan with a rate of its own is no faster, however much is idle."""

    async def play() -> None:
        rig = await Rig.open()
        await rig.bury(30)
        began = rig.now()

        plan = await rig.replay(Terms("slowly", (MEND,), rate=Quota(2, 1.0)))

        assert await rig.ended(plan, 100) == "finished"
        assert 14 <= (rig.now() - began).total_seconds() < 40
        await rig.close()

    run(play())


def test_paused_plan_goes_on_where_it_was() -> None:
    """A paused plan offers nothing more, also after a crash; resumed, it is finished."""

    async def play() -> None:
        rig = await Rig.open(quotas=(Quota(2, 1.0),), options={"in_flight": 1})
        await rig.bury(20)
        plan = await rig.replay()
        await asyncio.sleep(4)
        await rig.service.pause(plan, "ann", "lunch")
        await asyncio.sleep(3)
        before = (await rig.counts(plan))["applied"]
        await rig.crash()
        await asyncio.sleep(30)
        assert (await rig.counts(plan))["applied"] == before < 20

        await rig.service.resume(plan, "ann")

        assert await rig.ended(plan, 100) == "finished"
        assert set(rig.world.made.values()) == {1}
        await rig.close()

    run(play())


def test_cancelled_plan_lays_its_letters_down() -> None:
    """What a cancelled plan had not sent lies as before, and can be planned again."""

    async def play() -> None:
        rig = await Rig.open(quotas=(Quota(2, 1.0),), options={"in_flight": 1})
        await rig.bury(20)
        plan = await rig.replay()
        await asyncio.sleep(4)
        await rig.service.cancel(plan, "ann")
        await rig.crash()
        await asyncio.sleep(30)
        counts = await rig.counts(plan)
        assert counts.get("offered", 0) == 0
        assert await rig.service.count(ALL) == 20 - counts["applied"]

        again = await rig.replay()

        assert await rig.ended(again, 100) == "finished"
        assert set(rig.world.made.values()) == {1}
        await rig.close()

    run(play())


def test_pause_of_the_connection_holds_the_replay() -> None:
    """While a connection is paused nothing is replayed, and the plan says why; then it goes on."""

    async def play() -> None:
        rig = await Rig.open(quotas=(Quota(5, 1.0),))
        await rig.bury(30)
        plan = await rig.replay()
        await asyncio.sleep(2.5)
        rig.connection.gate.pause(600.0, "maintenance", "ann")
        await asyncio.sleep(300)
        calls = rig.world.calls
        await rig.journal.acquire(NAME, "somebody", 1000)
        stalled = (await rig.service.progress(plan)).stalled
        assert stalled is not None
        assert "maintenance" in stalled
        assert rig.world.calls == calls

        assert await rig.ended(plan, 1000) == "finished"
        assert set(rig.world.made.values()) == {1}
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


async def bury_at_intake(rig: Rig, event: dict[str, Any]) -> str:
    """Lay down what intake refused."""
    rig.position += 1
    received = Received("RELATIONS", rig.position, "relation", rig.now(), (), orjson.dumps(event))
    letter_id = intake_letter_id("RELATIONS", "now", rig.position)
    origin = Origin(None, None, "", None, None, received, {})
    burial = Burial(InvalidMessageError("subject: is required", reason="malformed"))
    words = (rig.position, letter_id, "r-intake")
    kept, result = letter(Teller("t", "0"), origin, Effort(), burial, rig.now(), *words)
    row = Delivery(INTAKE, rig.position, "", "", "", b"", "create", received)
    ending = Settled(INTAKE, rig.position, "dead_lettered", 0, 0, rig.now(), result, letter=kept)
    await rig.journal.take([], [(row, ending)])
    await rig.journal.commit(Reported(INTAKE, rig.position))
    return letter_id


def test_intake_letter_is_taken_again() -> None:
    """An intake letter goes, patched, to its connection at its own place; newer state still counts."""

    async def play() -> None:
        rig = await Rig.open()
        event = orjson.loads(message(1, "s0", "created", {"note": "old"}))
        del event["subject"]
        late = orjson.loads(message(2, "s1", "created", {"note": "late"}))
        del late["subject"]
        first, second = await bury_at_intake(rig, event), await bury_at_intake(rig, late)
        await rig.emit(rig.delivery("s0", note="new"))
        await rig.until(lambda: rig.done("applied") == 1)
        plans = [
            await rig.replay(Terms("named", ({"op": "add", "path": "/subject", "value": subject},)), Filter(ids=[one]))
            for one, subject in ((first, "s0"), (second, "s1"))
        ]

        assert [await rig.ended(plan, 60) for plan in plans] == ["finished", "finished"]
        await rig.until(lambda: len(rig.settled) == 3, 60)

        assert rig.world.records == {"s0": {"note": "new"}, "s1": {"note": "late"}}
        assert [await rig.counts(plan) for plan in plans] == [{"taken": 1}, {"taken": 1}]
        assert await rig.service.count(Filter()) == 0
        await rig.close()

    run(play())


def test_intake_letter_that_nobody_takes_stays() -> None:
    """An intake letter whose event is delivered already, or still unread, stays with the reason in its history."""

    async def play() -> None:
        rig = await Rig.open()
        await rig.emit(rig.delivery("s0"))
        await rig.until(lambda: rig.done("applied") == 1)
        twice = await bury_at_intake(rig, orjson.loads(message(1, "s0", "created", {"note": "other"})))
        broken = await bury_at_intake(rig, {"specversion": "1.0"})

        for one in (twice, broken):
            assert await rig.ended(await rig.replay(Terms("try"), Filter(ids=[one])), 60) in {
                "finished",
                "canary_failed",
            }

        notes = [(await rig.service.show(one)).replays[0].note or "" for one in (twice, broken)]
        assert "have this event already" in notes[0]
        assert "no valid event" in notes[1]
        assert await rig.service.count(Filter()) == 2
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
