"""The promise that a bug of ours that one letter meets stops neither plans nor connections."""

import asyncio

import orjson
import pytest

from tests.dead_letters import rig as rigs
from tests.dead_letters.rig import ALL, MENDED, Rig, message
from tests.dead_letters.test_retaking import bury_at_intake
from worker.dead_letters.document import Document, Terms, dumped, loaded
from worker.dead_letters.patching import Patcher
from worker.intake.content import Document as Content
from worker.intake.decode import Decoded, Decoder
from worker.journal.letters import Filter
from worker.simulation.loop import run


class Buggy(Decoder):
    """A decoder of ours with a bug that one subject meets."""

    def read(self, document: Content, published_to: str) -> Decoded:
        if document["subject"] == "s0":
            raise ZeroDivisionError("the secret of s0")
        return super().read(document, published_to)


def test_bug_at_a_connection_is_one_letters_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter whose reading meets a bug is refused and lies as before; the others of its plan go on."""
    monkeypatch.setattr(rigs, "PATCHER", Patcher(Buggy(), 2**20))

    async def play() -> None:
        rig = await Rig.open()
        await rig.bury(3)

        plan = await rig.replay(Terms("mended", MENDED.patch, canary=0))

        assert await rig.ended(plan, 60) == "finished"
        assert await rig.counts(plan) == {"applied": 2, "refused": 1}
        (left,) = await rig.service.page(ALL, 9)
        (replay,) = (await rig.service.show(left.letter.id)).replays
        assert (replay.state, replay.note) == ("refused", "A bug of ours: ZeroDivisionError.")
        await rig.close()

    run(play())


def test_bug_at_intake_is_one_letters_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An intake letter whose reading meets a bug stays, with a word that holds nothing of the event."""
    monkeypatch.setattr(rigs, "PATCHER", Patcher(Buggy(), 2**20))

    async def play() -> None:
        rig = await Rig.open()
        events = [orjson.loads(message(number, f"s{number}", "created", {})) for number in range(2)]
        first, second = [await bury_at_intake(rig, event) for event in events]

        plan = await rig.replay(Terms("try", canary=0), Filter(ids=[first, second]))

        assert await rig.ended(plan, 60) == "finished"
        await asyncio.sleep(5)
        assert rig.world.made == {"s1": 1}
        case = await rig.service.show(first)
        assert case.buried.state == "open"
        assert [(each.state, each.note) for each in case.replays] == [
            ("dead_lettered", "A bug of ours: ZeroDivisionError.")
        ]
        await rig.close()

    run(play())


def test_canary_of_any_size_is_followed() -> None:
    """A plan that was made when canaries had no bound is read with the largest there is."""
    terms = dumped(Document(Terms("try", canary=3))).replace(b'"canary":3', b'"canary":9223372036854775808')

    assert loaded(terms).terms.canary == 10_000
