"""The promises of discarding letters beside plans and owners."""

import asyncio

import psycopg
import pytest

from tests.journal.conftest import Open
from tests.journal.makers import CRM, NOW, at, delivery, relation, settled
from worker.journal.burying import Closing
from worker.journal.errors import UnderWayError
from worker.journal.journal import Journal
from worker.journal.letters import Chosen, Filter
from worker.journal.replays import Plan
from worker.journal.rows import Attempted, Mark, Reported

PLAN = Plan("P1", "running", NOW, "ann", NOW, b"{}")


async def offered(journal: Journal, *positions: int, lying: int = 0) -> list[Chosen]:
    """Lay letters down and offer them in a plan that runs; those of which the last so many only lie there."""
    rows = [delivery(position) for position in positions]
    await journal.take(rows)
    await journal.commit(*(settled(each, "dead_lettered") for each in rows))
    await journal.commit(*(Reported("acme", position) for position in positions))
    found = await journal.letters.chosen(Filter())
    await journal.replays.add(PLAN, [each.id for each in found])
    for each in found[: len(found) - lying]:
        assert await journal.replays.offer("P1", each, at(1))
    return found


def closings(chosen: list[Chosen]) -> list[Closing]:
    return [Closing(each.id, at(60), "ann", "old") for each in chosen]


async def refused(journal: Journal, chosen: list[Chosen]) -> tuple[str, ...]:
    """Return which letters keep all of these from being discarded."""
    with pytest.raises(UnderWayError) as caught:
        await journal.letters.discard(closings(chosen))
    assert await journal.letters.chosen(Filter()) == chosen
    return caught.value.letters


async def test_what_is_being_replayed_is_not_discarded(journal: Journal) -> None:
    """Of letters of which a plan has offered one since somebody looked, none is discarded."""
    first, second = await offered(journal, 1, 2, lying=1)

    assert await refused(journal, [first, second]) == (first.id,)
    assert await journal.replays.counts("P1") == {"offered": 1, "planned": 1}


async def test_what_nobody_works_is_laid_down(journal: Journal) -> None:
    """What a cancelled plan has offered is discarded where nobody works the connection any more, as where it is retired."""
    chosen = await offered(journal, 1, 2, lying=1)
    await journal.acquire("acme", "me", 60)
    await journal.release("acme")
    assert await refused(journal, chosen) == (chosen[0].id,)
    await journal.replays.change("P1", "running", "cancelled", at(2))

    assert await journal.letters.discard(closings(chosen)) == 2

    assert await journal.counts() == {("acme", "dead_lettered"): 2}
    assert await journal.replays.counts("P1") == {"planned": 1, "withdrawn": 1}
    assert await journal.letters.undiscard([chosen[0].id]) == 1
    assert await journal.replays.offer("P2", chosen[0], at(70))


async def test_what_somebody_works_goes_on(journal: Journal) -> None:
    """What a cancelled plan has offered may be in the owner's hand, so it is not laid down beside it."""
    chosen = await offered(journal, 1)
    await journal.acquire("acme", "me", 60)
    await journal.replays.change("P1", "running", "cancelled", at(2))

    assert await refused(journal, chosen) == (chosen[0].id,)
    assert await journal.replays.counts("P1") == {"offered": 1}


async def test_what_may_be_sent_is_laid_down_as_such(journal: Journal) -> None:
    """What may have reached the vendor, whether its call ended or not, is discarded as that where nobody works there."""
    chosen = await offered(journal, 1, 2)
    await journal.acquire("acme", "me", 60)
    await journal.commit(Mark("acme", (1,)), Attempted("acme", 2, 1, 1, at(2), at(9), True, ()))
    await journal.commit(settled(delivery(3, subject="cust-1"), relation=relation(delivery(3, subject="cust-1"))))
    await journal.replays.change("P1", "running", "cancelled", at(3))
    assert await refused(journal, chosen) == tuple(each.id for each in chosen)
    await journal.release("acme")

    assert await journal.letters.discard(closings(chosen)) == 2

    rows = [await journal.delivery("acme", position) for position in (1, 2)]
    assert [row is not None and (row.maybe_sent, row.replays) for row in rows] == [(True, 1), (True, 1)]
    assert await journal.replays.counts("P1") == {"withdrawn": 2}
    state = (await journal.known("acme", [(CRM, "cust-1")]))[CRM, "cust-1"].state
    assert state is not None
    assert state.doubtful


async def test_offer_passes_over_what_is_being_discarded(postgresql_url: str, opened: Open) -> None:
    """While another process discards a letter, no plan can offer it."""
    journal = await opened(postgresql_url)
    (chosen,) = await offered(journal, 1, lying=1)

    with psycopg.connect(postgresql_url) as other:
        other.execute("UPDATE dead_letters SET state = 'discarded', closed_at = 1.0")
        assert not await journal.replays.offer("P1", chosen, at(2))


async def test_discard_waits_for_an_offer(postgresql_url: str, opened: Open) -> None:
    """A letter that is being offered in another process at this moment is not discarded."""
    journal = await opened(postgresql_url)
    (chosen,) = await offered(journal, 1, lying=1)

    with psycopg.connect(postgresql_url) as other:
        other.execute("SELECT id FROM dead_letters FOR SHARE")
        other.execute("UPDATE deliveries SET state = 0, rank = 1, plan = 'P1'")
        discarding = asyncio.create_task(refused(journal, [chosen]))
        await waits(postgresql_url)
        other.commit()

    assert await discarding == (chosen.id,)


async def waits(url: str) -> None:
    """Wait until some statement waits for a lock."""
    with psycopg.connect(url, autocommit=True) as other:
        while not other.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():  # noqa: ASYNC110 -- a server tells nobody
            await asyncio.sleep(0)
