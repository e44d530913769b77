"""Links that wait for a record which is not there yet. Real engine and sandbox, virtual time."""

import asyncio

import pytest

from tests.delivery.world import Happening
from tests.targets.onoffice.vendor import owner
from tests.targets.onoffice.world import LONG, SECONDS, Estates, Told

pytestmark = pytest.mark.looptime

CREATED = owner("created")["data"]


async def test_a_record_that_never_comes() -> None:
    """Each try is one create, for it was refused; the letter says that nothing is there."""
    world = Estates(417, on_missing_record="retry")
    run = Told(world, [Happening("created", "s", CREATED)])

    await run.play()

    assert run.outcomes == {1: ["not_found"]}
    assert set(world.verbs) == {"create"}
    assert len(world.verbs) == run.told[1]["attempts"] > 1
    assert not run.told[1]["maybe_applied"]
    assert world.vendor.state() == {}


async def test_a_crash_in_a_later_try() -> None:
    """A create after a refused one is noted before it goes out: what it did before a crash is found."""
    world = Estates(417, on_missing_record="retry")
    world.silent = 2
    run = Told(world, [Happening("created", "s", CREATED)], crashes=(LONG / 2,))
    asyncio.get_running_loop().call_later(SECONDS / 2, world.known.add, 8102)

    await run.play()

    assert world.verbs == ["create", "create", "get"]
    assert run.outcomes == {1: ["created"]}
    assert world.effects.count == 1


async def test_half_a_replacement() -> None:
    """A link that was untied for one that cannot be tied is not told as untouched."""
    world = Estates(417, 8102, on_missing_record="retry")
    away = {**CREATED, "children": [{"record_id": 8103}]}
    run = Told(world, [Happening("created", "s", CREATED), Happening("updated", "s", away, at=1.0)])

    await run.play()

    assert run.outcomes == {1: ["created"], 2: ["not_found"]}
    assert run.told[2]["maybe_applied"]
    assert world.vendor.state() == {}
