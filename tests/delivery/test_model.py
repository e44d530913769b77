import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.delivery.world import BAD, Happening, Run, Temper, World, expected
from worker.errors import RejectedError
from worker.simulation.loop import run
from worker.targets.base import Course, Task

# More of them with EXAMPLES=2000 in the environment.
EXAMPLES = int(os.environ.get("EXAMPLES", "30"))
WORDS = ["created", "updated", "updated", "updated", "deleted"]
SUBJECTS = ["a", "b", "c"]


@st.composite
def histories(draw: st.DrawFn) -> list[Happening]:
    """Draw some relations' lives, close together or apart."""
    history, at = [], 0.0
    for number in range(draw(st.integers(1, 14))):
        word: Any = draw(st.sampled_from(WORDS))
        data: dict[str, Any] = {}
        if word != "deleted":
            bad = draw(st.booleans()) and draw(st.booleans())
            data = {"group": BAD} if bad else draw(st.sampled_from([{"note": f"n{number}"}, {"status": f"s{number}"}]))
        at += draw(st.sampled_from([0.0, 0.0, 0.0, 0.02, 0.2, 3.0]))
        history.append(Happening(word, draw(st.sampled_from(SUBJECTS)), data, at))
    return history


def play(
    history: list[Happening], temper: Temper, seed: int, *, crashes: list[float] | None = None, **options: Any
) -> Run:
    world = World(temper, random.Random(seed), options.get("batch", 1))
    played = Run(
        world,
        history,
        sorted(crashes or []),
        {"max_attempts": 1000, "look_attempts": 100, "backoff": {"base": 0.1, "cap": 1}, **options},
    )
    run(played.play())
    return played


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories(), seed=st.integers(0, 9), batch=st.sampled_from([1, 5]), whole=st.booleans())
def test_the_target_ends_as_if_all_had_gone_one_by_one(
    history: list[Happening], seed: int, batch: int, whole: bool
) -> None:
    """Folded or not, batched or not, refused or not: the vendor shows what the events say, in their order."""
    played = play(history, Temper(whole=whole), seed, batch=batch)

    assert expected(history) == played.world.records
    assert all(len(notes) == 1 for notes in played.outcomes.values())
    assert played.world.overlaps == 0


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories(), seed=st.integers(0, 99), batch=st.sampled_from([1, 5]))
def test_lost_answers_change_nothing(history: list[Happening], seed: int, batch: int) -> None:
    """Calls that are lost before or after the work was done end as if they had not been."""
    temper = Temper(lost_before=0.15, lost_after=0.15, broken=0.1)
    played = play(history, temper, seed, batch=batch)

    assert expected(history) == played.world.records
    assert all(len(notes) == 1 for notes in played.outcomes.values())
    assert played.world.overlaps == 0


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    history=histories(),
    seed=st.integers(0, 99),
    crashes=st.lists(st.floats(0.0, 6.0, allow_nan=False), min_size=1, max_size=2),
)
def test_a_crash_in_between_changes_nothing(history: list[Happening], seed: int, crashes: list[float]) -> None:
    """A worker that ends at any moment leaves the vendor as one that does not, and every event its one outcome."""
    played = play(history, Temper(lost_after=0.1), seed, crashes=crashes)

    assert expected(history) == played.world.records
    assert set(range(1, len(history) + 1)) == set(played.outcomes)


def test_ten_updates_become_one_call() -> None:
    """What waits folds into one call, each absorbed event with an outcome of its own."""
    history = [Happening("created", "a", {"note": "0"})] + [
        Happening("updated", "a", {"note": str(n)}) for n in range(1, 10)
    ]
    played = play(history, Temper(), 1)

    assert played.world.records == {"a": {"note": "9"}}
    assert played.world.calls <= 2
    assert [notes[0] for notes in played.outcomes.values()][:8] == ["merged"] * 8 or played.world.calls == 2


def test_one_bad_update_buries_itself_only() -> None:
    """A refused fold is undone: the bad update is buried, its neighbours are applied."""
    history = [Happening("updated", "a", {"group": BAD} if n == 9 else {"note": str(n)}) for n in range(10)]
    played = play(history, Temper(), 1)

    assert played.world.records == {"a": {"note": "8"}}
    assert [position for position, notes in played.outcomes.items() if notes == ["rejected"]] == [10]


@pytest.mark.parametrize("count", [2, 7, 16, 50])
def test_splitting_finds_one_bad_member_in_few_calls(count: int) -> None:
    """One bad member among n costs at most 2 * ceil(log2 n) + 1 calls more than the one that failed."""
    history = [
        Happening("updated", f"s{n}", {"group": BAD} if n == count // 3 else {"note": "good"}) for n in range(count)
    ]
    played = play(history, Temper(whole=True), 1, batch=50, in_flight=1)

    assert expected(history) == played.world.records
    assert played.world.calls <= 1 + 2 * (count - 1).bit_length() + 1


def test_a_poison_create_is_buried_alone() -> None:
    """A create on which the vendor breaks takes nobody with it, though all must be looked up before they are halved."""
    history = [Happening("created", f"s{n}", {"note": "good"}) for n in range(12)]
    played = play(history, Temper(poison="s5"), 1, batch=50, in_flight=1, max_attempts=3)

    assert {f"s{n}" for n in range(12) if n != 5} == set(played.world.records)
    assert all(count == 1 for count in played.world.made.values())
    assert [position for position, notes in played.outcomes.items() if notes == ["attempts_exhausted"]] == [6]


class Strict(World):
    """Knows no update of what it has not seen made; it says so before any call."""

    def course(self, task: Task) -> Course:
        if task.operation == "update" and task.known.remote_id is None:
            raise RejectedError("there is none", reason="not_found")
        return (yield from super().course(task))


def test_what_follows_a_buried_create_waits_for_it() -> None:
    """What stands right behind a create that was buried without a call is told from what was never there."""
    history = [Happening("created", "a", {}, expires=-1.0), Happening("updated", "a", {"note": "1"})]
    played = Run(Strict(Temper(), random.Random(0)), history, options={"coalesce": False})
    run(played.play())

    assert played.outcomes == {1: ["expired"], 2: ["waits_for"]}
