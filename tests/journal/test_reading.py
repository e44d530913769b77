"""The promises of reading what the engine works on."""

import pytest

from tests.journal.makers import NOW, delivery, intake_letter, settled
from worker.journal.backlog import Backlog
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.letters import Filter
from worker.journal.rows import INTAKE


async def test_window_goes_on_where_it_ended(journal: Journal) -> None:
    """Rows come in order of position, from behind the last one on, no more than wanted."""
    await journal.take([delivery(position) for position in (5, 1, 3, 2, 4)])

    first = await journal.waiting("acme", 0, 2, 10_000)
    rest = await journal.waiting("acme", first[-1].position, 9, 10_000)

    assert [each.position for each in first] == [1, 2]
    assert [each.position for each in rest] == [3, 4, 5]
    assert await journal.waiting("acme", 5, 9, 10_000) == []


async def test_window_is_bounded_in_bytes(journal: Journal) -> None:
    """Bodies add up to the bound or one more; one row comes whatever its size."""
    await journal.take([delivery(position, body=b"x" * 100) for position in (1, 2, 3, 4)])

    assert len(await journal.waiting("acme", 0, 9, 250)) == 3
    assert len(await journal.waiting("acme", 0, 9, 200)) == 2
    assert len(await journal.waiting("acme", 0, 9, 1)) == 1


async def test_backlog_counts_what_waits(journal: Journal) -> None:
    """Waiting, unreported and buried are counted by connection, with the first in line."""
    rows = [delivery(1), delivery(2), delivery(3), delivery(4, "other")]
    await journal.take(rows, [intake_letter(5, "L1")])
    await journal.commit(settled(rows[0]), settled(rows[3], "dead_lettered"))

    found = await journal.backlog()

    assert found == {
        INTAKE: Backlog(live=0, replay=0, unreported=1, buried=1, oldest=None),
        "acme": Backlog(live=2, replay=0, unreported=1, buried=0, oldest=rows[1].received.received_at),
        "other": Backlog(live=0, replay=0, unreported=1, buried=1, oldest=None),
    }


async def test_unknown_delivery(journal: Journal) -> None:
    """A place where nothing lies has no delivery."""
    assert await journal.delivery("acme", 1) is None


async def test_known_of_many(journal: Journal) -> None:
    """Every key asked for is answered, however many there are and however often."""
    keys = [("/crm", f"s-{number}") for number in range(300)] * 2

    assert len(await journal.known("acme", keys)) == 300


async def test_what_no_database_keeps_is_told(journal: Journal) -> None:
    """Half a character or a number of twenty digits is told as such, to who asks and who writes; the journal goes on."""
    for asking in (
        journal.letters.one("\udcff"),
        journal.event("\udcff"),
        journal.letters.count(Filter(statuses=[10**20])),
        journal.accounts.retire("\udcff", NOW),
        journal.replays.first("P1", 10**20),
    ):
        with pytest.raises(JournalError):
            await asking

    assert await journal.letters.count(Filter()) == 0
