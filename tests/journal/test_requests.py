"""The promises of asking the owner of a connection."""

from tests.journal.makers import at
from worker.journal.journal import Journal


async def test_request_is_answered_once(journal: Journal) -> None:
    """A request waits at its connection until it is answered, and then says so."""
    number = await journal.requests.ask("acme", "pause", {"why": "moving"}, "ann", at(0))
    await journal.requests.ask("third", "check", None, "ann", at(0))
    later = await journal.requests.ask("other", "resume", None, "bob", at(1))

    waiting = await journal.requests.asked(["other", "acme"])
    assert [each.id for each in waiting] == [number, later]
    assert (waiting[0].action, waiting[0].detail, waiting[0].asked_by) == ("pause", {"why": "moving"}, "ann")

    assert await journal.requests.answer(number, {"paused": True}, at(2))
    assert not await journal.requests.answer(number, None, at(3))

    assert [each.id for each in await journal.requests.asked(["other", "acme"])] == [later]
    found = await journal.requests.one(number)
    assert found is not None
    assert (found.answer, found.answered_at) == ({"paused": True}, at(2))
    assert await journal.requests.one(999) is None


async def test_audit_is_read_backwards(journal: Journal) -> None:
    """Entries come newest first, in pages."""
    for number in range(3):
        await journal.audit.append("ann", "discard", {"number": number}, at(number))

    first, second = await journal.audit.newest(2)
    (third,) = await journal.audit.newest(2, before=second.id)

    assert [each.detail["number"] for each in (first, second, third)] == [2, 1, 0]
    assert (first.who, first.action, first.at) == ("ann", "discard", at(2))
