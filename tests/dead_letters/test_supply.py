"""The promise that a plan's letters keep the order of their relation, whatever happens as they are offered."""

import pytest

from tests.dead_letters.house import DATA, House, document
from worker.dead_letters.choosing import Chooser
from worker.dead_letters.document import Document, Terms
from worker.dead_letters.patching import Patcher
from worker.dead_letters.retaking import Retaker
from worker.dead_letters.supply import PAGE, Running, Supply
from worker.delivery.held import Key
from worker.intake.decode import Decoder
from worker.intake.route import Route, Routes
from worker.journal.errors import JournalError
from worker.journal.letters import Filter
from worker.journal.rows import Reported
from worker.journal.session import Session


def anything(_key: Key, _position: int) -> bool:
    return True


async def supplied(house: House) -> Supply:
    """Return the supply of one connection, with a plan over all letters."""
    view = await house.service.plan(Filter(connections=["acme"]), Terms("again"), "ann")
    await house.service.apply(view.id, "ann")
    plan = await house.journal.replays.plan(view.id)
    assert plan is not None
    running = Running(plan.id, view.document, 2**31 - 1)
    return Supply("acme", house.journal, Patcher(Decoder(), 2**20), house.clock.now, [running])


async def places(supply: Supply, most: int) -> list[int]:
    return [held.position for held in await supply.next(most, anything)]


@pytest.mark.parametrize("most", [1, 2])
async def test_none_goes_before_one_whose_burial_is_not_reported(house: House, most: int) -> None:
    """While a letter's burial is not reported, later ones of its relation wait; other relations go on."""
    await house.bury(1, "cust-1", told=False)
    await house.bury(2, "cust-1", "updated")
    await house.bury(3, "cust-2")
    supply = await supplied(house)

    assert [each for _ in range(4) for each in await places(supply, most)] == [3]

    await house.journal.commit(Reported("acme", 1))
    supply.forget()
    assert await places(supply, 1) == [1]


async def test_what_was_offered_is_not_lost_where_another_offer_fails(house: House) -> None:
    """Where the journal fails for one letter, those offered beside it come next, and none goes before it."""
    first = await house.bury(1, "cust-1")
    await house.bury(2, "cust-1", "updated")
    await house.bury(3, "cust-2")
    supply = await supplied(house)

    def break_down(session: Session) -> None:
        session.say(
            "CREATE TEMP TRIGGER broken BEFORE UPDATE ON replay_letters "
            f"WHEN NEW.letter = '{first}' BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )

    await house.journal._desk.write(break_down)
    with pytest.raises(JournalError):
        await supply.next(5, anything)
    assert supply.is_pending
    await house.journal._desk.write(lambda session: session.say("DROP TRIGGER broken"))

    assert await places(supply, 5) == [3, 1]


async def test_what_was_taken_again_and_cannot_be_read_lies_at_intake_again(house: House) -> None:
    """Where the settings of today refuse what intake took again, its letter is open again and tells why."""
    letter = await house.bury_at_intake(1, document(1, "cust-1", data=DATA | {"colour": "red"}))
    plan = (await house.service.plan(Filter(ids=[letter]), Terms("try"), "ann")).id
    before = Chooser(house.journal, Patcher(Decoder(unknown_fields="ignore"), 2**20))
    routes = Routes([Route("acme", "onoffice", "link")])
    (chosen,) = await house.journal.letters.chosen(Filter())
    await Retaker(house.journal, before, lambda: routes, house.clock.now).retake(plan, chosen, Document(Terms("try")))
    supply = Supply("acme", house.journal, Patcher(Decoder(), 2**20), house.clock.now, is_pending=True)
    assert await house.service.count(Filter()) == 0

    assert await places(supply, 5) == []

    case = await house.service.show(letter)
    assert case.buried.state == "open"
    assert [each.state for each in case.replays] == ["refused"]
    assert "colour" in (case.replays[0].note or "")
    assert await house.journal.delivery("acme", 1) is None
    supply.is_pending = True
    assert await places(supply, 5) == []


async def test_what_a_paused_plan_holds_keeps_no_other_plan_waiting(house: House) -> None:
    """However much lies offered for a paused plan, another's goes on; only their common relations wait."""
    held = [await house.bury(position, f"cust-{position}") for position in range(1, PAGE + 2)]
    urgent = [await house.bury(place, f"urgent-{place}") for place in (500, 501)]
    later = await house.bury(600, "cust-1", "updated")
    names = []
    for ids in (held, urgent, [later]):
        plan = (await house.service.plan(Filter(ids=ids), Terms("again"), "ann")).id
        await house.service.apply(plan, "ann")
        names.append(plan)
    for chosen in await house.journal.letters.chosen(Filter(ids=[*held, *urgent])):
        plan = names[0] if chosen.id in held else names[1]
        assert await house.journal.replays.offer(plan, chosen, house.clock.now())
    await house.service.pause(names[0], "ann")
    running = Running(names[2], Document(Terms("again")), 2**31 - 1)
    supply = Supply("acme", house.journal, Patcher(Decoder(), 2**20), house.clock.now, [running], is_pending=True)

    assert await places(supply, 5) == [500, 501]

    await house.service.resume(names[0], "ann")
    supply.is_pending = True
    assert 1 in await places(supply, 5)
