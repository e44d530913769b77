"""Plans over letters of intake are led like any other: canary, rate, held, gone on with, cancelled."""

import asyncio

import orjson

from tests.dead_letters.rig import Rig, message
from tests.dead_letters.test_retaking import bury_at_intake
from tests.delivery.world import BAD
from worker.dead_letters.document import Terms
from worker.journal.letters import Filter
from worker.sending.quota import Quota
from worker.simulation.loop import run


async def lay(rig: Rig, count: int, **data: str) -> Filter:
    """Lay down so many creates at intake, each of a relation of its own, and wait until all quota is idle."""
    events = [orjson.loads(message(number, f"s{number}", "created", data)) for number in range(count)]
    wanted = Filter(ids=[await bury_at_intake(rig, event) for event in events])
    await asyncio.sleep(30)
    return wanted


def test_canary_of_intake_letters_stops_the_plan() -> None:
    """Where the first of what intake took again are buried, the rest stays where it is."""

    async def play() -> None:
        rig = await Rig.open()

        plan = await rig.replay(Terms("hope"), await lay(rig, 20, group=BAD))

        assert await rig.ended(plan, 60) == "canary_failed"
        await asyncio.sleep(30)
        assert await rig.counts(plan) == {"dead_lettered": 3, "planned": 17}
        assert rig.world.calls == 3
        assert await rig.service.count(Filter(connections=["_intake"])) == 17
        await rig.close()

    run(play())


def test_plan_of_intake_letters_keeps_its_rate() -> None:
    """What intake takes again goes no faster than its plan says, and the plan ends with the last of it."""

    async def play() -> None:
        rig = await Rig.open()
        wanted = await lay(rig, 20)
        began = rig.now()

        plan = await rig.replay(Terms("slowly", rate=Quota(2, 1.0)), wanted)

        assert await rig.ended(plan, 100) == "finished"
        assert 9 <= (rig.now() - began).total_seconds() < 30
        assert await rig.counts(plan) == {"applied": 20}
        await rig.close()

    run(play())


def test_paused_plan_of_intake_letters_goes_on_where_it_was() -> None:
    """A paused plan has nothing more of intake sent, however much is idle; resumed, it is finished."""

    async def play() -> None:
        rig = await Rig.open(quotas=(Quota(2, 1.0),), options={"in_flight": 1})
        plan = await rig.replay(Terms("try"), await lay(rig, 100))
        await asyncio.sleep(8)
        await rig.service.pause(plan, "ann", "lunch")
        await asyncio.sleep(3)
        before = await rig.counts(plan)
        await rig.crash()
        await asyncio.sleep(30)
        assert await rig.counts(plan) == before
        assert before["offered"] <= 64

        await rig.service.resume(plan, "ann")

        assert await rig.ended(plan, 200) == "finished"
        assert await rig.counts(plan) == {"applied": 100}
        assert set(rig.world.made.values()) == {1}
        await rig.close()

    run(play())


def test_cancelled_plan_gives_back_what_intake_took() -> None:
    """What a cancelled plan had not sent lies at intake again, and can be planned anew."""

    async def play() -> None:
        rig = await Rig.open(quotas=(Quota(2, 1.0),), options={"in_flight": 1})
        wanted = await lay(rig, 30)
        plan = await rig.replay(Terms("try"), wanted)
        await asyncio.sleep(8)
        await rig.service.cancel(plan, "ann")
        await asyncio.sleep(60)
        counts = await rig.counts(plan)
        assert counts.keys() == {"applied", "withdrawn"}
        assert await rig.service.count(wanted) == counts["withdrawn"] == 30 - len(rig.world.made)

        again = await rig.replay(Terms("again"), Filter(connections=["_intake"]))

        assert await rig.ended(again, 200) == "finished"
        assert len(rig.world.made) == 30
        assert set(rig.world.made.values()) == {1}
        await rig.close()

    run(play())


def test_share_holds_for_what_intake_took() -> None:
    """While letters of intake are on their way, their connection keeps the part of the quota that their plan asks."""

    async def play() -> None:
        rig = await Rig.open()
        wanted = await lay(rig, 3)
        rig.connection.gate.pause(20.0, "maintenance", "ann")
        plan = await rig.replay(Terms("soon", share=0.5), wanted)
        await asyncio.sleep(5)
        assert await rig.counts(plan) == {"offered": 3}

        assert rig.connection.engine.replaying._supply.share == 0.5

        assert await rig.ended(plan, 100) == "finished"
        await rig.close()

    run(play())
