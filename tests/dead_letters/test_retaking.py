"""Letters of intake, taken again at their own place."""

from typing import Any

import orjson
import pytest

from schemas.dead_letter import intake_letter_id
from tests.dead_letters.rig import NAME, Rig, message
from worker.dead_letters.document import Terms
from worker.errors import InvalidMessageError
from worker.intake.route import UNKNOWN
from worker.journal.letters import Filter
from worker.journal.rows import INTAKE, Delivery, Received, Reported, Settled
from worker.outcome.case_file import letter
from worker.outcome.ending import Burial, Effort, Origin
from worker.outcome.result import Teller
from worker.simulation.loop import run


async def bury_at_intake(rig: Rig, event: dict[str, Any], name: str | None = None) -> str:
    """Lay down what intake refused, or what is for a name that it did not know."""
    rig.position += 1
    received = Received("RELATIONS", rig.position, "relation", rig.now(), (), orjson.dumps(event))
    letter_id = intake_letter_id("RELATIONS", "now", rig.position, name)
    origin = Origin(None, None, "", None, None, received, {})
    detail = f"{UNKNOWN}{name}" if name else "subject: is required"
    burial = Burial(InvalidMessageError(detail, reason="unroutable" if name else "malformed"))
    words = (rig.position, letter_id, "r-intake")
    kept, result = letter(Teller("t", "0"), origin, Effort(), burial, rig.now(), *words)
    row = Delivery(INTAKE, rig.position, "", "", "", b"", "create", received)
    ending = Settled(INTAKE, rig.position, "dead_lettered", 0, 0, rig.now(), result, letter=kept)
    await rig.journal.take([], [(row, ending)])
    await rig.journal.commit(Reported(INTAKE, rig.position))
    return letter_id


def test_intake_letter_is_taken_again() -> None:
    """An intake letter goes, patched, to its connection at its own place; newer state still counts."""

    async def play() -> None:
        rig = await Rig.open()
        event = orjson.loads(message(1, "s0", "created", {"note": "old"}))
        del event["subject"]
        late = orjson.loads(message(2, "s1", "created", {"note": "late"}))
        del late["subject"]
        first, second = await bury_at_intake(rig, event), await bury_at_intake(rig, late)
        await rig.emit(rig.delivery("s0", note="new"))
        await rig.until(lambda: rig.done("applied") == 1)
        plans = [
            await rig.replay(Terms("named", ({"op": "add", "path": "/subject", "value": subject},)), Filter(ids=[one]))
            for one, subject in ((first, "s0"), (second, "s1"))
        ]

        assert [await rig.ended(plan, 60) for plan in plans] == ["finished", "finished"]
        await rig.until(lambda: len(rig.settled) == 3, 60)

        assert rig.world.records == {"s0": {"note": "new"}, "s1": {"note": "late"}}
        assert [await rig.counts(plan) for plan in plans] == [{"superseded": 1}, {"applied": 1}]
        assert await rig.service.count(Filter()) == 0
        await rig.close()

    run(play())


@pytest.mark.parametrize(
    ("data", "patch", "shown"),
    [
        ({"typo": 1}, [{"op": "remove", "path": "/data/typo"}], {}),
        ({"phone": "1"}, [{"op": "move", "from": "/data/phone", "path": "/data/note"}], {"note": "1"}),
        (
            {"note": 5},
            [{"op": "test", "path": "/data/note", "value": 5}, {"op": "replace", "path": "/data/note", "value": "5"}],
            {"note": "5"},
        ),
        (
            {"email": "a@x.example"},
            [
                {"op": "copy", "from": "/data/email", "path": "/data/note"},
                {"op": "replace", "path": "/data/email", "value": "b@x.example"},
            ],
            {"note": "a@x.example", "email": "b@x.example"},
        ),
    ],
    ids=["remove", "move", "test", "copy"],
)
def test_intake_letter_is_patched_once(
    data: dict[str, Any], patch: list[dict[str, Any]], shown: dict[str, Any]
) -> None:
    """What intake takes again is sent as it was patched, also where the patch fits only once."""

    async def play() -> None:
        rig = await Rig.open()
        event = orjson.loads(message(1, "s0", "created", data))
        letter_id = await bury_at_intake(rig, event)

        await rig.replay(Terms("mended", tuple(patch)), Filter(ids=[letter_id]))
        await rig.until(lambda: rig.done("applied") == 1, 60)

        assert rig.world.records == {"s0": shown}
        assert rig.world.made == {"s0": 1}
        await rig.close()

    run(play())


def test_intake_letter_that_nobody_takes_stays() -> None:
    """An intake letter whose event is delivered already, or still unread, stays with the reason in its history."""

    async def play() -> None:
        rig = await Rig.open()
        await rig.emit(rig.delivery("s0"))
        await rig.until(lambda: rig.done("applied") == 1)
        twice = await bury_at_intake(rig, orjson.loads(message(1, "s0", "created", {"note": "other"})))
        broken = await bury_at_intake(rig, {"specversion": "1.0"})

        for one in (twice, broken):
            assert await rig.ended(await rig.replay(Terms("try"), Filter(ids=[one])), 60) in {
                "finished",
                "canary_failed",
            }

        notes = [(await rig.service.show(one)).replays[0].note or "" for one in (twice, broken)]
        assert "has this event already, with other data" in notes[0]
        assert "no valid event" in notes[1]
        assert await rig.service.count(Filter()) == 2
        await rig.close()

    run(play())


@pytest.mark.parametrize(("others", "left"), [(("other",), 0), ((), 3)])
def test_each_unknown_name_is_taken_by_its_own_letter(others: tuple[str, ...], left: int) -> None:
    """A letter about one name of a target goes to that connection alone; what nobody has added yet stays."""

    async def play() -> None:
        rig = await Rig.open(others=others)
        ids: dict[str, list[str]] = {NAME: [], "other": []}
        for number in range(3):
            event = orjson.loads(message(number, f"s{number}", "created", {})) | {"target": f"{NAME},other"}
            for name, found in ids.items():
                found.append(await bury_at_intake(rig, event, name))

        plan = await rig.replay(Terms("added", canary=0), Filter(ids=[*ids[NAME], *ids["other"]]))

        await rig.until(lambda: rig.done("applied") == 3, 60)
        assert rig.world.made == {"s0": 1, "s1": 1, "s2": 1}
        assert await rig.service.count(Filter()) == left
        assert (await rig.counts(plan)).get("dead_lettered", 0) == left
        assert len(await rig.journal.replays.offered("other", 0, 9)) == 3 - left
        await rig.close()

    run(play())


def test_letter_whose_connections_have_the_event_is_resolved() -> None:
    """An intake letter of an event that its connections have by now, as it is, has done its work."""

    async def play() -> None:
        rig = await Rig.open()
        event = orjson.loads(message(1, "s0", "created", {}))
        letter_id = await bury_at_intake(rig, event | {"target": "wrold"}, "wrold")
        rig.position = 0
        await rig.emit(rig.delivery("s0"))
        await rig.until(lambda: rig.done("applied") == 1)

        mend = {"op": "replace", "path": "/target", "value": NAME}
        plan = await rig.replay(Terms("named", (mend,)), Filter(ids=[letter_id]))

        assert await rig.ended(plan, 60) == "finished"
        case = await rig.service.show(letter_id)
        assert case.buried.state == "resolved"
        assert case.replays[0].note == "its connections have this event already"
        assert rig.world.made == {"s0": 1}
        await rig.close()

    run(play())
