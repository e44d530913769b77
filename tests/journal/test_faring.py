"""The promises of telling how plans fare, and of taking in letters."""

from dataclasses import replace

from tests.journal.makers import NOW, at, delivery, letter, settled
from tests.journal.test_replays import PLAN, buried
from worker.journal.burying import Closing
from worker.journal.carrying import Carried
from worker.journal.journal import Journal
from worker.journal.letters import Chosen, Filter
from worker.journal.rows import Reported


async def test_running_plans_say_what_is_due(journal: Journal) -> None:
    """A running plan's open letters come in order, between two ordinals, at one connection."""
    chosen = await buried(journal, 1, 2, 3)
    await journal.replays.add(PLAN, [each.id for each in chosen])
    assert await journal.replays.running() == []
    await journal.replays.change("P1", "ready", "running", at(1))
    await journal.letters.discard([Closing(chosen[1].id, at(2), "ann", "old")])

    assert [each.id for each in await journal.replays.running()] == ["P1"]
    due = await journal.replays.due("P1", "acme", 0, 99, 9)
    assert [(each.ordinal, each.letter) for each in due] == [(1, chosen[0]), (3, chosen[2])]
    assert await journal.replays.due("P1", "acme", 1, 2, 9) == []
    assert await journal.replays.due("P1", "other", 0, 99, 9) == []
    assert await journal.replays.shares("P1") == {"acme": 3}


async def test_progress_is_told(journal: Journal) -> None:
    """It is told what goes on, where, since when, and what is not open any more."""
    chosen = await buried(journal, 1, 2, 3)
    await journal.replays.add(PLAN, [*(each.id for each in chosen), "nowhere"])
    assert await journal.replays.moved_at("P1") is None
    assert await journal.replays.pending() == {}
    await journal.replays.offer("P1", chosen[0], at(5))
    await journal.replays.note("P1", chosen[1].id, "applied", None, at(6))

    assert await journal.replays.pending() == {"acme": {"P1"}}
    assert await journal.replays.moved_at("P1") == at(6)
    assert await journal.replays.ended_since("P1", at(5)) == 1
    assert await journal.replays.ended_since("P1", at(6)) == 0
    assert [each.state for each in await journal.replays.first("P1", 2)] == ["offered", "applied"]
    assert await journal.replays.sweep("P1", at(7)) == 1
    assert await journal.replays.counts("P1") == {"offered": 1, "applied": 1, "planned": 1, "gone": 1}
    standing = await journal.letters.standing(chosen)
    assert [(each.state, each.replays) for _, each in sorted(standing.items())] == [
        ("waiting", 1),
        ("dead_lettered", 0),
        ("dead_lettered", 0),
    ]


async def test_followers_of_creates(journal: Journal) -> None:
    """Open letters that wait for a create are found by it; others of the relation are not."""
    words = (("create", "rejected"), ("update", "waits_for"), ("update", "rejected"))
    rows = [delivery(place, subject="s", operation=word) for place, (word, _) in enumerate(words, 1)]
    await journal.take(rows)
    for row, (_, reason) in zip(rows, words, strict=True):
        await journal.commit(settled(row, "dead_lettered", letter=letter(row, reason=reason)))
    found = await journal.letters.chosen(Filter())

    assert await journal.letters.followers(found[:1]) == [found[1]]
    assert await journal.letters.followers(found[1:]) == []


async def test_carried_letters_lie_before_everything(journal: Journal) -> None:
    """Letters of another journal are laid down whole, in their order, before all places of this one."""
    await journal.take([delivery(1)])
    rows = [delivery(position, event_id=f"x-{position}", maybe_sent=True) for position in (700, 900)]
    carried = [Carried(row, letter(row), at(-60), 3) for row in rows]

    new = await journal.letters.carry(carried)
    again = await journal.letters.carry([*carried, Carried(delivery(5), letter(delivery(5)), NOW, 1)])

    assert new == [each.letter.id for each in carried]
    assert again == [letter(delivery(5)).id]
    found = await journal.letters.chosen(Filter())
    assert [each.position for each in found] == [-3, -2, -1]
    one = await journal.letters.one(new[0])
    assert one is not None
    assert (one.first_buried_at, one.burials, one.state) == (at(-60), 3, "open")
    row = await journal.delivery("acme", -2)
    assert row is not None
    assert (row.received, row.maybe_sent) == (rows[0].received, True)
    assert await journal.unreported(["acme"], 9) == []
    assert await journal.last_position() == 1


async def test_only_open_letters_are_offered(journal: Journal) -> None:
    """What was closed is not sent again, even if its delivery still lies there."""
    (chosen,) = await buried(journal, 1)
    await journal.letters.discard([Closing(chosen.id, NOW, "ann", "old")])

    assert not await journal.replays.offer("P1", chosen, NOW)
    assert not await journal.replays.offer("P1", Chosen("nobody", "acme", 1, None, None), NOW)
    await journal.letters.undiscard([chosen.id])
    assert await journal.replays.offer("P1", replace(chosen), NOW)
    await journal.commit(Reported("acme", 1))
