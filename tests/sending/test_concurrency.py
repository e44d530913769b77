import statistics
from collections.abc import Callable

import pytest

from tests.sending.targets import Answer, Collapsing, Crew, Deferring, Flapping, Queueing, time
from worker.sending.concurrency import Concurrency
from worker.sending.gate import Gate
from worker.sending.quota import Quota
from worker.simulation.loop import run

SECONDS = 180.0
WARM_UP = 60.0


def work(target: Callable[[], Answer], ceiling: int = 64, *limits: Quota) -> tuple[Crew, float]:
    """Let a crew of a hundred work; return it and the good answers a second after the first minute."""

    async def main() -> tuple[Crew, float]:
        gate = Gate(limits, ceiling, fresh=True)
        crew = Crew(gate, target())
        began = time()
        await crew.work(SECONDS)
        gate.close()
        late = sum(moment > began + WARM_UP for moment in crew.ok)
        return crew, late / (SECONDS - WARM_UP)

    return run(main())


def usual_limit(crew: Crew) -> float:
    later = crew.in_flight[len(crew.in_flight) // 4 :]
    return statistics.mean(limit for _, _, limit in later)


@pytest.mark.parametrize(
    ("target", "rate", "least", "most"),
    [
        (lambda: Queueing(4, 0.1), 40, 4, 16),
        (lambda: Queueing(8, 0.2), 40, 8, 26),
        (lambda: Queueing(1, 0.5), 2, 1, 5),
        (lambda: Deferring(10, 0.1), 10, 1, 6),
        (lambda: Deferring(30, 0.05), 30, 2, 12),
    ],
)
def test_keeps_the_queue_short_and_the_throughput_whole(
    target: Callable[[], Answer], rate: float, least: float, most: float
) -> None:
    """Where calls queue at the vendor the limit shrinks, and not one call a second is lost by it."""
    crew, done = work(target)

    assert done >= 0.95 * rate
    assert least <= usual_limit(crew) <= most


@pytest.mark.parametrize(("knee", "rate"), [(8, 40), (2, 10)])
def test_stays_below_a_knee(knee: int, rate: float) -> None:
    """A target that answers nothing beyond a knee is met just below it most of the time."""
    crew, done = work(lambda: Collapsing(knee, 0.2))

    assert done >= 0.5 * rate
    assert usual_limit(crew) <= knee + 1


def test_uses_the_whole_ceiling_where_nothing_queues() -> None:
    """A target that copes gets all that is configured."""
    crew, done = work(lambda: Queueing(100, 0.1), 8)

    assert done >= 0.97 * 80
    assert usual_limit(crew) > 7.5


def test_meets_a_flapping_target_with_few_calls_in_vain() -> None:
    """An outage stops the calls, and the target is back in use soon after it is back."""
    target = Flapping(on=30.0, off=30.0, seconds=0.1)
    crew, done = work(lambda: target, 64, Quota(50, 2.0))
    late = crew.in_flight[0][0] + WARM_UP
    failed = sum(moment > late for moment in crew.failed)

    assert done >= 0.7 * 12.5
    assert failed / (failed + sum(moment > late for moment in crew.ok)) < 0.025


def test_does_not_grow_while_something_else_limits() -> None:
    """A limit that is not reached proves nothing."""
    concurrency = Concurrency(64)
    concurrency.refused(now=10.0, sent=9.0)
    before = concurrency.limit
    for n in range(1000):
        concurrency.ok(now=20.0 + n, sent=19.9 + n, latency=0.1, beside=2)

    assert before == concurrency.limit


def test_shrinks_once_for_calls_that_failed_together_and_never_below_one() -> None:
    """What was sent before the last cut says nothing new."""
    concurrency = Concurrency(10)
    for _ in range(10):
        concurrency.refused(now=1.0, sent=0.5)
    once = concurrency.limit
    for n in range(20):
        concurrency.refused(now=2.0 + n, sent=1.5 + n)

    assert once == 7
    assert concurrency.limit == 1
