"""How a running plan is led: its canary and its rate, held, gone on with, cancelled."""

import asyncio

import pytest

from tests.dead_letters.rig import ALL, MEND, NAME, Rig
from tests.delivery.world import BAD
from worker.dead_letters.document import Terms
from worker.journal.letters import Filter
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


def test_cancelled_plan_follows_up_what_may_have_been_sent() -> None:
    """What the vendor may have of a cancelled plan is looked for, and its letters say what came of it."""

    async def play() -> None:
        rig = await Rig.open()
        await rig.bury(3)
        rig.world.temper.lost_after = 1.0
        plan = await rig.replay(Terms("mended", (MEND,), canary=0))
        await asyncio.sleep(2)
        await rig.service.cancel(plan, "ann")
        rig.world.temper.lost_after = 0.0
        await rig.crash()
        await asyncio.sleep(60)

        assert rig.world.made == {"s0": 1, "s1": 1, "s2": 1}
        assert await rig.counts(plan) == {"applied": 3}
        assert await rig.service.count(ALL) == 0
        await rig.close()

    run(play())


def test_cancelled_plan_lays_letters_of_a_renamed_connection_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a plan had offered is laid down after its cancelling, also under the connection's new name."""

    async def play() -> None:
        rig = await Rig.open()
        await rig.emit(*(rig.delivery(f"s{number}", "updated", note="x", group=BAD) for number in range(3)))
        await rig.until(lambda: rig.done() == 3)
        await asyncio.sleep(1)
        rig.world.temper.lost_before = 1.0
        plan = await rig.replay(Terms("mended", (MEND,), canary=0))
        await asyncio.sleep(4)
        assert await rig.counts(plan) == {"offered": 3}
        await rig.service.cancel(plan, "ann")
        await rig.stop()
        await rig.journal.accounts.rename(NAME, "renamed")
        monkeypatch.setattr("tests.dead_letters.rig.NAME", "renamed")
        rig.world.temper.lost_before = 0.0
        await rig.start("handed over")
        await asyncio.sleep(60)

        assert rig.world.records == {}
        assert await rig.counts(plan) == {"withdrawn": 3}
        assert await rig.service.count(Filter(connections=["renamed"])) == 3
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
