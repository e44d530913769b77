"""The promises of dropping what is old."""

from dataclasses import replace
from datetime import timedelta

from tests.journal.makers import CRM, NOW, at, delivery, letter, relation, settled
from worker.journal.burying import Closing
from worker.journal.journal import Journal
from worker.journal.letters import Filter
from worker.journal.replays import Plan
from worker.journal.rows import Delivery, Reported

DAY = 86_400
KEEP = timedelta(days=30)


def old(position: int, connection: str = "acme") -> Delivery:
    """Return a delivery that was received forty days before `NOW`."""
    each = delivery(position, connection)
    return replace(each, received=replace(each.received, received_at=at(-40 * DAY)))


async def test_only_what_is_told_and_old_goes(journal: Journal) -> None:
    """What waits, is unreported, buried or young stays; so do relations and the last position."""
    told, unreported, buried, waiting, young = (old(position) for position in range(1, 6))
    other = old(6, "other")
    await journal.take([told, unreported, buried, waiting, young, other])
    long_ago = at(-31 * DAY)
    await journal.commit(
        settled(told, settled_at=long_ago, relation=relation(told)),
        settled(unreported, settled_at=long_ago),
        settled(buried, "dead_lettered", settled_at=long_ago),
        settled(young, settled_at=at(-29 * DAY)),
        settled(other, "superseded", settled_at=long_ago),
    )
    await journal.commit(*(Reported("acme", position) for position in (1, 3, 5)), Reported("other", 6))

    assert await journal.prune(KEEP, NOW) == 2

    assert await journal.counts() == {
        ("acme", "applied"): 2,
        ("acme", "dead_lettered"): 1,
        ("acme", "waiting"): 1,
    }
    assert await journal.event("e-1") == []
    assert await journal.owners("acme", ["77"]) == {"77": (CRM, "cust-1")}
    assert await journal.last_position() == 6
    assert await journal.prune(KEEP, NOW) == 0


async def test_pruning_goes_through_everything(journal: Journal) -> None:
    """However many rows there are, all that may go goes."""
    rows = [old(position) for position in range(1, 1_203)]
    await journal.take(rows)
    await journal.commit(*(settled(each, settled_at=at(-31 * DAY)) for each in rows[:-1]))
    await journal.commit(*(Reported("acme", each.position) for each in rows[:-1]))

    assert await journal.prune(KEEP, NOW) == 1_201

    assert await journal.counts() == {("acme", "waiting"): 1}


async def test_discarded_letter_goes_after_a_day(journal: Journal) -> None:
    """With the letter go its case and its bytes; a resolved one stays as long as all else."""
    rows = [old(1), old(2), old(3)]
    await journal.take(rows)
    await journal.commit(*(settled(each, "dead_lettered") for each in rows))
    await journal.commit(*(Reported("acme", position) for position in (1, 2, 3)))
    discard = [Closing("letter-acme-e-1", at(-2 * DAY), "ann", "old"), Closing("letter-acme-e-2", at(-60), "ann", "?")]
    await journal.letters.discard(discard)

    assert await journal.prune(KEEP, NOW) == 1

    assert await journal.letters.one("letter-acme-e-1") is None
    gone = await journal.delivery("acme", 1)
    assert gone is not None
    assert (gone.received.headers, gone.received.body) == ((), b"")
    assert await journal.letters.undiscard(["letter-acme-e-1", "letter-acme-e-2"]) == 1
    assert await journal.letters.count(Filter()) == 2


async def test_discarded_event_is_known_as_long_as_any(journal: Journal) -> None:
    """A copy of an event that was discarded is a duplicate for as long as all else is kept, and new after that."""
    await journal.take([old(1)])
    await journal.commit(settled(old(1), "dead_lettered", settled_at=at(-40 * DAY)))
    await journal.commit(Reported("acme", 1))
    await journal.letters.discard([Closing("letter-acme-e-1", at(-2 * DAY), "ann", "never send this")])
    copy = delivery(2, event_id="e-1")

    assert await journal.prune(KEEP, NOW) == 1
    assert (await journal.take([copy])).duplicates == (2,)
    assert await journal.prune(KEEP, at(27 * DAY)) == 0
    assert (await journal.take([copy])).duplicates == (2,)
    assert await journal.prune(KEEP, at(29 * DAY)) == 1
    assert (await journal.take([copy])).fresh == (copy,)


async def test_older_letter_takes_no_bytes_of_a_newer(journal: Journal) -> None:
    """A letter that was buried again under another name goes without what the newer one is about."""
    row = old(1)
    await journal.take([row])
    await journal.commit(settled(row, "dead_lettered", settled_at=at(-40 * DAY)))
    await journal.commit(Reported("acme", 1))
    (chosen,) = await journal.letters.chosen(Filter())
    await journal.replays.offer("P1", chosen, at(-39 * DAY))
    renamed = settled(row, "dead_lettered", settled_at=at(-39 * DAY), letter=letter(row, "renamed"), plan="P1")
    await journal.commit(renamed)
    await journal.commit(Reported("acme", 1))

    assert await journal.prune(KEEP, NOW) == 1

    kept = await journal.delivery("acme", 1)
    assert kept is not None
    assert kept.received == row.received


async def test_old_plans_and_requests_go(journal: Journal) -> None:
    """What is finished and answered is forgotten as well."""
    ended = Plan("P1", "finished", at(-40 * DAY), "ann", at(-40 * DAY), b"{}")
    await journal.replays.add(ended, ["L1"])
    await journal.replays.add(replace(ended, id="P2", state="running"), ["L1"])
    number = await journal.requests.ask("acme", "check", None, "ann", at(-40 * DAY))

    await journal.prune(KEEP, NOW)

    assert [each.id for each in await journal.replays.newest(9)] == ["P2"]
    assert await journal.replays.counts("P1") == {}
    assert await journal.requests.one(number) is None


async def test_workers_of_the_past_are_forgotten(journal: Journal) -> None:
    """The presence of a worker that left goes; that of one that lives stays, and so does every other lease."""
    for name in ("worker:gone", "worker:here", "acme"):
        await journal.acquire(name, "me", 10)
    await journal.release("worker:gone")
    await journal.release("acme")

    await journal.prune(KEEP, NOW)

    assert [lease.name for lease in await journal.leases()] == ["acme", "worker:here"]
