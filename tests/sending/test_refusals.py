"""Answers that ask for fewer calls: hints in headers, refusals, and maintenance."""

import pytest

from tests.sending.gates import call, now, opened, virtual, waited, wall
from worker.errors import OutageError, RateLimitedError
from worker.sending.pauses import Pause
from worker.simulation.loop import run


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
async def test_maintenance_with_an_end_waits_for_it() -> None:
    """A vendor that says how long is taken at its word, without probes."""
    gate = opened()
    await call(gate, OutageError("maintenance", seconds=600.0))

    slot = await gate.slot()
    assert now() == pytest.approx(1_600.1, abs=0.1)
    assert slot.probe is None
