import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.errors import (
    AddressError,
    ClockError,
    OutageError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.gate import Gate
from worker.sending.pauses import Pause
from worker.sending.quota import Quota
from worker.sending.slot import Slot, SpentSlotError
from worker.simulation.loop import VirtualLoop, run

UNAUTHORIZED = UnauthorizedError("the credentials are not accepted")
START = datetime(2026, 9, 1, tzinfo=UTC)


def now() -> float:
    return asyncio.get_running_loop().time()


def wall() -> datetime:
    return START + timedelta(seconds=now())


def opened(
    *quotas: str, in_flight: int = 8, changed: Callable[[Pause | None], None] | None = None, **more: Any
) -> Gate:
    limits = [Quota.parse(text) for text in quotas]
    return Gate(limits, in_flight, fresh=True, changed=changed, wall=wall, **more)


async def call(
    gate: Gate, error: TargetError | None = None, relation: str = "r", seconds: float = 0.1, **answer: Any
) -> Slot:
    """Make one call that ends like this."""
    slot = await gate.slot()
    slot.charge()
    await asyncio.sleep(seconds)
    slot.answered(**answer)
    slot.done(error, (relation,))
    return slot


async def waited(task: Awaitable[Any]) -> float:
    began = now()
    await task
    return now() - began


def virtual(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Run a test in virtual time."""

    def inner() -> None:
        async def main() -> None:
            await test()

        run(main())

    inner.__name__ = test.__name__
    inner.__doc__ = test.__doc__
    return inner


@virtual
async def test_a_slot_pays_for_one_call() -> None:
    """A second pass is refused, before and after the answer and when the slot was given back."""
    gate = opened()
    slot = await gate.slot()
    slot.charge()
    with pytest.raises(SpentSlotError):
        slot.charge()
    slot.answered()
    with pytest.raises(SpentSlotError):
        slot.charge()
    slot.done()
    unused = await gate.slot()
    unused.release()
    with pytest.raises(SpentSlotError):
        unused.charge()

    assert gate.in_flight == 0


@virtual
async def test_an_unused_slot_and_an_unsent_call_cost_nothing() -> None:
    """Only what may have arrived is counted."""
    gate = opened("2/min")
    (await gate.slot()).release()
    unsent = await gate.slot()
    unsent.charge()
    unsent.unsent()
    unsent.done(RetryableError("no connection", reason="attempts_exhausted"))
    assert gate.use[0].used == 0

    cut_off = await gate.slot()
    cut_off.charge()
    cut_off.release()
    assert gate.use[0].used == 1


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


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (429, {"retry-after": "30"}, 30.0),
        (503, {"retry-after": "30"}, 30.0),
        (429, {"retry-after": "999999"}, 86_400.0),
        (200, {"ratelimit": '"d";r=0;t=12'}, 12.0),
        (429, {"retry-after": "garbage"}, 1.0),
        (429, {"retry-after": "0"}, 1.0),
        (429, {}, 1.0),
    ],
)
def test_a_hint_closes_the_gate_for_everybody(status: int, headers: dict[str, str], pause: float) -> None:
    """No call leaves inside the pause, and the gate opens by itself."""

    async def main() -> None:
        seen: list[Pause | None] = []
        gate = opened(changed=seen.append)
        await call(gate, RateLimitedError("429") if status != 200 else None, status=status, headers=headers)
        took = await waited(call(gate, seconds=0.0))

        assert took == pytest.approx(pause, abs=0.01)
        assert [None if each is None else each.by for each in seen] in (["hint", None], ["vendor", None])
        assert gate.junk == (headers.get("retry-after") == "garbage")

    run(main())


@virtual
async def test_what_is_left_of_a_quota_is_not_exceeded() -> None:
    """A header that leaves two calls lets two go until its reset."""
    gate = opened("100/s")
    await call(gate, headers={"ratelimit": '"d";r=2;t=30'})
    times = [await waited(call(gate, seconds=0.0)) for _ in range(3)]

    assert times[:2] == [0.0, 0.0]
    assert times[2] == pytest.approx(29.9, abs=0.2)


@virtual
async def test_a_refusal_that_names_no_time_waits_longer_each_time() -> None:
    """One second, then two, then four; a good answer starts over."""
    gate = opened()
    waits = []
    for error in [RateLimitedError("too fast")] * 4 + [None, RateLimitedError("too fast")]:
        await call(gate, error, status=401 if error else 200)
        pause = gate.paused
        if pause is not None and pause.until is not None:
            waits.append((pause.until - wall()).total_seconds())

    assert waits == pytest.approx([1.0, 2.0, 4.0, 8.0, 1.0], abs=0.01)


@virtual
async def test_a_vendors_own_words_close_until_the_time_they_name() -> None:
    """Silvasoft's hour, as its target reads it."""
    gate = opened()
    await call(gate, RateLimitedError("Ratelimit exceeded", seconds=1234.0), status=401)

    assert gate.paused is not None
    assert gate.paused.by == "vendor"
    assert await waited(gate.slot()) == pytest.approx(1234.0, abs=0.01)


@virtual
async def test_bad_credentials_let_out_probes_at_growing_intervals() -> None:
    """One slot at a time tries; a good answer reopens, others wait."""
    await probed(UNAUTHORIZED, "credentials", [60.0, 120.0, 240.0])


@virtual
async def test_a_wrong_clock_is_probed_soon() -> None:
    """Nobody need renew anything where only a clock must be set."""
    await probed(ClockError("the time stamp is too old"), "clock", [2.0, 4.0, 8.0])


async def probed(error: TargetError, by: str, intervals: list[float]) -> None:
    """Let the gate probe at these intervals, and reopen it by a good answer."""
    gate = opened()
    await call(gate, error, status=401)
    waits = []
    for _ in range(3):
        began = now()
        slot = await call(gate, error, status=401, seconds=0.0)
        waits.append(now() - began)
        assert slot.probe == by
    good = await call(gate, seconds=0.0)

    assert waits == pytest.approx(intervals, abs=0.01)
    assert good.probe == by
    assert gate.paused is None
    assert (await gate.slot()).probe is None


@virtual
async def test_only_one_probe_is_out_at_a_time() -> None:
    """While it is under way nobody else gets a slot; one that is not used is handed out again."""
    gate = opened()
    await call(gate, AddressError("not there"), status=404)
    probe = await gate.slot()
    waiting = asyncio.ensure_future(gate.slot())
    await asyncio.sleep(1000)
    assert not waiting.done()

    probe.release()
    assert await waited(waiting) == pytest.approx(1.0, abs=0.01)
    assert waiting.result().probe == "address"


@virtual
async def test_an_answer_that_nobody_judged_proves_nothing() -> None:
    """A probe that is cut off after its first byte does not reopen."""
    gate = opened()
    await call(gate, UNAUTHORIZED, status=401)
    probe = await gate.slot()
    probe.charge()
    probe.answered(200)
    probe.release()

    assert gate.paused is not None


@virtual
async def test_three_relations_make_an_outage_and_two_do_not() -> None:
    """Failures that one or two relations can explain cost attempts, not the connection."""
    gate = opened()
    for n in range(20):
        await call(gate, UnknownOutcomeError("HTTP 500"), relation=f"poison {n % 2}", status=500)
    assert gate.paused is None

    await call(gate, UnknownOutcomeError("HTTP 500"), relation="another", status=500)
    assert gate.paused is not None
    assert gate.paused.by == "outage"
    probe = await call(gate, UnknownOutcomeError("HTTP 500"), relation="next", status=500)
    assert probe.probe == "outage"
    assert gate.paused is not None
    await call(gate, RejectedError("it answers", reason="rejected"), relation="next", status=422)
    assert gate.paused is None


@virtual
async def test_halving_a_batch_with_a_poison_member_is_no_outage() -> None:
    """Each failing half holds the bad one, so that one relation explains them all."""
    gate = opened()
    members = [f"r{n}" for n in range(64)]
    for size in (64, 32, 16, 8, 4, 2, 1):
        slot = await gate.slot()
        slot.charge()
        slot.answered(500)
        slot.done(UnknownOutcomeError("HTTP 500"), members[:size])

    assert gate.paused is None


@virtual
async def test_a_few_failures_among_many_good_calls_are_no_outage() -> None:
    """One call in five may fail for any relation."""
    gate = opened()
    for n in range(200):
        await call(gate, UnknownOutcomeError("HTTP 500") if n % 5 == 0 else None, relation=f"r{n}")

    assert gate.paused is None


@virtual
async def test_maintenance_with_an_end_waits_for_it() -> None:
    """A vendor that says how long is taken at its word, without probes."""
    gate = opened()
    await call(gate, OutageError("maintenance", seconds=600.0))

    slot = await gate.slot()
    assert now() == pytest.approx(1_600.1, abs=0.1)
    assert slot.probe is None


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


@virtual
async def test_many_gates_set_one_timer_each_and_idle_ones_none() -> None:
    """Two hundred idle gates cost nothing; a closed one that somebody waits at costs one timer."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    gates = [opened("2/s", "50/min") for _ in range(200)]
    for gate in gates:
        for _ in range(3):
            await call(gate, seconds=0.0) if gate.use[0].used < 2 else None
    await asyncio.sleep(10)
    idle_timers = loop.timers()
    tasks = len(asyncio.all_tasks())
    waiting = [asyncio.ensure_future(gates[0].slot()) for _ in range(100)]
    gates[0].pause(10.0, "slow down", "vendor")
    await asyncio.sleep(1)
    timers = loop.timers()
    for each in waiting:
        each.cancel()

    assert idle_timers == 0
    assert tasks == 1
    assert timers == 1


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


@virtual
async def test_forecasts_from_quotas_latency_and_pauses() -> None:
    """What waits drains when the tightest of them allows."""
    gate = opened("2/s", "50/min", in_flight=2)
    assert gate.forecast(0) == 0.0
    assert gate.forecast(2) == 0.0
    assert gate.forecast(500) == pytest.approx(540, rel=0.02)
    await call(gate, seconds=3.0)
    assert gate.forecast(10) == pytest.approx(18.0, rel=0.2)
    gate.pause(1000.0, "slow down", "vendor")
    assert gate.forecast(1) == pytest.approx(1003.0, rel=0.01)
    gate.pause(None, "holiday", "anna")
    assert gate.forecast(1) == float("inf")


@virtual
async def test_moments_of_the_future_count_as_now() -> None:
    """A clock that was put back never gives quota away."""
    gate = opened("2/min")
    gate.restore({"2/min": [wall() + timedelta(hours=5), wall() - timedelta(seconds=30)]})
    assert gate.use[0].used == 2
    first, second = await waited(call(gate, seconds=0.0)), await waited(call(gate, seconds=0.0))

    assert first == pytest.approx(30.0, abs=0.1)
    assert second == pytest.approx(30.0, abs=0.1)
