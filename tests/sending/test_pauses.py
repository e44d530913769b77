"""Pauses: whose word counts, who hears of them, and how the gate reopens."""

import asyncio
from datetime import timedelta

import pytest

from tests.sending.gates import START, opened, virtual, waited, wall
from worker.sending.pauses import Pause


@virtual
async def test_a_person_is_not_overruled() -> None:
    """Neither time nor probes nor a machine's resume open what a person has closed."""
    gate = opened()
    gate.pause(5.0, "slow down", "hint")
    gate.pause(None, "holiday", "anna")
    gate.resume("hint")
    gate.resume("outage")
    waiting = asyncio.ensure_future(gate.slot())
    await asyncio.sleep(100_000)
    assert not waiting.done()
    assert gate.paused is not None
    assert (gate.paused.by, gate.paused.why, gate.paused.until) == ("anna", "holiday", None)

    gate.resume("bert")
    assert (await waiting).probe is None


@virtual
async def test_the_longest_pause_wins() -> None:
    """A shorter one neither ends it nor hides it; a longer one takes over."""
    gate = opened()
    gate.pause(100.0, "long", "vendor")
    gate.pause(10.0, "short", "hint")
    gate.pause(20.0, "shorter than before", "vendor")
    assert gate.paused is not None
    assert gate.paused.why == "long"

    assert await waited(gate.slot()) == pytest.approx(100.0, abs=0.01)


@virtual
async def test_a_persons_last_word_counts() -> None:
    """A pause by hand can be made shorter by hand, and ends at its time."""
    gate = opened()
    gate.pause(1000.0, "long", "anna")
    gate.pause(10.0, "not so long", "anna")

    assert await waited(gate.slot()) == pytest.approx(10.0, abs=0.01)


@virtual
async def test_tells_each_change_once() -> None:
    """The journal and the console hear of a pause and of its end, also when nobody waits."""
    seen: list[Pause | None] = []
    gate = opened(changed=seen.append)
    gate.pause(10.0, "slow down", "vendor")
    gate.pause(5.0, "slow down", "vendor")
    await asyncio.sleep(20)

    assert [None if each is None else each.why for each in seen] == ["slow down", None]
    assert seen[0] is not None
    assert seen[0].until == START + timedelta(seconds=1010)


@virtual
async def test_is_closed_as_before_after_a_restart() -> None:
    """What the journal keeps of a pause is taken up again, without telling it."""
    seen: list[Pause | None] = []
    gate = opened(changed=seen.append)
    gate.restore_pause("vendor", "the hour is used up", wall() + timedelta(seconds=50))
    past = opened()
    past.restore_pause("vendor", "long ago", wall() - timedelta(seconds=50))
    by_hand = opened()
    by_hand.restore_pause("anna", "holiday", None)

    assert await waited(gate.slot()) == pytest.approx(50.0, abs=0.01)
    assert seen == [None]
    assert past.paused is None
    assert by_hand.paused is not None


@virtual
async def test_reopens_with_a_ramp() -> None:
    """After a pause one call goes first, and the limit doubles with good answers up to what it was."""
    gate = opened(in_flight=16)
    gate.pause(10.0, "slow down", "vendor")
    most: list[int] = []

    async def one() -> None:
        slot = await gate.slot()
        slot.charge()
        most.append(gate.in_flight)
        await asyncio.sleep(0.1)
        slot.done()

    await asyncio.gather(*(one() for _ in range(300)))

    assert most[0] == 1
    assert max(most[:3]) <= 2
    assert max(most) == 16
