"""How a running plan is led: its canary and its rate, held, gone on with, cancelled."""

import asyncio

from tests.dead_letters.rig import ALL, MEND, NAME, Rig
from worker.dead_letters.document import Terms
from worker.sending.quota import Quota
from worker.simulation.loop import run


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
