"""The promises of marking, attempting, settling and reporting."""

import asyncio

import pytest

from tests.journal.makers import CRM, at, delivery, letter, relation, settled
from worker.journal.errors import TakenError
from worker.journal.journal import Journal
from worker.journal.letters import Filter
from worker.journal.rows import (
    Attempted,
    KnownRelation,
    Mark,
    Paused,
    Reported,
    Resumed,
    Try,
    Unused,
    Used,
)


async def test_mark_is_seen_by_the_next(journal: Journal) -> None:
    """A marked delivery still waits, and says that it may have been sent."""
    await journal.take([delivery(1), delivery(2)])

    await journal.commit(Mark("acme", (1,)))

    assert [each.maybe_sent for each in await journal.waiting("acme", 0, 9, 999)] == [True, False]


async def test_new_owner_counts_marks(journal: Journal) -> None:
    """Each mark without an outcome is counted once, by the next owner; a failed attempt is none."""
    await journal.take([delivery(1), delivery(2), delivery(3)])
    await journal.commit(Mark("acme", (1, 2)))
    await journal.commit(Attempted("acme", 2, 1, 1, at(0), at(1), maybe_sent=True, tries=()))

    counted = [await journal.count_marks("acme"), await journal.count_marks("acme")]

    await journal.commit(Mark("acme", (1,)))
    counted.append(await journal.count_marks("acme"))

    assert counted == [1, 0, 1]
    assert [each.marks for each in await journal.waiting("acme", 0, 9, 999)] == [2, 0, 0]
    assert [each.maybe_sent for each in await journal.waiting("acme", 0, 9, 999)] == [True, True, False]


async def test_attempt_reads_back(journal: Journal) -> None:
    """What an attempt leaves is there after a restart."""
    await journal.take([delivery(1)])
    tries = (Try(at(1.5), 0.25, 2, "retry", 503, "busy"), Try(at(2), 1.0, 1, "retry", None, "cut"))

    await journal.commit(Attempted("acme", 1, 2, 3, at(1), at(9), maybe_sent=False, tries=tries))

    (found,) = await journal.waiting("acme", 0, 9, 999)
    assert (found.attempts, found.calls, found.first_attempt_at, found.retry_at) == (2, 3, at(1), at(9))
    assert found.tries == tries
    assert not found.maybe_sent


async def test_changes_of_one_delivery_keep_their_order(journal: Journal) -> None:
    """An attempt that failed and the mark of the next one, written together, leave the mark."""
    await journal.take([delivery(1)])

    await asyncio.gather(
        journal.commit(Mark("acme", (1,))),
        journal.commit(Attempted("acme", 1, 1, 1, at(0), at(1), maybe_sent=False, tries=())),
        journal.commit(Mark("acme", (1,))),
    )

    assert [each.maybe_sent for each in await journal.waiting("acme", 0, 9, 999)] == [True]


async def test_attempt_that_is_written_late_changes_nothing_that_has_ended(journal: Journal) -> None:
    """A delivery that is settled never waits again, whatever is written afterwards."""
    await journal.take([delivery(1)])
    await journal.commit(settled(delivery(1)))

    await journal.commit(Attempted("acme", 1, 1, 1, at(0), at(1), maybe_sent=False, tries=()))

    assert await journal.waiting("acme", 0, 9, 999) == []
    assert [each.position for each in await journal.unreported(["acme"], 9)] == [1]


async def test_settled_waits_no_more(journal: Journal) -> None:
    """What is settled leaves the window, drops its body, and its result waits to be reported."""
    each = delivery(1)
    await journal.take([each, delivery(2)])

    await journal.commit(settled(each, relation=relation(each), note="created"))

    assert [row.position for row in await journal.waiting("acme", 0, 9, 999)] == [2]
    assert [row.result for row in await journal.unreported(["acme"], 9)] == [b'{"id": "r"}']
    found = await journal.delivery("acme", 1)
    assert found is not None
    assert (found.received.body, found.received.headers) == (b"", ())


async def test_reported_is_told(journal: Journal) -> None:
    """A reported result is not told again."""
    each = delivery(1)
    await journal.take([each])
    await journal.commit(settled(each))

    await journal.commit(Reported("acme", 1))

    assert await journal.unreported(["acme"], 9) == []


async def test_unreported_are_limited_and_chosen(journal: Journal) -> None:
    """Results come for the connections asked for, oldest first, and no more than wanted."""
    rows = [delivery(1), delivery(2), delivery(3, "other"), delivery(4, "third")]
    await journal.take(rows)
    await journal.commit(*(settled(each) for each in rows))

    found = await journal.unreported(["other", "acme"], 2)

    assert [(each.connection, each.position) for each in found] == [("other", 3), ("acme", 1)]


async def test_buried_keeps_its_body_and_reason(journal: Journal) -> None:
    """A dead letter's bytes stay, and its result says why."""
    each = delivery(1)
    await journal.take([each])

    await journal.commit(settled(each, "dead_lettered"))

    (result,) = await journal.unreported(["acme"], 9)
    assert (result.outcome, result.reason) == ("dead_lettered", "rejected")
    found = await journal.delivery("acme", 1)
    assert found is not None
    assert found.received == each.received


async def test_relation_is_known(journal: Journal) -> None:
    """What was applied last is known, and so is a create that lies buried."""
    first, second, third = delivery(1), delivery(2), delivery(3)
    await journal.take([first, second, third])
    await journal.commit(settled(first, relation=relation(first, sequence="7")))
    await journal.commit(settled(second, "dead_lettered"))

    found = await journal.known("acme", [(CRM, "cust-1"), (CRM, "cust-2"), (CRM, "cust-3")])

    assert found == {
        (CRM, "cust-1"): KnownRelation(relation(first, sequence="7"), None),
        (CRM, "cust-2"): KnownRelation(None, "letter-acme-e-2"),
        (CRM, "cust-3"): KnownRelation(None, None),
    }
    assert await journal.owners("acme", ["77", "78"]) == {"77": (CRM, "cust-1")}
    assert await journal.owners("other", ["77"]) == {}


async def test_later_state_replaces_earlier(journal: Journal) -> None:
    """A relation's row says what was written last, also within one flush."""
    create, update = delivery(1, subject="s"), delivery(2, subject="s", operation="update")
    await journal.take([create, update])

    await asyncio.gather(
        journal.commit(settled(create, relation=relation(create))),
        journal.commit(settled(update, relation=relation(update, "78", deleted=True))),
    )

    found = await journal.known("acme", [(CRM, "s")])
    assert found[CRM, "s"].state == relation(update, "78", deleted=True)
    assert await journal.owners("acme", ["78"]) == {}


async def test_remote_id_belongs_to_one_live_relation(journal: Journal) -> None:
    """A second relation with the same remote id is refused, alone among what is written with it."""
    first, second, third = delivery(1), delivery(2), delivery(3)
    await journal.take([first, second, third])
    await journal.commit(settled(first, relation=relation(first)))

    refused, written = await asyncio.gather(
        journal.commit(settled(second, relation=relation(second))),
        journal.commit(settled(third, relation=relation(third, "78"))),
        return_exceptions=True,
    )

    assert isinstance(refused, TakenError)
    assert written is None
    assert [each.position for each in await journal.waiting("acme", 0, 9, 999)] == [2]
    assert await journal.owners("acme", ["77", "78"]) == {"77": (CRM, "cust-1"), "78": (CRM, "cust-3")}


async def test_deleted_relation_gives_its_remote_id_free(journal: Journal) -> None:
    """A remote id may come again after its relation was deleted."""
    first, second = delivery(1), delivery(2)
    await journal.take([first, second])
    await journal.commit(settled(first, relation=relation(first, deleted=True)))

    await journal.commit(settled(second, relation=relation(second)))

    assert await journal.owners("acme", ["77"]) == {"77": (CRM, "cust-2")}


async def test_take_over_moves_the_remote_id(journal: Journal) -> None:
    """With `take_over` the id leaves the relation that had it."""
    first, second = delivery(1), delivery(2)
    await journal.take([first, second])
    await journal.commit(settled(first, relation=relation(first)))

    await journal.commit(settled(second, relation=relation(second), take_over=True))

    assert await journal.owners("acme", ["77"]) == {"77": (CRM, "cust-2")}
    state = (await journal.known("acme", [(CRM, "cust-1")]))[CRM, "cust-1"].state
    assert state == relation(first, None)


@pytest.mark.parametrize("digits", [8, 4500], ids=["short", "of many ends"])
async def test_remote_ids_of_any_length_are_told_apart(journal: Journal, digits: int) -> None:
    """An id that no index holds belongs to one relation as well, and moves."""
    mine, other = "7" * digits, "7" * (digits - 1) + "8"
    first, second, third = delivery(1), delivery(2), delivery(3)
    await journal.take([first, second, third])
    await journal.commit(settled(first, relation=relation(first, mine)))
    await journal.commit(settled(second, relation=relation(second, other)))

    with pytest.raises(TakenError):
        await journal.commit(settled(third, relation=relation(third, mine)))
    assert await journal.owners("acme", [mine, other]) == {mine: (CRM, "cust-1"), other: (CRM, "cust-2")}

    await journal.commit(settled(third, relation=relation(third, mine), take_over=True))
    assert await journal.owners("acme", [mine]) == {mine: (CRM, "cust-3")}


async def test_what_was_brought_in_part_makes_its_relation_doubtful(journal: Journal) -> None:
    """Until the next event is applied, what the relation shows may be something else."""
    create, update, again = (delivery(number, subject="s") for number in (1, 2, 3))
    await journal.take([create, update, again])
    await journal.commit(settled(create, relation=relation(create)))

    await journal.commit(settled(update, "dead_lettered", doubtful=True))
    doubtful = (await journal.known("acme", [(CRM, "s")]))[CRM, "s"].state
    await journal.commit(settled(again, relation=relation(again)))
    sure = (await journal.known("acme", [(CRM, "s")]))[CRM, "s"].state

    assert doubtful == relation(create, doubtful=True)
    assert sure == relation(again)


async def test_all_or_nothing(journal: Journal) -> None:
    """Changes that are committed together are written together or not at all."""
    first, second, third = delivery(1), delivery(2), delivery(3)
    await journal.take([first, second, third])
    await journal.commit(settled(first, relation=relation(first)))

    with pytest.raises(TakenError):
        await journal.commit(settled(third), settled(second, relation=relation(second)))

    assert [each.position for each in await journal.waiting("acme", 0, 9, 999)] == [2, 3]


async def test_letter_that_is_buried_again(journal: Journal) -> None:
    """A letter buried again is the same letter with a newer cause and case, counted."""
    each = delivery(1)
    await journal.take([each])
    await journal.commit(settled(each, "dead_lettered"))
    again = letter(each, reason="conflict", buried_at=at(60), case=b"{}")

    await journal.commit(settled(each, "dead_lettered", letter=again))

    (found,) = await journal.letters.page(Filter(), 9)
    assert (found.letter.reason, found.burials, found.state) == ("conflict", 2, "open")
    assert (found.first_buried_at, found.letter.buried_at) == (at(0), at(60))
    whole = await journal.letters.one(found.letter.id)
    assert whole is not None
    assert whole.letter == again


async def test_quota_use_is_kept_as_long_as_its_window(journal: Journal) -> None:
    """Moments come back in order; those that no window holds any more are dropped."""
    await journal.commit(Used("acme", "15/h", (at(0), at(1)), 3600), Used("acme", "50/min", (at(0),), 60))
    await journal.commit(Used("acme", "15/h", (at(3600.5),), 3600), Used("other", "15/h", (at(1),), 3600))

    assert await journal.used("acme") == {"15/h": (at(1), at(3600.5)), "50/min": (at(0),)}


async def test_use_of_a_quota_that_is_left_out_is_forgotten(journal: Journal) -> None:
    """Its moments go at once, those of the future too; no other quota or connection loses any."""
    await journal.commit(Used("acme", "15/h", (at(0), at(9000)), 3600), Used("other", "15/h", (at(0),), 3600))
    await journal.commit(Unused("acme", "15/h"), Used("acme", "50/min", (at(1),), 60))

    assert await journal.used("acme") == {"50/min": (at(1),)}
    assert await journal.used("other") == {"15/h": (at(0),)}


async def test_pause_outlives_and_ends(journal: Journal) -> None:
    """A pause is there until it is resumed; the last word counts."""
    await journal.commit(Paused("acme", "us", "credentials", None), Paused("other", "us", "busy", at(60)))
    await journal.commit(Paused("acme", "ann", "moving house", at(5)))
    assert await journal.paused() == {
        "acme": Paused("acme", "ann", "moving house", at(5)),
        "other": Paused("other", "us", "busy", at(60)),
    }

    await asyncio.gather(
        journal.commit(Resumed("other", "us")),
        journal.commit(Resumed("acme", "ann")),
        journal.commit(Paused("acme", "us", "again", None)),
    )

    assert await journal.paused() == {"acme": Paused("acme", "us", "again", None)}


async def test_pause_keeps_what_no_database_holds_as_a_stand_in(journal: Journal) -> None:
    """A reason with a NUL or half of a surrogate pair is kept as well as it can be, and the journal goes on."""
    await journal.commit(Paused("acme", "a\udcfcn", "moving\0house", None))

    assert await journal.paused() == {"acme": Paused("acme", "a?n", "moving\N{REPLACEMENT CHARACTER}house", None)}
