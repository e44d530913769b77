"""The promises of taking."""

from datetime import UTC, datetime

import pytest

from tests.journal.makers import at, delivery, intake_letter, settled
from worker.journal.burying import Closing
from worker.journal.errors import LetterClosedError
from worker.journal.journal import Journal
from worker.journal.letters import Filter
from worker.journal.rows import INTAKE, Unreported


async def test_what_is_new_is_fresh_and_waits(journal: Journal) -> None:
    """New deliveries come back, wait in order of position, and read back as they were given."""
    given = [delivery(2), delivery(1), delivery(1, "other")]

    taken = await journal.take(given)

    assert taken.fresh == tuple(given)
    assert await journal.waiting("acme", 0, 10, 10_000) == [given[1], given[0]]
    assert await journal.waiting("other", 0, 10, 10_000) == [given[2]]
    assert await journal.last_position() == 2


async def test_copy_is_dropped(journal: Journal) -> None:
    """The same source and id with the same digest makes no second delivery, whatever its position."""
    await journal.take([delivery(1), delivery(1, "other")])

    taken = await journal.take([delivery(5, event_id="e-1"), delivery(6)])

    assert taken.duplicates == (5,)
    assert [each.position for each in taken.fresh] == [6]
    assert await journal.counts() == {("acme", "waiting"): 2, ("other", "waiting"): 1}


async def test_copy_within_a_batch_is_dropped(journal: Journal) -> None:
    """Of two copies in one batch the first is taken, at all its connections."""
    batch = [delivery(1), delivery(1, "other"), delivery(2, event_id="e-1"), delivery(2, "other", event_id="e-1")]

    taken = await journal.take(batch)

    assert taken.fresh == tuple(batch[:2])
    assert taken.duplicates == (2,)


async def test_copy_is_known_after_its_original_ended(journal: Journal) -> None:
    """A copy is known when its original has been applied and reported."""
    each = delivery(1)
    await journal.take([each])
    await journal.commit(settled(each))

    taken = await journal.take([delivery(9, event_id="e-1")])

    assert taken.duplicates == (9,)


async def test_identifier_used_twice(journal: Journal) -> None:
    """The same source and id with another digest is reported and not taken, in one batch and later."""
    taken = await journal.take([delivery(1), delivery(2, event_id="e-1", digest=b"other")])
    assert taken.reused == (2,)

    taken = await journal.take([delivery(3, event_id="e-1", digest=b"third")])

    assert taken.reused == (3,)
    assert taken.fresh == ()


async def test_same_id_of_another_source_is_another_event(journal: Journal) -> None:
    """An id belongs to its source."""
    await journal.take([delivery(1)])

    taken = await journal.take([delivery(2, event_id="e-1", source="/other", digest=b"other")])

    assert len(taken.fresh) == 1


async def test_intake_letter_exists_once(journal: Journal) -> None:
    """A message that comes again makes no second letter, and its result is to be reported once."""
    first = await journal.take([], [intake_letter(1, "L1")])
    again = await journal.take([], [intake_letter(4, "L1"), intake_letter(5, "L2"), intake_letter(6, "L2")])

    assert [each.position for each in (*first.settled, *again.settled)] == [1, 5]
    assert await journal.letters.count(Filter()) == 2
    assert await journal.unreported([INTAKE], 10) == [
        Unreported(INTAKE, 1, "dead_lettered", "malformed", b'{"id": "r"}'),
        Unreported(INTAKE, 5, "dead_lettered", "malformed", b'{"id": "r"}'),
    ]
    assert await journal.last_position() == 6


async def test_letters_of_one_message_lie_side_by_side(journal: Journal) -> None:
    """Two letters of one message get a place each, and what follows moves on, too."""
    await journal.take([delivery(1)], [intake_letter(1, "L1"), intake_letter(1, "L2")])

    taken = await journal.take([], [intake_letter(2, "L3")])

    assert [each.position for each in taken.settled] == [3]
    found = await journal.letters.one("L3")
    assert found is not None
    assert found.letter.position == 3
    assert await journal.counts() == {("acme", "waiting"): 1, (INTAKE, "dead_lettered"): 3}


async def test_letter_of_hostile_text(journal: Journal) -> None:
    """A letter is kept even when its attributes hold what no database takes."""
    each, ending = intake_letter(1, "L1", subject="a\0b", event_id="\ud800", source="é")
    assert ending.letter is not None

    await journal.take([], [(each, ending)])

    found = await journal.letters.one("L1")
    assert found is not None
    assert (found.letter.subject, found.letter.event_id, found.letter.source) == ("a\ufffdb", "?", "é")


async def test_what_is_born_settled_has_ended(journal: Journal) -> None:
    """What cannot be delivered at all is settled with its event's other deliveries, and known afterwards."""
    expired = delivery(1, "late")
    batch = [delivery(1)], [(expired, settled(expired, "dead_lettered"))]

    taken = await journal.take(*batch)
    again = await journal.take([delivery(2, event_id="e-1")], [])

    assert [each.connection for each in taken.fresh] == ["acme"]
    assert [each.connection for each in taken.settled] == ["late"]
    assert again.duplicates == (2,)
    assert await journal.counts() == {("acme", "waiting"): 1, ("late", "dead_lettered"): 1}


async def test_intake_letter_is_taken_again(journal: Journal) -> None:
    """A replayed intake letter gets a delivery at its place, once, and is resolved."""
    await journal.take([delivery(1)], [intake_letter(1, "L1", event_id="e-1")])
    again = delivery(1, "new", event_id="e-1", rank="replay", plan="P1", replays=1)
    closing = Closing("L1", at(5), "P1", "taken again")

    first = await journal.take([again], [], [closing])
    second = await journal.take([again], [], [closing])

    assert first.fresh == (again,)
    assert second.fresh == ()
    found = await journal.letters.one("L1")
    assert found is not None
    assert (found.state, found.closed_by, found.why) == ("resolved", "P1", "taken again")
    assert await journal.replays.offered("new", 0, 10) == [again]
    assert await journal.waiting("new", 0, 10, 1000) == []


async def test_discarded_intake_letter_is_not_taken_again(journal: Journal) -> None:
    """An intake letter that was discarded since somebody looked gets no delivery, and stays discarded."""
    await journal.take([], [intake_letter(1, "L1", event_id="e-1")])
    await journal.letters.discard([Closing("L1", at(4), "ann", "never send this")])
    again = delivery(1, "new", event_id="e-1", rank="replay", plan="P1", replays=1)

    with pytest.raises(LetterClosedError, match="L1"):
        await journal.take([again], [], [Closing("L1", at(5), "P1", "taken again")])

    assert await journal.replays.offered("new", 0, 10) == []
    assert [each.letter.id for each in await journal.letters.page(Filter(state="discarded"), 9)] == ["L1"]


async def test_headers_and_bytes_come_back_exactly(journal: Journal) -> None:
    """Odd bytes and header values survive."""
    each = delivery(1, body=b"\xff\x00{", subject="Müller GmbH")
    await journal.take([each])

    (found,) = await journal.waiting("acme", 0, 1, 100)

    assert found == each
    assert found.received.received_at.tzinfo is UTC
    assert isinstance(found.received.received_at, datetime)


async def test_empty_batch(journal: Journal) -> None:
    """Nothing taken is nothing changed."""
    taken = await journal.take([])

    assert taken.fresh == ()
    assert await journal.last_position() == 0


async def test_hundreds_at_once(journal: Journal) -> None:
    """A batch of any size is taken whole."""
    batch = [delivery(position) for position in range(1, 440)]

    taken = await journal.take(batch)

    assert len(taken.fresh) == 439
    assert [each.position for each in await journal.waiting("acme", 400, 1000, 10**6)] == list(range(401, 440))
