"""Several owners on one journal, in virtual time: who has what, and who has to let go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from worker.delivery.ownership import FRESH, Before, Ownership, before
from worker.journal.errors import JournalError
from worker.journal.journal import Journal
from worker.journal.rows import Lease
from worker.telemetry.absence import Absence

NAMES = ("_intake", "a", "b", "c", "d")
LEASE = 9.0

pytestmark = pytest.mark.looptime


@dataclass
class Owner:
    """One worker's share, and what became of it."""

    name: str
    journal: Journal
    grace: float = 0.0
    clean: bool = True
    happened: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ownership = Ownership(
            journal=self.journal,
            owner=self.name,
            names=NAMES,
            seconds=LEASE,
            gained=self._gained,
            given_back=self._given_back,
            lost=lambda name: self.happened.append(("lost", name)),
            tell=self._told,
            away=Absence(self._told, asyncio.get_running_loop().time),
        )
        self.running = asyncio.create_task(self.ownership.run())

    def _told(self, text: str) -> None:
        self.happened.append(("told", text))

    async def _gained(self, name: str, before: Before) -> None:
        self.happened.append((before, name))

    async def _given_back(self, name: str) -> bool:
        await asyncio.sleep(self.grace)
        self.happened.append(("given back", name))
        return self.clean

    @property
    def held(self) -> set[str]:
        return self.ownership.held

    def count(self, word: str) -> int:
        """Return how often something happened."""
        return sum(what == word for what, _ in self.happened)

    async def die(self) -> None:
        """End without a word."""
        self.running.cancel()
        await asyncio.wait([self.running])


Joined = Callable[..., Awaitable[Owner]]


class Unsteady(Journal):
    """A journal whose database is away at times."""

    away = False

    async def renew(self, names: Collection[str] | None = None) -> frozenset[str]:
        self._here()
        return await super().renew(names)

    async def leases(self) -> list[Lease]:
        self._here()
        return await super().leases()

    def _here(self) -> None:
        if self.away:
            raise JournalError("the database is away")


@pytest.fixture
async def join(tmp_path: object) -> AsyncIterator[Joined]:
    """Let workers join, all on one database with one clock."""
    loop = asyncio.get_running_loop()
    owners: list[Owner] = []

    def clock() -> float:
        return 1_000_000.0 + loop.time()

    async def joined(name: str, **options: object) -> Owner:
        url = f"sqlite:///{tmp_path}/journal.db"
        journal = await Unsteady.open(url, inline=True, clock=clock, monotonic=loop.time, strict=True)
        owners.append(Owner(name, journal, **options))  # type: ignore[arg-type]  # what a test gives fits
        return owners[-1]

    yield joined
    for owner in owners:
        await owner.die()
        await owner.journal.close()


async def test_lone_owner_takes_all(join: Joined) -> None:
    """Who is alone takes everything at once, and keeps it."""
    one = await join("one")
    await asyncio.sleep(5 * LEASE)

    assert one.held == set(NAMES)
    assert one.happened == [("never owned", name) for name in NAMES]


@pytest.mark.parametrize(("workers", "shares"), [(2, [2, 3]), (3, [1, 2, 2]), (5, [1] * 5), (7, [0, 0, *[1] * 5])])
async def test_share_is_fair_and_changes_hands_once(join: Joined, workers: int, shares: list[int]) -> None:
    """However many join, shares differ by little, each name has one owner, and it moves at most once a joining."""
    owners = [await join("w0")]
    for number in range(1, workers):
        await asyncio.sleep(LEASE)
        owners.append(await join(f"w{number}"))
    await asyncio.sleep(LEASE)
    moved = sum(owner.count("given back") for owner in owners)
    await asyncio.sleep(10 * LEASE)

    assert sorted(len(owner.held) for owner in owners) == shares
    assert sorted(name for owner in owners for name in owner.held) == sorted(NAMES)
    assert sum(owner.count("given back") for owner in owners) == moved < len(NAMES) * 2
    assert all(owner.count("abandoned") == 0 for owner in owners)


async def test_dead_owners_names_are_taken(join: Joined) -> None:
    """What a dead worker had is taken within a lease and a turn, as abandoned."""
    one = await join("one")
    await asyncio.sleep(LEASE)
    two = await join("two")
    await asyncio.sleep(LEASE)
    theirs = set(one.held)
    await one.die()
    await asyncio.sleep(LEASE * 1.5)

    assert two.held == set(NAMES)
    assert {name for what, name in two.happened if what == "abandoned"} == theirs


async def test_leaving_owner_hands_over(join: Joined) -> None:
    """What is given back is taken at the next turn, as handed over; what was cut off only when its lease is over."""
    one, two = await join("one"), await join("two", clean=False)
    await asyncio.sleep(LEASE)
    ours, theirs = set(one.held), set(two.held)
    three = await join("three")
    await one.die()
    await one.ownership.release_all()
    await two.die()
    await two.ownership.release_all()
    await asyncio.sleep(LEASE / 2)

    assert three.held == ours
    assert {what for what, _ in three.happened} == {"handed over"}
    await asyncio.sleep(LEASE)
    assert three.held == ours | theirs
    assert {name for what, name in three.happened if what == "abandoned"} == theirs


async def test_slow_hand_over_loses_nothing(join: Joined) -> None:
    """While one name is being handed over, longer than a lease, all others are renewed and stay where they are."""
    one = await join("one", grace=3 * LEASE)
    await asyncio.sleep(LEASE)
    two = await join("two")
    await asyncio.sleep(2 * LEASE)

    assert two.held == set()
    assert one.held == set(NAMES)
    await asyncio.sleep(2 * LEASE)
    assert len(one.held) == 3
    assert len(two.held) == 2
    assert one.count("lost") == 0


async def test_frozen_owner_loses_all(join: Joined) -> None:
    """A worker that slept through its lease is replaced, is sure of nothing, and lets go before anything else."""
    one = await join("one")
    await asyncio.sleep(LEASE)
    await one.die()
    frozen = Ownership(**{name: getattr(one.ownership, name) for name in Ownership.__slots__ if name != "__weakref__"})
    two = await join("two")
    await asyncio.sleep(LEASE * 1.5)
    assert two.held == set(NAMES)

    assert not any(frozen.is_sure(name) for name in NAMES)
    frozen.drop_stale()
    assert {name for what, name in one.happened if what == "lost"} == set(NAMES)
    await frozen.renew()
    assert frozen.held == set()


async def test_database_away(join: Joined) -> None:
    """When the journal does not answer, calls stop after a third of the lease, work at its end; then it goes on."""
    one = await join("one")
    await asyncio.sleep(LEASE)
    assert isinstance(one.journal, Unsteady)
    one.journal.away = True
    await asyncio.sleep(LEASE * FRESH)
    assert not one.ownership.is_sure("a")
    assert not one.ownership.is_answered
    assert one.held == set(NAMES)
    await asyncio.sleep(LEASE * (1 - FRESH))
    assert one.held == set()
    assert one.count("lost") == len(NAMES)
    assert one.count("told") == 2  # when it began, and 5 s later

    one.journal.away = False
    await asyncio.sleep(LEASE / 3)
    assert one.held == set(NAMES)
    assert one.count("abandoned") == len(NAMES)
    assert one.ownership.is_answered
    assert ("told", "The journal answers again, after 9 s") in one.happened


async def test_closing_owner_takes_nothing(join: Joined) -> None:
    """Who is about to leave renews what it has and takes nothing more."""
    one = await join("one")
    await asyncio.sleep(LEASE)
    two = await join("two")
    await asyncio.sleep(LEASE)
    ours = set(one.held)
    one.ownership.closing = True
    await two.die()
    await asyncio.sleep(3 * LEASE)

    assert one.held == ours
    assert one.count("lost") == 0


def test_who_came_and_went_unseen_handed_nothing_over() -> None:
    """Between our look and our lease another may have worked and died: the epoch tells."""
    given_back = Lease("a", "one", 3, datetime.fromtimestamp(0, UTC))
    lapsed = Lease("a", "one", 3, datetime.fromtimestamp(9, UTC))

    assert before(None, 1) == "never owned"
    assert before(given_back, 4) == "handed over"
    assert before(lapsed, 4) == "abandoned"
    assert before(None, 2) == before(given_back, 5) == "abandoned"
