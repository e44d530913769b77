"""The promise that live traffic goes first."""

import asyncio
import math
import random
from dataclasses import dataclass

import pytest

from tests.dead_letters.rig import ALL, MEND, NAME, Rig
from worker.dead_letters.document import Terms
from worker.sending.quota import Quota
from worker.simulation.loop import run


@dataclass(frozen=True, slots=True)
class Load:
    """Live traffic: so many a second on average, for so long; `even`: at an even pace, not at random."""

    per_second: float
    seconds: float
    quota: Quota
    in_flight: int
    even: bool = False


async def emit(rig: Rig, load: Load, seed: int) -> list[int]:
    """Emit live events; return their positions."""
    chance = random.Random(seed)
    positions: list[int] = []
    end = rig.now().timestamp() + load.seconds
    while rig.now().timestamp() < end:
        await asyncio.sleep(1 / load.per_second if load.even else chance.expovariate(load.per_second))
        row = rig.delivery(f"live{len(positions)}")
        positions.append(row.position)
        await rig.emit(row)
    return positions


async def latencies(letters: int, load: Load, seed: int) -> tuple[list[float], int]:
    """Return how long live events took from their arrival to their outcome, and how many letters were replayed."""
    rig = await Rig.open(quotas=(load.quota,), options={"in_flight": load.in_flight})
    await rig.lay(letters)
    live = asyncio.create_task(emit(rig, load, seed))
    await asyncio.sleep(5)
    if letters:
        await rig.replay(Terms("mended", ({"op": "remove", "path": "/data/group"},)), ALL)
    positions = set(await live)
    await rig.until(lambda: positions <= {each.position for each in rig.settled})
    replayed = sum(each.plan is not None for each in rig.settled)
    took = [
        (each.settled_at - rig.arrived[each.position]).total_seconds()
        for each in rig.settled
        if each.position in positions
    ]
    await rig.close()
    return took, replayed


def p99(values: list[float]) -> float:
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


@pytest.mark.parametrize(
    ("load", "least"),
    [
        pytest.param(Load(10.0, 90.0, Quota(50, 2.0), 8), 300, id="at random, 40 % of the quota"),
        pytest.param(Load(20.0, 90.0, Quota(50, 2.0), 8), 10, id="at random, 80 % of the quota"),
        pytest.param(Load(20.0, 90.0, Quota(50, 2.0), 8, even=True), 50, id="evenly, 80 % of the quota"),
    ],
)
def test_live_p99_hardly_moves(load: Load, least: int) -> None:
    """During a replay the 99th percentile of live latency moves by less than a tenth, and the replay goes on."""
    alone, _ = run(latencies(0, load, 7))
    beside, replayed = run(latencies(1000, load, 7))

    assert replayed > least
    assert p99(beside) < 1.1 * p99(alone), (p99(alone), p99(beside))


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


@pytest.mark.process
@pytest.mark.timeout(300)
def test_ten_thousand_are_replayed_beside_live_traffic() -> None:
    """A replay of 10,000 letters comes to its end while the 99th percentile of live latency hardly moves."""
    load = Load(8.0, 170.0, Quota(200, 2.0), 16)
    alone, _ = run(latencies(0, load, 7))
    beside, replayed = run(latencies(10_000, load, 7))

    assert replayed == 10_000
    assert p99(beside) < 1.1 * p99(alone), (p99(alone), p99(beside))
