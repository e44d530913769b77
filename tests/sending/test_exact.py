import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sending.vendor import Call, Vendor, worst
from worker.sending import window
from worker.sending.gate import Gate
from worker.sending.quota import Quota
from worker.simulation.loop import VirtualLoop, run

START = datetime(2026, 9, 1, tzinfo=UTC)
LONGEST = 10.0

quotas = st.lists(
    st.builds(Quota, st.one_of(st.integers(1, 12), st.integers(20, 40)), st.sampled_from([0.5, 1.0, 2.0, 7.0, 60.0])),
    min_size=1,
    max_size=3,
    unique_by=lambda quota: quota.seconds,
)
short = st.floats(0, 0.5)
calls = st.lists(
    st.builds(
        Call,
        after=st.one_of(st.just(0.0), st.floats(0, 3)),
        out=st.floats(0, 3),
        back=short,
        ending=st.sampled_from(["answer", "answer", "answer", "answer", "lost", "unsent", "unused"]),
        give_up=st.floats(0.1, 4),
        cancel=st.one_of(st.none(), st.none(), st.floats(0, 5)),
    ),
    max_size=40,
)
pauses = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 5)), max_size=3)


def wall() -> datetime:
    """Return a wall clock that goes as the loop's."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


@dataclass
class Journal:
    """Quota use that survives a crash, on a disk that takes a moment."""

    rows: dict[str, list[datetime]] = field(default_factory=dict)
    commits: int = 0

    async def used(self, quota: str, moments: list[datetime]) -> None:
        await asyncio.sleep(0.003)
        self.commits += 1
        self.rows.setdefault(quota, []).extend(moments)


async def play(gate: Gate, vendor: Vendor, schedule: Iterable[Call]) -> list[asyncio.Task[None]]:
    """Let the calls of a schedule come as they do; return them when the last has come."""

    async def one(call: Call) -> None:
        slot = await gate.slot()
        try:
            await vendor.serve(slot, call)
        finally:
            slot.release()

    tasks = []
    for call in schedule:
        await asyncio.sleep(call.after)
        task = asyncio.ensure_future(one(call))
        if call.cancel is not None:
            asyncio.get_running_loop().call_later(call.cancel, task.cancel)
        tasks.append(task)
    return tasks


async def hold(gate: Gate, held: Iterable[tuple[float, float]]) -> None:
    """Close the gate now and then."""
    for after, seconds in held:
        await asyncio.sleep(after)
        gate.pause(seconds, "the vendor says so", "hint")


def assert_exact(vendor: Vendor, limits: list[Quota]) -> None:
    for quota in limits:
        assert worst(vendor.written, quota) <= 1.0
        assert worst(vendor.arrived, quota) <= 1.0


@settings(max_examples=80, deadline=None)
@given(limits=quotas, in_flight=st.integers(1, 20), schedule=calls, held=pauses)
def test_strict_is_exact_for_every_schedule(
    limits: list[Quota], in_flight: int, schedule: list[Call], held: list[tuple[float, float]]
) -> None:
    """No window holds more than its quota, neither where calls are written nor where they arrive."""
    vendor = Vendor()

    async def main() -> None:
        gate = Gate(limits, in_flight, strict=True, fresh=True)
        holding = asyncio.ensure_future(hold(gate, held))
        tasks = await play(gate, vendor, schedule)
        await asyncio.gather(*tasks, holding, return_exceptions=True)
        assert gate.in_flight == 0
        gate.close()

    run(main())
    assert_exact(vendor, limits)


@settings(max_examples=80, deadline=None)
@given(
    limits=quotas,
    in_flight=st.integers(1, 20),
    schedule=calls,
    base=st.floats(0.01, 0.3),
    held=pauses,
)
def test_latest_arrival_is_exact_while_no_way_is_shorter_than_the_fastest(
    limits: list[Quota], in_flight: int, schedule: list[Call], base: float, held: list[tuple[float, float]]
) -> None:
    """With any set-up and latency above the fastest answer's, counting latest arrivals never exceeds."""
    vendor = Vendor()
    fastest = Call(after=0.0, out=base, back=base)
    slower = [Call(c.after, c.out + base, c.back + base, c.ending, c.give_up + base, c.cancel) for c in schedule]

    async def main() -> None:
        gate = Gate(limits, in_flight, fresh=True)
        tasks = await play(gate, vendor, [fastest] * window.FASTEST)
        await asyncio.gather(*tasks)
        holding = asyncio.ensure_future(hold(gate, held))
        tasks = await play(gate, vendor, slower)
        await asyncio.gather(*tasks, holding, return_exceptions=True)
        gate.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window, "ENOUGH_ANSWERS", window.FASTEST)
        run(main())
    assert_exact(vendor, limits)


@settings(max_examples=80, deadline=None)
@given(
    limits=quotas,
    lives=st.lists(st.tuples(calls, st.floats(0, 4), st.floats(0, 20)), min_size=1, max_size=3),
)
def test_use_survives_crashes_at_any_moment(limits: list[Quota], lives: list[tuple[list[Call], float, float]]) -> None:
    """A worker that is killed and started again at any moments still never exceeds."""
    vendor = Vendor()
    journal = Journal()

    async def main() -> None:
        fresh = True
        for schedule, crash_after, down in lives:
            gate = Gate(limits, 20, strict=True, ledger=journal, fresh=fresh, longest=LONGEST, wall=wall)
            gate.restore(journal.rows)
            fresh = False
            tasks = await play(gate, vendor, schedule)
            await asyncio.sleep(crash_after)
            gate.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(down)

    run(main())
    assert_exact(vendor, limits)


@dataclass
class Watch:
    """Counts for itself, and objects to a slot that stays unused while somebody waits."""

    limits: list[Quota]
    gate: Gate
    waiting: int = 0
    granted: int = 0
    moments: list[float] = field(default_factory=list)

    def look(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self.waiting or self.granted >= self.gate.limit:
            return
        for quota in self.limits:
            span = quota.seconds * (1 + window.DRIFT) + window.GRAIN
            if self.granted + sum(1 for moment in self.moments if moment > now - span) >= quota.calls:
                return
        raise AssertionError("a slot is free and somebody waits")


@settings(max_examples=80, deadline=None)
@given(limits=quotas, in_flight=st.integers(1, 20), schedule=calls)
def test_no_slot_stays_unused_while_somebody_waits(limits: list[Quota], in_flight: int, schedule: list[Call]) -> None:
    """Whenever time is about to pass, each who waits has a full window or a full line before him; order is kept."""
    order: list[int] = []

    async def one(watch: Watch, number: int, call: Call) -> None:
        now = asyncio.get_running_loop().time
        watch.waiting += 1
        try:
            slot = await watch.gate.slot()
        finally:
            watch.waiting -= 1
        order.append(number)
        watch.granted += 1
        try:
            slot.charge()
            await asyncio.sleep(call.out + call.back)
        finally:
            watch.granted -= 1
            watch.moments.append(now())
            slot.done()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        gate = Gate(limits, in_flight, strict=True, fresh=True)
        watch = Watch(limits, gate)
        loop.before_jump(watch.look)
        tasks = []
        for number, call in enumerate(schedule):
            await asyncio.sleep(call.after)
            task = asyncio.ensure_future(one(watch, number, call))
            if call.cancel is not None:
                loop.call_later(call.cancel, task.cancel)
            tasks.append(task)
        await asyncio.gather(*tasks, return_exceptions=True)
        loop.before_jump(None)
        gate.close()

    run(main())
    assert sorted(order) == order


def test_fresh_connections_do_not_double_the_burst() -> None:
    """A first burst that waits for its connections does not meet the second one at the vendor."""
    vendor = Vendor()
    quota = Quota(50, 2.0)
    schedule = [Call(after=0.0, out=1.9 if n < 50 else 0.05, back=0.05) for n in range(300)]

    async def main() -> None:
        gate = Gate([quota], 64, fresh=True)
        await asyncio.gather(*await play(gate, vendor, schedule))

    run(main())
    assert_exact(vendor, [quota])


@pytest.mark.parametrize(
    ("texts", "calls_made", "strict", "jitter", "share"),
    [
        (["50/2s"], 1500, False, 0.0, 0.99),
        (["50/2s"], 1500, False, 0.02, 0.98),
        (["50/2s"], 1500, True, 0.05, 0.92),
        (["2/s", "50/min", "15/h"], 300, False, 0.0, 0.99),
    ],
)
def test_uses_nearly_all_of_the_ideal_time(
    texts: list[str], calls_made: int, strict: bool, jitter: float, share: float
) -> None:
    """A backlog drains in nearly the time that the quotas allow at best."""
    limits = [Quota.parse(text) for text in texts]
    vendor = Vendor()
    ways = [0.05 + jitter * ((n * 7919 % 1000) / 1000) for n in range(2 * calls_made)]
    schedule = [Call(0.0, ways[2 * n], ways[2 * n + 1]) for n in range(calls_made)]

    async def main() -> float:
        began = asyncio.get_running_loop().time()
        gate = Gate(limits, 64, strict=strict, fresh=True)
        forecast = gate.forecast(calls_made)
        await asyncio.gather(*await play(gate, vendor, schedule))
        took = asyncio.get_running_loop().time() - began
        assert forecast == pytest.approx(took, rel=0.1)
        return took

    took = run(main())
    ideal = 0.1 + max((calls_made - 1) // limit.calls * limit.seconds for limit in limits)
    assert_exact(vendor, limits)
    assert took <= ideal / share


def test_blocks_spare_commits_where_the_quota_is_high() -> None:
    """A thousand calls under a high quota cost a handful of commits; under a low one each is written."""
    journal = Journal()
    vendor = Vendor()

    async def main(quota: Quota, many: int) -> int:
        journal.commits = 0
        gate = Gate([quota], 64, ledger=journal, fresh=True, wall=wall)
        await asyncio.gather(*await play(gate, vendor, [Call(0.0, 0.01, 0.01)] * many))
        gate.close()
        return journal.commits

    assert run(main(Quota(100_000, 3600.0), 1000)) <= 20
    assert run(main(Quota(15, 3600.0), 30)) == 30


def test_a_ledger_that_fails_tells_the_one_who_waits() -> None:
    """Nothing is sent that is not written down, and nobody waits for ever."""

    class Full:
        async def used(self, quota: str, moments: list[datetime]) -> None:
            raise OSError(f"no space for {quota} and {len(moments)}")

    async def main() -> None:
        gate = Gate([Quota(15, 3600.0)], 1, ledger=Full(), fresh=True)
        with pytest.raises(OSError, match="no space"):
            await gate.slot()
        assert gate.in_flight == 0

    run(main())


def test_short_windows_count_as_full_after_a_restart() -> None:
    """Only a new journal lets the first call go at once."""

    async def first_slot(*, fresh: bool) -> float:
        began = asyncio.get_running_loop().time()
        slot = await Gate([Quota(2, 1.0)], 1, fresh=fresh).slot()
        slot.release()
        return asyncio.get_running_loop().time() - began

    assert run(first_slot(fresh=True)) == 0.0
    assert 1.0 <= run(first_slot(fresh=False)) < 1.01


def test_keeps_time_on_the_loop_that_the_worker_runs_on() -> None:
    """On uvloop, whose clock stands still in between, a few short windows are exact and on time."""
    quota = Quota(5, 0.05)
    written: list[float] = []

    async def main() -> None:
        gate = Gate([quota], 10, fresh=True)
        for _ in range(20):
            slot = await gate.slot()
            slot.charge()
            written.append(slot.written)
            slot.done()

    uvloop.run(main())

    assert worst(written, quota) <= 1.0
    assert 0.15 < written[-1] - written[0] < 2.0
