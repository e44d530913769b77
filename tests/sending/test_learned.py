import asyncio

import pytest

from tests.sending.targets import Crew, Header, Limited, Semantics, time
from worker.errors import RateLimitedError
from worker.sending.gate import Gate
from worker.sending.learned import LearnedQuota
from worker.sending.quota import Quota
from worker.simulation.loop import run


@pytest.mark.parametrize(
    ("limit", "semantics", "header"),
    [
        ("20/2s", "sliding", "seconds"),
        ("20/2s", "fixed", "none"),
        ("2/s", "sliding", "none"),
        ("2/s", "fixed", "seconds"),
        ("2/s", "bucket", "none"),
        ("200/min", "sliding", "seconds"),
        ("200/min", "bucket", "seconds"),
    ],
)
def test_finds_a_limit_that_nobody_told(limit: str, semantics: Semantics, header: Header) -> None:
    """After the first minute under 1 % of the calls are refused, and most of the limit is used."""
    target = Limited(Quota.parse(limit), semantics, header)
    seconds = 400.0

    async def main() -> tuple[float, int, float | None]:
        gate = Gate([Quota(50, 2.0)], 64, fresh=True)
        crew = Crew(gate, target)
        began = time()
        await crew.work(seconds)
        gate.close()
        return began, len(crew.ok), gate.learned_rate

    began, done, rate = run(main())
    ideal = seconds * target.quota.calls / target.quota.seconds

    assert target.refused_share(began + 60, began + seconds) < 0.01
    assert done >= 0.75 * ideal
    assert rate is not None
    assert rate < 25


def test_never_exceeds_what_is_configured_and_is_forgotten_there() -> None:
    """Long after the last refusal the configured quotas are all there is again."""
    learned = LearnedQuota((Quota(10, 1.0),))
    for n in range(50):
        learned.accepted(n / 10)
    learned.refused(now=5.0, sent=4.9, pause=1.0)
    now = 6.0
    rates: list[float] = []
    at = learned.opens_at(now)
    while learned.rate is not None:
        rates.append(learned.rate)
        now = max(now, at)
        learned.took(now)
        at = learned.opens_at(now)

    assert rates == sorted(rates)
    assert max(rates) < 10
    assert len(rates) > 300


def test_one_burst_teaches_one_lesson() -> None:
    """Refusals of calls that were under way together count once."""
    learned = LearnedQuota((Quota(10, 1.0),))
    for n in range(50):
        learned.accepted(n / 10)
    for n in range(20):
        learned.refused(now=5.0 + n / 100, sent=4.9, pause=1.0)
    learned.opens_at(10.0)

    assert learned.rate is not None
    assert learned.rate > 7


def test_calls_one_by_one_teach_nothing() -> None:
    """Refusals among calls that came as there was something to say are kept to, and no pace is learned."""
    learned = LearnedQuota((Quota(200, 1.0),))
    now = 0.0
    for n in range(100):
        learned.opens_at(now)
        learned.came(now)
        learned.took(now)
        if n % 3:
            learned.accepted(now + 0.1)
        else:
            learned.refused(now + 0.1, sent=now, pause=1.5)
        now += 5.0
    learned.opens_at(now)

    assert learned.rate is None


@pytest.mark.parametrize("pause", [1.0, 60.0])
def test_a_slow_pace_is_forgotten_in_time(pause: float) -> None:
    """Within an hour or two of few calls the configured quota is all there is again, however slow the pace was."""
    learned = LearnedQuota((Quota(200, 1.0),))
    for n in range(12):
        learned.accepted(n * 0.9)
    learned.refused(now=10.8, sent=10.7, pause=pause)
    now = 10.8 + pause
    learned.opens_at(now)
    began = now

    assert learned.rate is not None

    while learned.rate is not None:
        now += 30.0
        learned.took(now)

    assert now - began < 2 * 3600


def test_calls_refused_together_wait_once() -> None:
    """Refusals that name no time make the wait longer once for all calls that were under way together."""

    async def main() -> list[float]:
        gate = Gate([Quota(50, 1.0)], 4, fresh=True)
        waits: list[float] = []
        for _ in range(3):
            slots = [await gate.slot()]
            while gate.in_flight < gate.limit:
                slots.append(await gate.slot())
            began = time()
            for slot in slots:
                slot.charge()
            await asyncio.sleep(0.1)
            for slot in slots:
                slot.answered(429)
                slot.done(RateLimitedError("HTTP 429"))
            (await gate.slot()).release()
            waits.append(round(time() - began - 0.1))
        gate.close()
        return waits

    assert run(main()) == [1, 2, 4]
