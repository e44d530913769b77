"""Two relations at one customer number at the same moment. Real engine and sandbox, virtual time."""

import asyncio
from typing import Any

import pytest
from multidict import MultiDict

from schemas.cloudevent import Event
from schemas.relation import data_model
from tests.delivery.world import OPERATIONS, Happening, Run, event_of
from tests.targets.outsmart.vendor import NOORD, SOFTWARE, TOKEN, outsmart
from tests.targets.world import Targeted
from worker.journal.rows import Delivery
from worker.sandbox.clock import Clock
from worker.sandbox.effects import EffectLog
from worker.sandbox.exchange import Asked
from worker.sandbox.outsmart import OutSmart as Sandbox
from worker.sending.slot import Slot
from worker.sending.wire import Request, Response

pytestmark = pytest.mark.looptime

SECONDS = {"POST": 0.1, "GET": 0.3}  # that a call takes: what is asked later may be over first


class Customers(Targeted):
    """The real target, and the sandbox's vendor, which answers a call when it is over."""

    def __init__(self, **options: Any) -> None:
        super().__init__(outsmart(**options))
        self.vendor = Sandbox()
        self.vendor.token, self.vendor.software_token = TOKEN, SOFTWARE
        loop = asyncio.get_running_loop()
        self.effects = EffectLog(Clock(loop.time, loop.time))

    async def send(self, request: Request, slot: Slot) -> Response:
        slot.charge()
        await asyncio.sleep(SECONDS[request.method])
        self.calls += 1
        path = request.url.removeprefix("https://www.werkbonapp.nl")
        query = MultiDict(request.params)
        asked = Asked(self.calls, request.method, path, query, request.headers, request.body or b"", 0.0, 0.0)
        answer = self.vendor.answer(asked, self.effects)
        slot.answered(answer.status, {})
        return Response(answer.status, {}, answer.body, SECONDS[request.method])


class Told(Run):
    """A history whose events say all that they are given, deletes too."""

    def row(self, number: int) -> tuple[Delivery, Event]:
        row, _ = super().row(number)
        return row, self._decode(row)

    def _decode(self, row: Delivery) -> Event:
        each = self.history[row.position - 1]
        data = data_model("party", OPERATIONS[each.word]).model_validate(each.data)  # type: ignore[arg-type]  # one of the three words
        return event_of(row.position, each).model_copy(update={"data": data})


MENTIONED = {"kind": "party", "customer_number": "C-1"}


@pytest.mark.parametrize("on_delete", ["delete", "deactivate"])
async def test_a_delete_waits_for_the_create_of_its_number(on_delete: str) -> None:
    """A delete that names the number that another relation is being created under comes after it, and is a conflict."""
    world = Customers(on_delete=on_delete)
    run = Told(world, [Happening("created", "new", NOORD), Happening("deleted", "old", MENTIONED)])

    await run.play()

    assert run.outcomes == {1: ["created"], 2: ["conflict"]}
    assert [record["active"] for record in world.vendor.state().values()] == [1]


async def test_two_that_swap_their_numbers_do_not_wait_for_each_other() -> None:
    """Each means both numbers and claims them at once, so that one goes after the other and both come to an end."""
    world = Customers(on_renumber="replace", on_taken="take_over")
    given = {"kind": "party", "party_type": "organization"}
    history = [
        Happening("created", "one", NOORD),
        Happening("created", "two", {**NOORD, "customer_number": "C-2"}),
        Happening("updated", "one", {**given, "customer_number": "C-2"}, at=5.0),
        Happening("updated", "two", {**given, "customer_number": "C-1"}, at=5.0),
    ]
    run = Told(world, history)

    await run.play()

    assert run.outcomes[3] == ["replaced"]
    assert run.outcomes.keys() == {1, 2, 3, 4}
