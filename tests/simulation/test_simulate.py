import pytest

from worker.sending.quota import Quota
from worker.simulation.ideal import ideal_end, worst_window
from worker.simulation.model import Behaviour
from worker.simulation.run import simulate
from worker.simulation.scenario import Scenario


def quotas(*texts: str) -> tuple[Quota, ...]:
    return tuple(map(Quota.parse, texts))


@pytest.mark.parametrize(
    ("behaviour", "strict", "least"),
    [
        (Behaviour(0.1), False, 0.99),
        (Behaviour(0.1, jitter=0.02), False, 0.98),
        (Behaviour(0.1, jitter=0.05), True, 0.92),
        (Behaviour(0.1, setup=0.2), False, 0.98),
    ],
    ids=["even", "jitter", "strict", "setup"],
)
def test_the_quota_is_used_up_and_never_broken(behaviour: Behaviour, *, strict: bool, least: float) -> None:
    """Nearly all of what the quota allows is used, and no window at the vendor's end holds more than it."""
    limit = ("50/2s",)
    found = simulate(Scenario([0.0] * 1500, behaviour, quotas(*limit), limit, strict=strict, seed=1))

    assert found.share_of_ideal >= least
    assert found.worst_window <= 1.0
    assert (found.refused_calls, found.dead_letters, found.waiting) == (0, 0, 0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("semantics", ["fixed", "bucket"])
def test_other_ways_to_count_refuse_nothing(semantics: str, seed: int) -> None:
    """A vendor that counts in fixed windows of unknown phase, or with a bucket, refuses none of our calls."""
    limit = ("20/2s",)
    scenario = Scenario([0.0] * 200, Behaviour(0.1), quotas(*limit), limit, semantics, seed=seed)  # type: ignore[arg-type]  # one of the three words

    assert simulate(scenario).refused_calls == 0


def test_three_quotas_at_once() -> None:
    """All of several quotas hold, and the tightest of them is used up."""
    limits = ("2/s", "50/min", "15/h")
    found = simulate(Scenario([0.0] * 40, Behaviour(0.1), quotas(*limits), limits))

    assert found.share_of_ideal >= 0.99
    assert found.worst_window <= 1.0
    assert found.refused_calls == 0


def test_an_unknown_limit_is_learned() -> None:
    """With only refusals to go by, few calls are refused after the first minute and nothing is buried."""
    found = simulate(Scenario([0.0] * 2500, Behaviour(0.1), quotas("1000/s"), ("10/s",), seed=2))
    later = [moment for moment in found.calls if moment > 60.0]
    refused = [moment for moment in found.refused if moment > 60.0]

    assert (found.dead_letters, found.waiting) == (0, 0)
    assert len(refused) <= 0.01 * len(later)


@pytest.mark.parametrize("rate", [3.0, 100.0, 7000.0])
def test_events_that_come_one_after_the_other(rate: float) -> None:
    """Whatever rounding leaves of a moment, its event has come when it is there."""
    found = simulate(Scenario([number / rate for number in range(50)], Behaviour(0.1), quotas("20/s"), ("20/s",)))

    assert (found.events, found.dead_letters, found.waiting) == (50, 0, 0)


def test_failures_and_hangs_lose_nothing() -> None:
    """Calls that fail or are never answered are made again until every event is there."""
    behaviour = Behaviour(0.1, fail=0.05, hang=0.02, timeout=5.0)
    found = simulate(Scenario([0.0] * 300, behaviour, quotas("20/s"), ("20/s",), seed=3))

    assert (found.refused_calls, found.dead_letters, found.waiting) == (0, 0, 0)
    assert found.worst_window <= 1.0


def test_the_ideal_counts_batches_and_arrivals() -> None:
    """The ideal sends each call as soon as its events and every quota allow."""
    assert ideal_end([0.0] * 6, 1, quotas("2/s"), 0.5) == 2.5
    assert ideal_end([0.0] * 6, 3, quotas("2/s"), 0.5) == 0.5
    assert ideal_end([0.0, 10.0], 1, quotas("2/s"), 0.5) == 10.5
    assert ideal_end([0.0] * 4, 1, quotas("2/s", "3/min"), 0.0) == 60.0


def test_the_worst_window_is_half_open() -> None:
    """Two calls that are exactly one window apart are in different windows."""
    assert worst_window([0.0, 0.5, 1.0, 1.5], quotas("2/s")) == 1.0
    assert worst_window([0.0, 0.5, 0.9], quotas("2/s")) == 1.5
