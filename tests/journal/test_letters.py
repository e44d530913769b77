"""The promises of looking through dead letters."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.journal.makers import CRM, at, delivery, intake_letter, letter, settled
from worker.journal.burying import Closing
from worker.journal.journal import Journal
from worker.journal.letters import Buried, Filter
from worker.journal.rows import KnownRelation, Letter


async def bury(journal: Journal, *letters: Letter) -> None:
    """Lay letters down, each with its delivery."""
    rows = [delivery(each.position, each.connection, event_id=each.event_id or "") for each in letters]
    await journal.take(rows)
    pairs = zip(rows, letters, strict=True)
    await journal.commit(*(settled(row, "dead_lettered", letter=each) for row, each in pairs))


def some() -> list[Letter]:
    """Return letters of two causes at two connections."""
    rows = [delivery(1), delivery(2), delivery(3, "other"), delivery(4, operation="update")]
    kinds: list[dict[str, Any]] = [
        {},
        {"buried_at": at(10)},
        {"buried_at": at(20)},
        {"fingerprint": "f" * 16, "reason": "conflict", "status": None, "buried_at": at(-5), "detail": "Other."},
    ]
    return [letter(row, **kind) for row, kind in zip(rows, kinds, strict=True)]


def positions(found: Sequence[Buried]) -> list[int]:
    """Return where letters lie."""
    return [each.letter.position for each in found]


async def test_filters_choose(journal: Journal) -> None:
    """Each criterion narrows; lists are alternatives; none chooses all open letters."""
    await bury(journal, *some())

    async def chosen(**wanted: Any) -> list[int]:
        return [each.position for each in await journal.letters.chosen(Filter(**wanted))]

    assert await chosen() == [1, 2, 4, 3]
    assert await chosen(connections=["other", "third"]) == [3]
    assert await chosen(reasons=["conflict"]) == [4]
    assert await chosen(fingerprints=["f" * 16], operations=["update"]) == [4]
    assert await chosen(statuses=[400], since=at(5)) == [2, 3]
    assert await chosen(until=at(0)) == [4]
    assert await chosen(sources=[CRM], subjects=["cust-1"]) == [1]
    assert await chosen(ids=["letter-acme-e-2", "nothing"]) == [2]
    assert await chosen(state="discarded") == []
    assert await journal.letters.count(Filter(reasons=["rejected"])) == 3


async def test_pages_follow_each_other(journal: Journal) -> None:
    """Letters come in pages, those buried last first, each once."""
    await bury(journal, *some())

    first = await journal.letters.page(Filter(), 3)
    rest = await journal.letters.page(Filter(), 3, after=first[-1].letter.id)

    assert positions(first) == [3, 2, 1]
    assert positions(rest) == [4]
    assert all(each.letter.case == b"" for each in first)


async def test_keys_follow_each_other(journal: Journal) -> None:
    """Keys come in pieces, in order of connection and position, whatever is buried again meanwhile."""
    given = some()
    await bury(journal, *given)

    first = await journal.letters.chosen(Filter(), 2)
    await journal.commit(settled(delivery(2), "dead_lettered", letter=replace(given[1], buried_at=at(99))))
    rest = await journal.letters.chosen(Filter(), 9, first[-1])

    assert [each.position for each in first] == [1, 2]
    assert [(each.connection, each.position) for each in rest] == [("acme", 4), ("other", 3)]


async def test_groups_count_causes(journal: Journal) -> None:
    """A group holds the letters of one cause at all connections; the largest comes first."""
    await bury(journal, *some())

    first, second = await journal.letters.groups(Filter())

    assert (first.count, first.reason, first.connections) == (3, "rejected", ("acme", "other"))
    assert (first.first_buried_at, first.last_buried_at) == (at(0), at(20))
    assert (second.count, second.reason, second.detail) == (1, "conflict", "Other.")
    assert second.sample == "letter-acme-e-4"
    assert await journal.letters.groups(Filter(connections=["third"])) == []


async def test_letter_is_discarded_and_brought_back(journal: Journal) -> None:
    """A discarded letter is not open, says who and why, and comes back as it was."""
    await bury(journal, *some())
    closing = Closing("letter-acme-e-1", at(60), "ann", "a test customer")

    assert await journal.letters.discard([closing, closing, Closing("none", at(60), "ann", "?")]) == 1
    assert (await journal.known("acme", [(CRM, "cust-1")]))[CRM, "cust-1"] == KnownRelation(None, None)
    (gone,) = await journal.letters.page(Filter(state="discarded"), 9)
    assert (gone.closed_at, gone.closed_by, gone.why) == (at(60), "ann", "a test customer")

    assert await journal.letters.undiscard(["letter-acme-e-1", "letter-acme-e-2"]) == 1
    back = await journal.letters.one("letter-acme-e-1")
    assert back is not None
    assert (back.state, back.closed_at, back.closed_by, back.why) == ("open", None, None, None)


async def test_unknown_letter(journal: Journal) -> None:
    """An id that is no letter's gives none."""
    assert await journal.letters.one("nothing") is None


async def test_intake_letter_without_attributes(journal: Journal) -> None:
    """A letter of bytes that are no event is found by what little is known of it."""
    each, ending = intake_letter(1, "L1")
    bare = letter(each, "L1", reason="malformed", status=None)
    await journal.take([], [(each, settled(each, "dead_lettered", letter=bare))])

    (found,) = await journal.letters.page(Filter(reasons=["malformed"]), 1)

    assert found.letter.id == "L1"
    assert ending.letter is not None
