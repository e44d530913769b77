"""What one turn of the loop decided is written together; what is wrong with one is no other's trouble."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.delivery.keep import PATIENCE, Keeper, Kept
from worker.journal.journal import Journal
from worker.journal.rows import Paused, RelationState, Resumed, Settled

pytestmark = pytest.mark.looptime

UNWRITABLE = "\ud800"  # half a character: no database holds it


@pytest.fixture
async def journal() -> AsyncIterator[Journal]:
    """Return a journal that is written in the loop."""
    made = await Journal.open("sqlite://", inline=True)
    yield made
    await made.close()


def kept(journal: Journal, *names: str) -> list[str]:
    """Pause some connections in one turn of the loop; return who went on, as it happens."""
    went_on: list[str] = []
    keeper = Keeper(journal, lambda text: went_on.append(text[:11]), lambda: went_on.append("lost"), naming(went_on))
    for name in names:
        keeper.keep((Paused(name, "ann", "why", None),), _noted(went_on, name))
    return went_on


async def test_change_that_cannot_be_written_keeps_no_other_from_the_disk(journal: Journal) -> None:
    """The others are written alone and go on; the bug that made it is reported."""
    went_on = kept(journal, "a", UNWRITABLE, "c")
    await asyncio.sleep(PATIENCE)

    assert sorted(await journal.paused()) == ["a", "c"]
    assert went_on == ["a", "UnkeptError", "c"]


async def test_changes_that_cannot_even_be_given_to_the_journal_are_reported(journal: Journal) -> None:
    """A connection's name that is no name at all is a bug: nothing goes on, and whoever keeps more is not stopped."""
    went_on: list[str] = []
    keeper = Keeper(journal, went_on.append, lambda: None, naming(went_on))

    nameless = Kept((Resumed([], "ann"),), _noted(went_on, "nameless"))  # type: ignore[arg-type] # the bug
    keeper.keep_now([nameless])
    keeper.keep((Paused("a", "ann", "why", None),), _noted(went_on, "a"))
    await asyncio.sleep(0.1)

    assert went_on == ["TypeError", "a"]


async def test_record_that_is_taken_keeps_no_other_from_the_disk(journal: Journal) -> None:
    """Two relations get one remote id in the same turn: the second hears that it is taken, the others go on."""
    went_on: list[str] = []
    keeper = Keeper(journal, went_on.append, lambda: None, naming(went_on))
    for position, (subject, remote) in enumerate([("a", "1"), ("b", "1"), ("c", "2")], 1):
        state = RelationState("acme", "/s", subject, remote, deleted=False, position=position, sequence=None)
        settled = Settled("acme", position, "applied", 1, 1, datetime(2026, 1, 1, tzinfo=UTC), b"{}", relation=state)
        keeper.keep((settled,), _noted(went_on, subject), _noted(went_on, f"{subject} is taken"))
    await asyncio.sleep(PATIENCE)

    assert sorted(went_on) == ["a", "b is taken", "c"]
    assert sorted(state.subject for state in await journal.relations("acme")) == ["a", "c"]


async def test_bug_after_a_commit_stops_no_other(journal: Journal) -> None:
    """What follows the commit of one may raise: the others go on, and the bug is reported."""
    went_on: list[str] = []
    keeper = Keeper(journal, went_on.append, lambda: None, naming(went_on))

    keeper.keep((Paused("a", "ann", "why", None),), _bug)
    keeper.keep((Paused("b", "ann", "why", None),), _noted(went_on, "b"))
    await asyncio.sleep(0.1)

    assert went_on == ["LookupError", "b"]


async def test_bug_in_what_follows_a_taken_record_is_reported(journal: Journal) -> None:
    """What is to be done where another relation has the record may raise as well."""
    went_on: list[str] = []
    keeper = Keeper(journal, went_on.append, lambda: None, naming(went_on))
    for position, subject in enumerate("ab", 1):
        state = RelationState("acme", "/s", subject, "1", deleted=False, position=position, sequence=None)
        settled = Settled("acme", position, "applied", 1, 1, datetime(2026, 1, 1, tzinfo=UTC), b"{}", relation=state)
        keeper.keep((settled,), _noted(went_on, subject), _bug)
    await asyncio.sleep(0.1)

    assert went_on == ["a", "LookupError"]


def naming(went_on: list[str]) -> Callable[[BaseException], None]:
    """Return who notes what bugs are reported."""
    return lambda bug: went_on.append(type(bug).__name__)


def _bug() -> None:
    raise LookupError("a bug of ours")


def _noted(went_on: list[str], word: str) -> Any:
    return lambda: went_on.append(word)
