"""Links that wait for a record which is not there yet. Real engine and sandbox, virtual time."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import pytest
from multidict import MultiDict

from schemas.cloudevent import Event
from schemas.relation import data_model
from tests.delivery.world import Happening, Run, Temper, World
from tests.targets.onoffice.vendor import SECRET, TOKEN, onoffice, owner
from worker.journal.rows import Delivery, Settled
from worker.sandbox.clock import Clock
from worker.sandbox.effects import EffectLog
from worker.sandbox.exchange import Asked
from worker.sandbox.onoffice import OnOffice as Sandbox
from worker.sandbox.onoffice import OnOfficeOptions
from worker.sandbox.onoffice_relations import Rules
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response
from worker.targets.base import Course, Step, Task

pytestmark = pytest.mark.looptime

SECONDS = 0.2  # that a call takes; the work is done when it begins
CREATED = owner("created")["data"]
LONG = 3600.0  # seconds


class Estates(World):
    """The real target with `on_missing_record = "retry"`, and the sandbox's vendor, who lacks all other records."""

    def __init__(self, *records: int) -> None:
        super().__init__(Temper(), random.Random(1))
        self.target = onoffice(on_missing_record="retry")
        self.known = set(records)
        self.vendor = Sandbox(OnOfficeOptions(Rules(records=self.known)))
        self.vendor.token, self.vendor.secret = TOKEN, SECRET
        self.effects = EffectLog(Clock())
        self.verbs: list[str] = []
        self.silent: int | None = None  # which call is done and never answered

    def course(self, task: Task) -> Course:
        return self.target.course(task)

    def request(self, steps: Sequence[Step], now: datetime) -> Request:
        return self.target.request(steps, now)

    def read(self, steps: Sequence[Step], response: Response) -> list[Any]:
        return self.target.read(steps, response)

    async def send(self, request: Request, slot: Slot) -> Response:
        slot.charge()
        body = request.body or b""
        (action,) = orjson.loads(body)["request"]["actions"]
        self.verbs.append(action["actionid"].rpartition(":")[2])
        path = "/api/stable/api.php"
        asked = Asked(len(self.verbs), "POST", path, MultiDict(), request.headers, body, 0.0, action["timestamp"])
        answer = self.vendor.answer(asked, self.effects)
        await asyncio.sleep(LONG if len(self.verbs) == self.silent else SECONDS)
        slot.answered(answer.status, {})
        return Response(answer.status, {}, answer.body, SECONDS)


class Told(Run):
    """A history of links, and what its letters say."""

    def __init__(self, world: World, history: Sequence[Happening], **more: Any) -> None:
        super().__init__(world, [replace(each, data={}) for each in history], **more)
        self.links = [each.data for each in history]
        self.letters: dict[int, dict[str, Any]] = {}

    def row(self, number: int) -> tuple[Delivery, Event]:
        row, event = super().row(number)
        return row, self._said(number, event)

    def _decode(self, row: Delivery) -> Event:
        return self._said(row.position, super()._decode(row))

    def _said(self, number: int, event: Event) -> Event:
        link = data_model("link", event.operation).model_validate(self.links[number - 1])
        return event.model_copy(update={"data": link})

    def _settled(self, name: str, settled: list[Settled]) -> None:
        super()._settled(name, settled)
        self.letters |= {each.position: orjson.loads(each.result or b"{}") for each in settled if each.letter}


async def test_a_record_that_never_comes() -> None:
    """Each try is one create, for it was refused; the letter says that nothing is there."""
    world = Estates(417)
    run = Told(world, [Happening("created", "s", CREATED)])

    await run.play()

    assert run.outcomes == {1: ["not_found"]}
    assert set(world.verbs) == {"create"}
    assert len(world.verbs) == run.letters[1]["data"]["attempts"] > 1
    assert not run.letters[1]["data"]["maybe_applied"]
    assert world.vendor.state() == {}


async def test_a_crash_in_a_later_try() -> None:
    """A create after a refused one is noted before it goes out: what it did before a crash is found."""
    world = Estates(417)
    world.silent = 2
    run = Told(world, [Happening("created", "s", CREATED)], crashes=(LONG / 2,))
    asyncio.get_running_loop().call_later(SECONDS / 2, world.known.add, 8102)

    await run.play()

    assert world.verbs == ["create", "create", "get"]
    assert run.outcomes == {1: ["created"]}
    assert world.effects.count == 1


async def test_half_a_replacement() -> None:
    """A link that was untied for one that cannot be tied is not told as untouched."""
    world = Estates(417, 8102)
    away = {**CREATED, "children": [{"record_id": 8103}]}
    run = Told(world, [Happening("created", "s", CREATED), Happening("updated", "s", away, at=1.0)])

    await run.play()

    assert run.outcomes == {1: ["created"], 2: ["not_found"]}
    assert run.letters[2]["data"]["maybe_applied"]
    assert world.vendor.state() == {}
