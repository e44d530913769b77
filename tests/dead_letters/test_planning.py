"""The promises of plans, before anything is sent."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.dead_letters.house import House, document
from worker.dead_letters.document import Terms, patch_of
from worker.dead_letters.errors import (
    BoundlessError,
    DeadLetterError,
    PatchError,
    StateError,
    UnknownError,
)
from worker.errors import RejectedError
from worker.journal.burying import Closing
from worker.journal.letters import Filter
from worker.sending.quota import Quota

MENDED = Terms("the record exists by now")
WAITS = RejectedError("It needs the create.", reason="waits_for")


def patch(*operations: Mapping[str, Any]) -> Terms:
    return Terms("mended", patch=operations)


async def planned(house: House, plan: str) -> list[str]:
    """Return a plan's letters in their order."""
    return [each.letter for each in await house.journal.replays.letters(plan, "planned", 0, 99)]


async def test_plan_is_over_what_lay_there(house: House) -> None:
    """A plan holds the letters of its moment, in order; what is buried later is not in it."""
    second = await house.bury(2, "cust-2")
    first = await house.bury(1, "cust-1")

    view = await house.service.plan(Filter(connections=["acme"]), MENDED, "ann")
    await house.bury(3, "cust-3")

    assert await planned(house, view.id) == [first, second]
    assert (view.state, view.plan.created_by, view.document.terms) == ("ready", "ann", MENDED)
    assert view.document.select == {"connections": ["acme"]}
    (entry,) = await house.service.audit()
    assert (entry.who, entry.action) == ("ann", "dead.plan")
    assert entry.detail == {"plan": view.id, "why": MENDED.why, "letters": 2}


async def test_connections_take_turns(house: House) -> None:
    """A canary sees every connection early, and each connection's letters stay in order."""
    acme = [await house.bury(position, f"cust-{position}") for position in (1, 2, 3)]
    data = {"kind": "party", "party_type": "person", "family_name": "Visser", "customer_number": "5"}
    part = await house.bury(4, "cust-4", connection="parts", data=data)

    view = await house.service.plan(Filter(), MENDED, "ann", everything=True)

    assert await planned(house, view.id) == [acme[0], part, acme[1], acme[2]]


async def test_letters_that_wait_come_along(house: House) -> None:
    """Who selects a create gets the letters that wait for it, behind it, and no patch touches them."""
    create = await house.bury(1, "cust-1")
    waiting = await house.bury(2, "cust-1", "updated", error=WAITS, data=document(2, "x")["data"])
    await house.bury(3, "cust-2", "updated", error=WAITS)
    terms = patch({"op": "replace", "path": "/data/parents/0/record_id", "value": 418})

    view = await house.service.plan(Filter(ids=[create]), terms, "ann")

    assert await planned(house, view.id) == [create, waiting]
    assert view.document.along == {waiting}
    assert view.document.patch_of(waiting) == ()


async def test_everything_must_be_said(house: House) -> None:
    """A selection that chooses by nothing is refused unless somebody says that everything is meant."""
    await house.bury(1)

    with pytest.raises(BoundlessError):
        await house.service.plan(Filter(), MENDED, "ann")
    with pytest.raises(BoundlessError):
        await house.service.discard(Filter(), "ann", "old")

    assert await house.service.plans() == []


async def test_unknown_ids_are_told(house: House) -> None:
    """One unknown id refuses the whole selection, and names itself."""
    known = await house.bury(1)

    with pytest.raises(UnknownError, match="nobody"):
        await house.service.plan(Filter(ids=[known, "nobody"]), MENDED, "ann")
    with pytest.raises(UnknownError):
        await house.service.plan(Filter(reasons=["crashed"]), MENDED, "ann")

    assert await house.service.plans() == []
    assert await house.service.audit() == []


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ({"op": "remove", "path": "/data/nothing"}, "does not apply"),
        ({"op": "test", "path": "/data/kind", "value": "party"}, "does not apply"),
        ({"op": "turn", "path": "/data"}, "does not apply"),
        ({"op": "replace", "path": "/data/kind"}, "does not apply"),
        ({"op": "add", "path": "/data/kind/deep", "value": 1}, "does not apply"),
        ({"op": "add", "path": "/data/typo", "value": 1}, "no valid event"),
        ({"op": "remove", "path": "/data/relation_type"}, "no valid event"),
        ({"op": "remove", "path": ""}, "does not apply|object"),
        ({"op": "replace", "path": "/id", "value": "other"}, "may not change id"),
        ({"op": "replace", "path": "/source", "value": "/other"}, "may not change source"),
        ({"op": "replace", "path": "/subject", "value": "other"}, "may not change subject"),
        ({"op": "replace", "path": "/type", "value": "relation.deleted"}, "may not change type"),
        ({"op": "add", "path": "/sequence", "value": "9"}, "may not change sequence"),
    ],
)
async def test_bad_patch_is_refused(house: House, operation: dict[str, Any], said: str) -> None:
    """A patch that does not apply, makes no valid event or another event, is refused and nothing is written."""
    await house.bury(1)

    with pytest.raises(PatchError, match=said):
        await house.service.plan(Filter(connections=["acme"]), patch(operation), "ann")

    assert await house.service.plans() == []


@pytest.mark.parametrize("text", ["{", "{}", '["x"]', '[{"op": "add"}]', '[{"op": "add", "path": "data"}]'])
def test_what_is_no_patch_is_refused(text: str) -> None:
    """What is not an array of operations with paths is no patch."""
    with pytest.raises(DeadLetterError, match="patch"):
        patch_of(text)


@pytest.mark.parametrize(
    "terms",
    [{"why": " "}, {"why": "x", "share": 1.0}, {"why": "x", "canary": -1}, {"why": "x", "canary": 2**63}],
)
def test_terms_are_checked(terms: dict[str, Any]) -> None:
    """Nobody replays without a reason, or takes all of the quota."""
    with pytest.raises(DeadLetterError):
        Terms(**terms)


async def test_patch_may_supply_what_lacked_at_intake(house: House) -> None:
    """What intake refused for a missing attribute can be planned with a patch that gives it."""
    event = document(1, "x")
    del event["subject"]
    letter = await house.bury_at_intake(1, event)
    terms = patch({"op": "add", "path": "/subject", "value": "cust-1"})

    view = await house.service.plan(Filter(ids=[letter]), terms, "ann")
    with pytest.raises(PatchError, match="may not change id"):
        await house.service.plan(
            Filter(ids=[letter]), patch(*terms.patch, {"op": "replace", "path": "/id", "value": "x"}), "ann"
        )

    assert await planned(house, view.id) == [letter]


async def test_what_is_not_json_cannot_be_patched(house: House) -> None:
    """What is not JSON can only be discarded or exported, and the error says so."""
    letter = await house.bury_at_intake(1, b"\xff\xfe{")

    with pytest.raises(PatchError, match="discarded or exported"):
        await house.service.plan(Filter(ids=[letter]), patch({"op": "add", "path": "/id", "value": "x"}), "ann")


async def test_plan_is_applied_once(house: House) -> None:
    """The second apply is refused with the plan's state."""
    await house.bury(1)
    view = await house.service.plan(Filter(connections=["acme"]), MENDED, "ann")

    assert (await house.service.apply(view.id, "bob")).state == "running"
    with pytest.raises(StateError, match="running already"):
        await house.service.apply(view.id, "bob")

    assert [each.action for each in await house.service.audit()] == ["dead.apply", "dead.plan"]


async def test_plan_whose_letters_are_gone_is_told(house: House) -> None:
    """A plan of which no letter is open any more is not applied; one of which some are skips the others."""
    one, two = await house.bury(1, "cust-1"), await house.bury(2, "cust-2")
    both = await house.service.plan(Filter(connections=["acme"]), MENDED, "ann")
    single = await house.service.plan(Filter(ids=[one]), MENDED, "ann")
    await house.service.discard(Filter(ids=[one]), "bob", "by hand")

    with pytest.raises(StateError, match="none of the letters"):
        await house.service.apply(single.id, "ann")
    await house.service.apply(both.id, "ann")

    assert (await house.service.progress(both.id)).counts == {"gone": 1, "planned": 1}
    assert await planned(house, both.id) == [two]


async def test_plan_is_paused_resumed_cancelled(house: House) -> None:
    """A plan is held and goes on; once cancelled nothing moves it again."""
    await house.bury(1)
    view = await house.service.plan(Filter(connections=["acme"]), MENDED, "ann")
    with pytest.raises(StateError, match="is ready"):
        await house.service.pause(view.id, "ann")
    await house.service.apply(view.id, "ann")

    assert (await house.service.pause(view.id, "ann", "night")).state == "paused"
    assert (await house.service.resume(view.id, "ann")).state == "running"
    assert (await house.service.cancel(view.id, "ann")).state == "cancelled"
    for change in (house.service.resume, house.service.pause, house.service.cancel):
        with pytest.raises(StateError, match="is cancelled"):
            await change(view.id, "ann")
    with pytest.raises(UnknownError, match="no plan"):
        await house.service.cancel("nobody", "ann")


async def test_loop_is_guarded(house: House) -> None:
    """A letter that was replayed five times is refused unless somebody insists."""
    letter = await house.bury(1)
    (chosen,) = await house.journal.letters.chosen(Filter())
    for _ in range(5):
        await house.journal.replays.offer("P", chosen, house.clock.now())
        row = await house.journal.delivery("acme", 1)
        assert row is not None
        await house.lay(row, RejectedError("no", reason="rejected"), told=True)

    with pytest.raises(StateError, match="replayed 5 times"):
        await house.service.plan(Filter(ids=[letter]), MENDED, "ann")
    view = await house.service.plan(Filter(ids=[letter]), Terms("really", force=True), "ann")

    assert view.document.terms.force


async def test_progress_says_why_nothing_moves(house: House) -> None:
    """A plan that stands still says that no worker runs."""
    await house.bury(1)
    view = await house.service.plan(Filter(connections=["acme"]), MENDED, "ann")
    await house.service.apply(view.id, "ann")
    assert (await house.service.progress(view.id)).stalled is None

    house.clock.go_on(minutes=1)

    progress = await house.service.progress(view.id)
    assert progress.stalled == "stalled: no worker is running"
    assert (progress.letters, progress.ended, progress.connections) == (1, 0, {"acme": 1})


async def test_document_reads_back(house: House) -> None:
    """A plan's terms come back from the journal as they were given."""
    await house.bury(1)
    terms = Terms("why", ({"op": "test", "path": "/data/kind", "value": "link"},), True, 0.2, Quota(5, 1.0), 1)

    view = await house.service.plan(Filter(since=house.clock.now(), statuses=[400]), terms, "ann")

    (again,) = await house.service.plans()
    assert again.document.terms == terms
    assert again.document == view.document


async def test_closed_letter_is_not_offered(house: House) -> None:
    """A letter that was discarded while its plan ran is left alone."""
    letter = await house.bury(1)
    (chosen,) = await house.journal.letters.chosen(Filter())
    await house.journal.letters.discard([Closing(letter, house.clock.now(), "ann", "old")])

    assert not await house.journal.replays.offer("P", chosen, house.clock.now())
