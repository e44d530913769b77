"""Several workers: each connection is one's, and what happens to one costs nothing and repeats nothing."""

import asyncio
import signal

import pytest

from tests.faults.row import Outcome
from tests.journal.servers import PostgreSQL
from tests.multi.database import Mortal
from tests.multi.team import Team

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]
WITHIN = 15.0  # seconds that a take-over may take with the default lease


def holds(outcome: Outcome) -> None:
    """Hold an outcome to the promises."""
    assert outcome.problems == []
    assert outcome.row.holds, outcome.row
    assert outcome.row.dead_lettered == 0, outcome.reasons


async def test_killed_owner_is_replaced(database: PostgreSQL) -> None:
    """What a killed worker had is another's within 15 s; nothing is lost, repeated or out of order."""
    async with Team("killed owner", database, lease="10s") as team:
        await team.vendors.slow(0.05, 0.05)
        first, _ = await team.two()
        await team.load(48)
        await team.busy(20)
        team.cut_off = True
        await first.kill()
        await team.load(20, first=200)

        assert await team.taken_from(first) < WITHIN
        await team.settled()

        holds(await team.verdict())


async def test_frozen_owner_is_replaced_and_silent(database: PostgreSQL) -> None:
    """A stopped worker is replaced; when it wakes it calls nobody, and then takes part again."""
    async with Team("frozen owner", database) as team:
        await team.vendors.slow(0.05, 0.05)
        first, _ = await team.two()
        await team.load(48)
        await team.busy(20)
        team.cut_off = True
        first.signal(signal.SIGSTOP)
        await team.load(20, first=200)
        await team.taken_from(first)
        await team.settled()
        calls = await team.vendors.count("calls")
        first.signal(signal.SIGCONT)
        await asyncio.sleep(1.0)

        assert await team.vendors.count("calls") == calls
        assert await team.shared(2, 3)
        await team.load(12, first=400)
        await team.settled()
        holds(await team.verdict())


async def test_rolling_restart(database: PostgreSQL) -> None:
    """One worker is stopped and started under load while the other goes on: nobody notices."""
    async with Team("rolling restart", database) as team:
        await team.vendors.slow(0.05, 0.05)
        one, _ = await team.two()
        await team.load(48)
        await team.busy(20)
        assert await one.stop() == 0
        assert await team.shared(5)
        await team.load(20, first=200)
        await team.join()
        assert await team.shared(2, 3)
        await team.settled()

        holds(await team.verdict())


async def test_three_workers_on_a_cluster(database: PostgreSQL) -> None:
    """Who joins gets a fair share, once; a node of the broker's three dies, and nobody loses anything."""
    async with Team("node of the broker killed", database, nodes=3) as team:
        await team.vendors.slow(0.05, 0.05)
        await team.join()
        assert await team.shared(5)
        await team.load(40)
        await team.join()
        assert await team.shared(2, 3)
        await team.join()
        assert await team.shared(1, 2, 2)
        await team.load(20, first=200)
        team.brokers.servers[-1].kill()
        await team.load(20, first=400)
        await team.settled()

        assert sum(await team.epochs()) == 5 + 2 + 1  # each change of hands is one
        holds(await team.verdict())


async def test_database_goes_away(mortal: Mortal) -> None:
    """While PostgreSQL is away nobody is called for long, and little is said; afterwards all goes on by itself."""
    async with Team("PostgreSQL away", mortal) as team:
        await team.vendors.slow(0.05, 0.05)
        one, two = await team.two()
        assert await team.ready(one)
        await team.load(48)
        await team.busy(20)
        team.cut_off = True
        mortal.go()
        await team.load(20, first=200)
        await asyncio.sleep(3.0)  # a lease
        calls = await team.vendors.count("calls")
        await asyncio.sleep(1.0)

        assert await team.vendors.count("calls") == calls
        assert not await team.ready(one)
        mortal.come()
        await team.settled()
        assert await team.shared(2, 3)
        assert await team.ready(one)
        for worker in (one, two):
            assert worker.said().count("The journal answers again, after ") == 1
            assert worker.said().count("PostgreSQL: ") <= 3  # when it began, and 5 s later
        holds(await team.verdict())
