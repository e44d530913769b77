"""The promises of following what a plan took again from intake, and of giving it back."""

import pytest

from tests.journal.makers import at, delivery, intake_letter, settled
from tests.journal.test_replays import PLAN
from worker.journal.burying import Closing
from worker.journal.journal import Journal
from worker.journal.rows import INTAKE, Delivery, Mark, Outcome, Reported


async def taken_again(journal: Journal) -> list[Delivery]:
    """Return what intake took again for two connections, out of one letter."""
    await journal.take([], [intake_letter(1, "L1")])
    await journal.commit(Reported(INTAKE, 1))
    await journal.replays.add(PLAN, ["L1"])
    rows = [delivery(1, name, rank="replay", plan="P1", replays=1) for name in ("acme", "other")]
    await journal.take(rows, (), [Closing("L1", at(1), "P1", "taken again")])
    return rows


async def test_letter_is_open_again(journal: Journal) -> None:
    """The letter is open again and the plan knows why; of the delivery nothing is left."""
    first, second = await taken_again(journal)
    assert await journal.replays.behind(first) is None
    assert await journal.replays.pending() == {"acme": {"P1"}, "other": {"P1"}}
    assert await journal.replays.taken("P1") == 1

    assert await journal.replays.give_back(first, "refused", "unreadable", at(2))
    assert await journal.replays.give_back(second, "refused", "unreadable", at(3))

    found = await journal.letters.one("L1")
    assert found is not None
    assert (found.state, found.closed_by) == ("open", None)
    assert [(each.state, each.note) for each in await journal.replays.history("L1")] == [("refused", "unreadable")]
    assert await journal.replays.pending() == {}
    assert not await journal.replays.give_back(first, "refused", "unreadable", at(4))


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        (("applied", "superseded"), ("offered", "superseded")),
        (("dead_lettered", "applied"), ("dead_lettered", "dead_lettered")),
        (("applied", "dead_lettered"), ("offered", "dead_lettered")),
    ],
)
async def test_plan_hears_where_its_event_has_gone(
    journal: Journal, outcomes: tuple[Outcome, Outcome], told: tuple[str, str]
) -> None:
    """A letter of intake is under way until its event has ended at every connection; one burial is enough to fail."""
    rows = await taken_again(journal)
    assert await journal.replays.counts("P1") == {"offered": 1}

    for row, outcome, state in zip(rows, outcomes, told, strict=True):
        await journal.commit(settled(row, outcome, plan="P1"))
        assert await journal.replays.counts("P1") == {state: 1}


async def test_what_may_be_sent_stays(journal: Journal) -> None:
    """What the vendor may have is not dropped, and its letter stays closed."""
    first, _ = await taken_again(journal)
    await journal.commit(Mark("acme", (1,)))

    assert not await journal.replays.give_back(first, "refused", "unreadable", at(2))

    found = await journal.letters.one("L1")
    assert found is not None
    assert found.state == "resolved"
