"""A link that is deleted under another name than it was made. Real engine and sandbox, virtual time."""

import pytest

from tests.delivery.world import Happening
from tests.targets.onoffice.vendor import owner
from tests.targets.onoffice.world import Estates, Told

pytestmark = pytest.mark.looptime


async def test_what_another_relation_deletes_is_not_taken_for_there() -> None:
    """The journal lets the link go from whom it had it, so that who comes next with it looks, and ties it again."""
    world = Estates(417, 8102, on_taken="take_over")
    history = [
        Happening("created", "mine", owner("created")["data"]),
        Happening("deleted", "other", owner("deleted")["data"], at=10.0),
        Happening("updated", "mine", owner("updated")["data"], at=20.0),
    ]
    run = Told(world, history)

    await run.play()

    assert run.outcomes == {1: ["created"], 2: ["deleted"], 3: ["created"]}
    assert world.verbs == ["create", "delete", "get", "create"]
    assert run.told[2]["remote_id"] is None
