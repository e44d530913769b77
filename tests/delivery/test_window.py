"""How far the window has come. Real journal."""

import orjson
import pytest

from tests.delivery.world import BEGINNING, Happening, event_of
from worker.delivery.lanes import Lanes
from worker.delivery.window import Bounds, Window
from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Received

pytestmark = pytest.mark.looptime


def row(position: int) -> Delivery:
    """Return a waiting row."""
    received = Received("RELATIONS", position, "relation", BEGINNING, (), orjson.dumps(position))
    return Delivery("world", position, "/w", f"s{position}", f"e{position}", b"d", "create", received)


async def test_knows_before_which_position_nothing_is_left_unread() -> None:
    """A replay must not begin where an older event of its relation may still lie beyond the window."""
    journal = await Journal.open("sqlite://", inline=True)
    await journal.take([row(number) for number in range(1, 6)])
    lanes = Lanes()
    window = Window("world", journal, lanes, Bounds(3, 10_000), lambda _: event_of(1, Happening("created", "a", {})))
    assert not window.has_reached(1)

    await window.load()
    assert window.has_reached(3)
    assert not window.has_reached(4)

    lanes.leave([held for lane in lanes for held in lane.waiting])
    await window.load()
    assert window.has_reached(1000)

    window.forget()
    assert not window.has_reached(1)
    await journal.close()
