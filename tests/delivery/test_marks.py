"""Calls that begin in one turn of the loop are marked together; what happens to one is no other's trouble."""

import asyncio
from collections.abc import Sequence

import orjson
import pytest

from tests.delivery.world import BEGINNING, Happening, event_of
from worker.delivery.held import Held, hold
from worker.delivery.marks import Marks
from worker.journal.errors import LeaseLostError
from worker.journal.journal import Journal
from worker.journal.rows import Delivery, Received

pytestmark = pytest.mark.looptime


async def taken(journal: Journal, *subjects: str) -> list[Held]:
    """Return one waiting delivery for each relation, as it is held."""
    members = []
    for number, subject in enumerate(subjects, 1):
        event = event_of(number, Happening("created", subject, {}))
        received = Received("RELATIONS", number, "relation", BEGINNING, (), orjson.dumps(number))
        row = Delivery("world", number, "/w", subject, event.id, b"d", "create", received)
        (fresh,) = (await journal.take([row])).fresh
        members.append(hold(fresh, event))
    return members


async def sent(journal: Journal) -> int:
    """Return how many deliveries are marked on disk."""
    return (await journal.counts()).get(("world", "sent"), 0)


def writing(marks: Marks, members: Sequence[Held]) -> "list[asyncio.Task[None]]":
    """Begin to mark each for a call of its own."""
    return [asyncio.ensure_future(marks.write([member])) for member in members]


async def test_one_turn_is_one_piece_of_work() -> None:
    """All calls go on when the one change that marks them all is on disk."""
    changes: list[int] = []
    journal = await Journal.open("sqlite://", inline=True, flushed=lambda _, count: changes.append(count))
    members = await taken(journal, "a", "b", "c")
    changes.clear()

    await asyncio.gather(*writing(Marks("world", journal), members))

    assert changes == [1]
    assert await sent(journal) == 3
    assert all(member.marked for member in members)
    await journal.close()


async def test_call_that_is_given_up_keeps_no_other_from_its_mark() -> None:
    """It is cancelled while the mark is written: the other goes on."""
    journal = await Journal.open("sqlite://", inline=True)
    members = await taken(journal, "a", "b")
    one, other = writing(Marks("world", journal), members)
    await asyncio.sleep(0)

    one.cancel()
    await other

    assert one.cancelled()
    assert [member.marked for member in members] == [False, True]
    await journal.close()


async def test_mark_that_is_not_written_is_told_to_all() -> None:
    """The connection is another worker's by now: no call goes out."""
    journal = await Journal.open("sqlite://", inline=True, strict=True)
    event = event_of(1, Happening("created", "a", {}))
    received = Received("RELATIONS", 1, "relation", BEGINNING, (), b"1")
    held = [hold(Delivery("world", at, "/w", "a", event.id, b"d", "create", received), event) for at in (1, 2)]

    said = await asyncio.gather(*writing(Marks("world", journal), held), return_exceptions=True)

    assert [type(error) for error in said] == [LeaseLostError, LeaseLostError]
    assert not any(member.marked for member in held)
    await journal.close()


async def test_mark_that_cannot_even_be_asked_for_is_told_to_all() -> None:
    """A connection's name that is no name at all is a bug: it is raised in every call, and none waits for ever."""
    journal = await Journal.open("sqlite://", inline=True)
    members = await taken(journal, "a", "b", "c")
    marks = Marks(["world"], journal)  # type: ignore[arg-type] # the bug
    one, *others = writing(marks, members)
    await asyncio.sleep(0)

    one.cancel()
    async with asyncio.timeout(1.0):
        said = await asyncio.gather(*others, return_exceptions=True)

    assert [type(error) for error in said] == [TypeError, TypeError]
    assert not any(member.marked for member in members)
    await journal.close()
