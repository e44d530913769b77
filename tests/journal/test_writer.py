"""The promises of the group commit."""

import asyncio
import contextlib
from typing import Any

import pytest

from tests.journal.conftest import Open
from tests.journal.makers import delivery, settled
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.rows import Mark
from worker.telemetry import failpoints


async def test_many_commits_are_all_answered(journal: Journal) -> None:
    """Hundreds of commits at once are each answered and each written."""
    rows = [delivery(position) for position in range(1, 301)]
    await journal.take(rows)

    await asyncio.gather(*(journal.commit(settled(each)) for each in rows))

    assert await journal.counts() == {("acme", "applied"): 300}


async def test_writes_keep_their_order(journal: Journal) -> None:
    """What is asked for first is written first, takes among commits included."""
    first = journal.take([delivery(1)])
    second = asyncio.ensure_future(first)
    await asyncio.sleep(0)
    third = journal.commit(Mark("acme", (1,)))

    await asyncio.gather(second, third)

    assert [each.maybe_sent for each in await journal.waiting("acme", 0, 9, 99)] == [True]


async def test_caller_that_gave_up_harms_nobody(journal: Journal) -> None:
    """A cancelled commit is written all the same, and its neighbours are answered."""
    await journal.take([delivery(1), delivery(2)])
    given_up = asyncio.ensure_future(journal.commit(settled(delivery(1))))
    other = journal.commit(settled(delivery(2)))
    given_up.cancel()

    with contextlib.suppress(asyncio.CancelledError):
        await given_up
    await other

    assert await journal.counts() == {("acme", "applied"): 2}


async def test_bug_fails_alone(journal: Journal) -> None:
    """A piece of work that raises is rolled back and told; what is written with it stays."""

    def broken(session: Any) -> None:
        session.say("DELETE FROM deliveries")
        raise ZeroDivisionError

    await journal.take([delivery(1)])
    failed, written = await asyncio.gather(
        journal._desk.write(broken), journal.commit(Mark("acme", (1,))), return_exceptions=True
    )

    assert isinstance(failed, ZeroDivisionError)
    assert written is None
    assert len(await journal.waiting("acme", 0, 9, 99)) == 1


async def test_closing_writes_what_is_queued(url: str, opened: Open) -> None:
    """Closing lets what was asked for be written; afterwards nothing more is taken."""
    journal = await opened(url)
    await journal.take([delivery(1)])
    queued = journal.commit(settled(delivery(1)))

    await journal.close()

    await queued
    with pytest.raises(JournalError, match="closed"):
        await journal.commit(Mark("acme", (1,)))
    await journal.close()
    assert await (await opened(url)).counts() == {("acme", "applied"): 1}


async def test_flush_that_fails_rejects_all_of_it(journal: Journal) -> None:
    """When the commit itself fails, everybody in it is told, nothing is written, and the next one goes on."""
    await journal.take([delivery(1), delivery(2)])
    failpoints.arm("before-commit-settled=raise")
    try:
        told = await asyncio.gather(
            journal.commit(settled(delivery(1))), journal.commit(settled(delivery(2))), return_exceptions=True
        )
    finally:
        failpoints.arm(None)

    assert any(isinstance(each, failpoints.FailpointError) for each in told)
    failed = [each for each in told if each is not None]
    assert len(await journal.waiting("acme", 0, 9, 99)) == len(failed)
    await journal.commit(settled(delivery(1)))


async def test_connection_that_breaks_is_opened_anew(postgresql_url: str, opened: Open) -> None:
    """A server that hangs up costs the commit that it interrupts; the next one connects again."""
    journal = await opened(postgresql_url)
    other = await opened(postgresql_url)
    await journal.take([delivery(1)])

    def hang_up(session: Any) -> None:
        session.say(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND application_name = 'relation-worker'"
        )

    await other._desk.write(hang_up)
    with pytest.raises(JournalError):
        await journal.commit(Mark("acme", (1,)))
    await journal.commit(Mark("acme", (1,)))

    assert [each.maybe_sent for each in await journal.waiting("acme", 0, 9, 99)] == [True]
