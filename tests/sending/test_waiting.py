"""Who waits for a slot: those who give up leave nothing behind, and live traffic goes before replays."""

import asyncio

import pytest

from tests.sending.gates import UNAUTHORIZED, call, opened, virtual, waited


@virtual
async def test_one_who_is_cancelled_passes_his_slot_on() -> None:
    """Cancelled before, while and after a slot is handed to them, waiters leave nothing behind."""
    gate = opened(in_flight=1)
    held = await gate.slot()
    first, second, third = (asyncio.ensure_future(gate.slot()) for _ in range(3))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    held.release()
    second.cancel()
    slot = await third
    slot.release()

    assert gate.in_flight == 0
    assert first.cancelled()
    assert second.cancelled()


@virtual
async def test_ten_thousand_cancelled_waits_leave_nothing() -> None:
    """A crew that asks and gives up while the gate is closed costs no memory."""
    gate = opened()
    gate.pause(None, "holiday", "anna")
    for _ in range(10_000):
        waiting = asyncio.ensure_future(gate.slot())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)

    assert not gate._waiting


@virtual
async def test_replays_take_only_what_live_traffic_leaves() -> None:
    """In a long window live traffic can have again what it had in the last one."""
    gate = opened("15/h")
    for _ in range(10):
        await call(gate, seconds=0.0)
    await asyncio.sleep(1800)
    assert gate.idle_room() == 5
    for _ in range(5):
        slot = await gate.idle_slot()
        slot.charge()
        slot.done()
    assert gate.idle_room() == 0
    await asyncio.sleep(1900)

    assert gate.use[0].used == 5
    assert gate.idle_room() == 0
    assert gate.idle_room(share=0.5) == 2
    waiting = asyncio.ensure_future(gate.idle_slot())
    assert await waited(waiting) == pytest.approx(1700.0, abs=10)


@virtual
async def test_live_traffic_goes_before_replays() -> None:
    """Who waits for a live slot is served before a replay that came first; a share is kept all the same."""
    gate = opened("1/s", in_flight=1)
    order: list[str] = []

    async def one(kind: str, share: float = 0.0) -> None:
        slot = await (gate.slot() if kind == "live" else gate.idle_slot(share))
        slot.charge()
        slot.done()
        order.append(kind)

    held = await gate.slot()
    replays = [asyncio.ensure_future(one("replay")) for _ in range(3)]
    await asyncio.sleep(0)
    live = [asyncio.ensure_future(one("live")) for _ in range(3)]
    await asyncio.sleep(0)
    held.release()
    await asyncio.gather(*replays, *live)
    assert order == ["live"] * 3 + ["replay"] * 3

    order.clear()
    await asyncio.gather(*(one("replay", 0.25) for _ in range(3)), *(one("live") for _ in range(12)))
    assert order[:8].count("replay") == 2


@virtual
async def test_live_traffic_finds_room_to_grow() -> None:
    """Of short windows and of places in flight replays leave something free for live traffic that comes now."""
    gate = opened("20/s", in_flight=8)
    slots = [asyncio.ensure_future(gate.idle_slot()) for _ in range(30)]
    await asyncio.sleep(0)
    assert gate.in_flight == 4
    while any(not each.done() or each.result().live for each in slots[:18]):
        for each in slots:
            if each.done() and each.result().live:
                each.result().charge()
                each.result().done()
        await asyncio.sleep(0)
    await asyncio.sleep(0.5)
    assert sum(each.done() for each in slots) == 18

    live = [asyncio.ensure_future(gate.slot()) for _ in range(2)]
    await asyncio.sleep(0)
    assert all(each.done() for each in live)
    for each in (*slots, *live):
        each.cancel()


@virtual
async def test_a_replay_is_no_probe() -> None:
    """A closed gate lets no replay through."""
    gate = opened()
    await call(gate, UNAUTHORIZED, status=401)
    waiting = asyncio.ensure_future(gate.idle_slot())
    await asyncio.sleep(10_000)

    assert not waiting.done()
    gate.resume("anna")
    assert (await waiting).idle
