"""The promises of telling what became of an event or a relation."""

from tests.journal.makers import CRM, at, delivery, relation, settled
from worker.journal.journal import Journal
from worker.journal.rows import Attempted, Reported, Try


async def test_event_at_every_connection(journal: Journal) -> None:
    """An event's deliveries say their outcome, effect, effort and whether it was told."""
    rows = [delivery(1), delivery(1, "other"), delivery(2, event_id="e-1", source="/other")]
    await journal.take(rows)
    tried = Try(at(1), 0.5, 1, "retry", 503, "busy")
    await journal.commit(Attempted("acme", 1, 1, 1, at(1), at(2), maybe_sent=False, tries=(tried,)))
    await journal.commit(settled(rows[0], note="created", attempts=2, calls=3, settled_at=at(4)))
    await journal.commit(Reported("acme", 1))

    acme, other, third = await journal.event("e-1")

    assert (acme.state, acme.note, acme.attempts, acme.calls, acme.reported) == ("applied", "created", 2, 3, True)
    assert (acme.settled_at, acme.tries, acme.received_at) == (at(4), (tried,), at(0))
    assert (other.connection, other.state, other.reported) == ("other", "waiting", False)
    assert third.source == "/other"
    assert [each.connection for each in await journal.event("e-1", CRM)] == ["acme", "other"]
    assert await journal.event("e-9") == []


async def test_relation_at_every_connection(journal: Journal) -> None:
    """A relation's states and newest deliveries are found wherever they lie."""
    far = 4096 * 300
    rows = [
        delivery(1, subject="s"),
        delivery(2, "other", subject="s"),
        delivery(5000, subject="s", source="/other"),
        delivery(far, subject="s", operation="update"),
        delivery(far + 1, subject="t"),
    ]
    await journal.take(rows)
    await journal.commit(*(settled(each, relation=relation(each, str(each.position))) for each in rows[:3]))

    states, passages = await journal.relation("s")
    assert [(each.source, each.connection) for each in states] == [("/other", "acme"), (CRM, "acme"), (CRM, "other")]
    assert [each.position for each in passages] == [far, 5000, 2, 1]

    states, passages = await journal.relation("s", CRM, most=2)
    assert [each.remote_id for each in states] == ["1", "2"]
    assert [each.position for each in passages] == [far, 2]


async def test_unknown_relation(journal: Journal) -> None:
    """What nobody has heard of has no state and no history, in an empty journal too."""
    assert await journal.relation("s") == ([], [])


async def test_relations_of_a_connection(journal: Journal) -> None:
    """All relations of a connection come in order of their last change."""
    rows = [delivery(1), delivery(2), delivery(3, "other")]
    await journal.take(rows)
    await journal.commit(*(settled(each, relation=relation(each, str(each.position))) for each in reversed(rows)))

    assert [each.remote_id for each in await journal.relations("acme")] == ["1", "2"]
