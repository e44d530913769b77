"""The real onOffice target and its sandbox in the real engine, in virtual time."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from multidict import MultiDict

from schemas.cloudevent import Event
from schemas.relation import data_model
from tests.delivery.world import Happening, Run, World
from tests.targets.onoffice.vendor import SECRET, TOKEN, onoffice
from tests.targets.world import Targeted
from worker.journal.rows import Delivery, Settled
from worker.sandbox.clock import Clock
from worker.sandbox.effects import EffectLog
from worker.sandbox.exchange import Asked
from worker.sandbox.onoffice import OnOffice as Sandbox
from worker.sandbox.onoffice import OnOfficeOptions
from worker.sandbox.onoffice_relations import Rules
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response

SECONDS = 0.2  # that a call takes; the work is done when it begins
LONG = 3600.0  # seconds


class Estates(Targeted):
    """The real target, and the sandbox's vendor, who knows these records and no other."""

    def __init__(self, *records: int, **options: Any) -> None:
        super().__init__(onoffice(**options))
        self.known = set(records)
        self.vendor = Sandbox(OnOfficeOptions(Rules(records=self.known)))
        self.vendor.token, self.vendor.secret = TOKEN, SECRET
        self.effects = EffectLog(Clock())
        self.verbs: list[str] = []
        self.silent: int | None = None  # which call is done and never answered

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
    """A history of links, and what was told of each event."""

    def __init__(self, world: World, history: Sequence[Happening], **more: Any) -> None:
        super().__init__(world, [replace(each, data={}) for each in history], **more)
        self.links = [each.data for each in history]
        self.told: dict[int, dict[str, Any]] = {}

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
        self.told |= {each.position: orjson.loads(each.result or b"{}")["data"] for each in settled}
