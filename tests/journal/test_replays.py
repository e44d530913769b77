"""The promises of keeping plans."""

from dataclasses import replace

from tests.journal.makers import NOW, at, delivery, letter, relation, settled
from worker.journal.journal import Journal
from worker.journal.letters import Chosen, Filter
from worker.journal.replays import Plan
from worker.journal.rows import Mark, Reported

PLAN = Plan("P1", "ready", NOW, "ann", NOW, b'{"why": "mended"}')


async def buried(journal: Journal, *positions: int) -> list[Chosen]:
    """Lay letters down and report them."""
    rows = [delivery(position) for position in positions]
    await journal.take(rows)
    await journal.commit(*(settled(each, "dead_lettered") for each in rows))
    await journal.commit(*(Reported("acme", position) for position in positions))
    return await journal.letters.chosen(Filter())


async def test_plan_reads_back(journal: Journal) -> None:
    """A plan and its letters come back in order, and its progress is counted."""
    await journal.replays.add(PLAN, ["L2", "L1", "L3"])
    await journal.replays.note("P1", "L1", "skipped", "newer state", at(1))

    assert await journal.replays.plan("P1") == PLAN
    assert await journal.replays.plan("P2") is None
    assert await journal.replays.newest(9) == [PLAN]
    assert await journal.replays.counts("P1") == {"planned": 2, "skipped": 1}
    planned = await journal.replays.letters("P1", "planned", 0, 9)
    assert [(each.letter, each.ordinal) for each in planned] == [("L2", 1), ("L3", 3)]
    assert [each.note for each in await journal.replays.history("L1")] == ["newer state"]


async def test_plan_moves_once(journal: Journal) -> None:
    """Of two who start a plan one succeeds."""
    await journal.replays.add(PLAN, [])

    assert await journal.replays.change("P1", "ready", "running", at(1))
    assert not await journal.replays.change("P1", "ready", "running", at(2))
    plan = await journal.replays.plan("P1")
    assert plan is not None
    assert (plan.state, plan.changed_at) == ("running", at(1))


async def test_offered_delivery_is_the_plans_alone(journal: Journal) -> None:
    """An offered letter waits with rank `replay`, with its bytes, and no window loads it."""
    (chosen,) = await buried(journal, 1)
    await journal.replays.add(PLAN, [chosen.id])

    assert await journal.replays.offer("P1", chosen, at(1))

    (offered,) = await journal.replays.offered("acme", 0, 9)
    assert (offered.rank, offered.plan, offered.replays, offered.attempts) == ("replay", "P1", 1, 0)
    assert offered.received == delivery(1).received
    assert await journal.replays.behind(offered) == chosen
    assert await journal.waiting("acme", 0, 9, 999) == []
    assert not await journal.replays.offer("P1", chosen, at(2))
    assert (await journal.backlog())["acme"].replay == 1
    assert await journal.replays.counts("P1") == {"offered": 1}


async def test_unreported_letter_is_not_offered(journal: Journal) -> None:
    """A letter whose result nobody has heard of yet stays where it is."""
    each = delivery(1)
    await journal.take([each])
    await journal.commit(settled(each, "dead_lettered"))
    (chosen,) = await journal.letters.chosen(Filter())

    assert not await journal.replays.offer("P1", chosen, at(1))


async def test_replay_that_succeeds_resolves_the_letter(journal: Journal) -> None:
    """The letter is resolved by the transaction that settles its replay; the plan has counted it."""
    (chosen,) = await buried(journal, 1)
    await journal.replays.add(PLAN, [chosen.id])
    await journal.replays.offer("P1", chosen, at(1))
    (offered,) = await journal.replays.offered("acme", 0, 9)

    await journal.commit(settled(offered, relation=relation(offered), plan="P1", settled_at=at(3)))

    found = await journal.letters.one(chosen.id)
    assert found is not None
    assert (found.state, found.closed_at, found.closed_by) == ("resolved", at(3), "P1")
    assert await journal.replays.counts("P1") == {"applied": 1}
    assert await journal.replays.offered("acme", 0, 9) == []


async def test_replay_that_fails_keeps_the_letter(journal: Journal) -> None:
    """A replay that is buried again leaves the letter open with the newer cause."""
    (chosen,) = await buried(journal, 1)
    await journal.replays.add(PLAN, [chosen.id])
    await journal.replays.offer("P1", chosen, at(1))

    again = letter(delivery(1), chosen.id, reason="conflict")
    await journal.commit(settled(delivery(1), "dead_lettered", letter=again, plan="P1"))

    found = await journal.letters.one(chosen.id)
    assert found is not None
    assert (found.state, found.letter.reason, found.burials) == ("open", "conflict", 2)
    assert await journal.replays.counts("P1") == {"dead_lettered": 1}


async def test_letter_under_an_older_name_is_resolved(journal: Journal) -> None:
    """A replay that is buried as another letter resolves the one that it had before."""
    (chosen,) = await buried(journal, 1)
    await journal.replays.offer("P1", chosen, at(1))

    again = letter(delivery(1), "renamed")
    await journal.commit(settled(delivery(1), "dead_lettered", letter=again, plan="P1"))

    assert [each.id for each in await journal.letters.chosen(Filter())] == ["renamed"]


async def test_withdrawn_letter_lies_as_before(journal: Journal) -> None:
    """A cancelled plan lays down what it has offered, unless a call is under way."""
    first, second = await buried(journal, 1, 2)
    await journal.replays.add(PLAN, [first.id, second.id])
    for each in (first, second):
        await journal.replays.offer("P1", each, at(1))
    await journal.commit(Mark("acme", (2,)))

    assert await journal.replays.withdraw("P1", first, at(2))
    assert not await journal.replays.withdraw("P1", second, at(2))

    assert await journal.replays.counts("P1") == {"offered": 1, "withdrawn": 1}
    assert await journal.counts() == {("acme", "dead_lettered"): 1, ("acme", "sent"): 1}
    found = await journal.delivery("acme", 1)
    assert found is not None
    assert found.replays == 0


async def test_paused_plan_keeps_what_it_has_offered(journal: Journal) -> None:
    """What a paused plan has offered is not told, only its relations are, unless the vendor may have it."""
    first, second, third = await buried(journal, 1, 2, 3)
    await journal.replays.add(PLAN, [first.id, second.id])
    await journal.replays.add(replace(PLAN, id="P2"), [third.id])
    for plan, each in (("P1", first), ("P1", second), ("P2", third)):
        await journal.replays.offer(plan, each, at(1))
    assert await journal.replays.held_back("acme") == set()

    await journal.replays.change("P1", "ready", "paused", at(2))

    assert [each.position for each in await journal.replays.offered("acme", 0, 9)] == [3]
    assert await journal.replays.held_back("acme") == {(first.source, "cust-1"), (first.source, "cust-2")}
    await journal.commit(Mark("acme", (2,)))
    assert [each.position for each in await journal.replays.offered("acme", 0, 9)] == [2, 3]
    assert await journal.replays.held_back("acme") == {(first.source, "cust-1")}
