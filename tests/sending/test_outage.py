"""Failures that close the gate, and failures that a few relations explain."""

from tests.sending.gates import call, opened, virtual
from worker.errors import RejectedError, UnknownOutcomeError


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
