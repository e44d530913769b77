"""The promises of knowing which account stands behind a name."""

import pytest

from tests.journal.conftest import Open
from tests.journal.makers import CRM, NOW, at, delivery, intake_letter, relation, settled
from worker.journal.errors import JournalError
from worker.journal.identity import Identity, Known
from worker.journal.journal import Journal
from worker.journal.letters import Filter
from worker.journal.rows import Paused, Used

ACME = Identity("outsmart", "werkbonapp.nl", "00aa")
OTHER = Identity("outsmart", "werkbonapp.nl", "11bb")


async def test_identity_is_stored_once(journal: Journal) -> None:
    """The first identity stays; the same again is no change; another is refused with what to do."""
    assert await journal.accounts.identity("acme") is None
    await journal.accounts.identify("acme", ACME)
    await journal.accounts.identify("acme", ACME)

    with pytest.raises(JournalError, match="connections rekey acme"):
        await journal.accounts.identify("acme", OTHER)

    assert await journal.accounts.identity("acme") == ACME
    assert await journal.accounts.all() == {"acme": Known("acme", ACME, None)}


async def test_two_names_of_one_account(journal: Journal) -> None:
    """Two connections never share an account."""
    await journal.accounts.identify("acme", ACME)

    with pytest.raises(JournalError, match="rename acme acme-two"):
        await journal.accounts.identify("acme-two", ACME)


async def test_paused_connection_has_no_identity_yet(journal: Journal) -> None:
    """A pause does not stand in the way of an identity, nor the other way round."""
    await journal.commit(Paused("acme", "ann", "later", None))
    await journal.accounts.identify("acme", ACME)

    assert (await journal.paused())["acme"].by == "ann"


async def test_rotated_key_is_confirmed(journal: Journal) -> None:
    """A new key of the same target is taken when a person says so."""
    await journal.accounts.identify("acme", ACME)

    await journal.accounts.rekey("acme", OTHER)

    assert await journal.accounts.identity("acme") == OTHER
    with pytest.raises(JournalError, match="give it a new name"):
        await journal.accounts.rekey("acme", Identity("silvasoft", "x", "22"))
    with pytest.raises(JournalError, match="not known"):
        await journal.accounts.rekey("nobody", ACME)


async def test_renamed_connection_keeps_everything(journal: Journal) -> None:
    """Deliveries, relations, letters, quota use and pause go to the new name."""
    first, second, third = delivery(1), delivery(2), delivery(3)
    await journal.take([first, second, third], [intake_letter(4, "L1")])
    await journal.commit(settled(first, relation=relation(first)), settled(second, "dead_lettered"))
    await journal.commit(Used("acme", "15/h", (at(0),)), Paused("acme", "ann", "moving", None))
    await journal.accounts.identify("acme", ACME)

    await journal.accounts.rename("acme", "acme-new")

    assert [each.position for each in await journal.waiting("acme-new", 0, 9, 999)] == [3]
    assert await journal.owners("acme-new", ["77"]) == {"77": (CRM, "cust-1")}
    assert [each.connection for each in await journal.letters.chosen(Filter())] == ["_intake", "acme-new"]
    assert await journal.used("acme-new") == {"15/h": (at(0),)}
    assert list(await journal.paused()) == ["acme-new"]
    assert await journal.accounts.identity("acme-new") == ACME
    assert await journal.waiting("acme", 0, 9, 999) == []


async def test_rename_that_cannot_be(journal: Journal) -> None:
    """An unknown or taken name, and intake's own, are refused, and nothing is changed."""
    await journal.take([delivery(1), delivery(2, "other")])

    for old, new in (("nobody", "x"), ("acme", "other"), ("_intake", "x"), ("acme", "_intake")):
        with pytest.raises(JournalError):
            await journal.accounts.rename(old, new)

    assert len(await journal.waiting("acme", 0, 9, 999)) == 1


async def test_worked_connection_is_left_alone(url: str, opened: Open) -> None:
    """A connection that a worker works now is neither renamed nor retired."""
    worker, cli = await opened(url), await opened(url)
    await worker.accounts.identify("acme", ACME)
    await worker.acquire("acme", "worker on host", 10)

    with pytest.raises(JournalError, match="worker on host"):
        await cli.accounts.rename("acme", "new")
    with pytest.raises(JournalError, match="stop the worker"):
        await cli.accounts.retire("acme", NOW)


async def test_retired_connection_is_told_apart(journal: Journal) -> None:
    """Retiring counts what still waits, and a name that comes back is no longer retired."""
    await journal.take([delivery(1), delivery(2)])
    await journal.accounts.identify("acme", ACME)

    assert await journal.accounts.retire("acme", NOW) == 2
    assert (await journal.accounts.all())["acme"].retired_at == NOW
    await journal.accounts.identify("acme-two", ACME)
    with pytest.raises(JournalError):
        await journal.accounts.identify("acme", ACME)
    with pytest.raises(JournalError, match="not known"):
        await journal.accounts.retire("nobody", NOW)
