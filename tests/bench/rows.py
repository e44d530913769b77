"""What was measured, held against its budget."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Budget:
    """One line of the table: `must` and `goal` bound the ratio where there is one, else the value."""

    name: str
    unit: str
    must: float | None = None
    goal: float | None = None
    more_is_better: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the outcome; `spread` is half the range of the rounds as a share of their median."""

    name: str
    value: float | None
    unit: str
    ratio: float | None
    must: float | None
    goal: float | None
    met_must: bool | None
    met_goal: bool | None
    spread: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return asdict(self)


BUDGETS = (
    Budget("one_a_call", "events/s", 0.36, 0.50, more_is_better=True),
    Budget("cpu_one_a_call", "us/event", 2.8, 2.0),
    Budget("fifty_a_call", "events/s", 1.0, 1.6, more_is_better=True),
    Budget("against_naive", "events/s", 3.0, 4.0, more_is_better=True),
    Budget("latency_p50", "ms", 8.0, 3.0),
    Budget("latency_p99", "ms", 25.0, 8.0),
    Budget("idle_cpu_10", "% of a core", 1.0, 0.3),
    Budget("idle_cpu_200", "% of a core", 4.0, 1.0),
    Budget("memory_idle", "MB", 120.0, 90.0),
    Budget("memory_backlog", "MB", 200.0, 130.0),
    Budget("backlog_flat", "% off the median", 15.0, 5.0),
    Budget("demo_first_applied", "s", 3.0, 1.5),
    Budget("quota_bound", "share of ideal", 0.98, 0.995, more_is_better=True),
    Budget("replay_p99", "ms", goal=1.1),
    Budget("fairness", "events/s", 0.9, more_is_better=True),
)
NAMES = {budget.name: budget for budget in BUDGETS}


def row(name: str, values: Sequence[float], ratios: Sequence[float] = (), *, note: str = "", unit: str = "") -> Row:
    """Return the median of some rounds as a row, held against the budget of that name if there is one."""
    budget = NAMES.get(name, Budget(name, unit))
    judged = statistics.median(ratios or values)
    return Row(
        name=name,
        value=rounded(statistics.median(values)),
        unit=budget.unit,
        ratio=rounded(statistics.median(ratios)) if ratios else None,
        must=budget.must,
        goal=budget.goal,
        met_must=met(judged, budget.must, budget),
        met_goal=met(judged, budget.goal, budget),
        spread=spread(ratios or values),
        note=note,
    )


def missing(name: str, why: str) -> Row:
    """Return the row of what could not be measured, with the reason."""
    budget = NAMES.get(name, Budget(name, ""))
    return Row(name, None, budget.unit, None, budget.must, budget.goal, None, None, note=why)


def met(value: float, bound: float | None, budget: Budget) -> bool | None:
    """Say whether a value is within a bound; None where there is none."""
    if bound is None:
        return None
    return value >= bound if budget.more_is_better else value <= bound


def spread(values: Sequence[float]) -> float | None:
    """Return half the range as a share of the median; None for a single round."""
    middle = statistics.median(values)
    return rounded((max(values) - min(values)) / 2 / middle) if len(values) > 1 and middle else None


def rounded(value: float) -> float:
    """Return a value with the digits that a measurement has."""
    return float(f"{value:.4g}")
