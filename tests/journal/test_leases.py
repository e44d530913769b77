"""The promises of leases: one owner at a time, and nobody else's writing counts."""

import pytest

from tests.journal.conftest import Open
from tests.journal.makers import delivery, settled
from worker.journal.errors import LeaseLostError
from worker.journal.rows import Mark


class Clock:
    """A database's clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Give a clock that both workers see."""
    return Clock()


async def test_second_owner_waits_until_it_is_over(url: str, opened: Open, clock: Clock) -> None:
    """A lease is refused while it runs and taken, with a higher epoch, when it is over."""
    one, two = await opened(url, clock=clock), await opened(url, clock=clock)
    first = await one.acquire("acme", "one", 10)
    assert first is not None
    assert await two.acquire("acme", "two", 10) is None

    clock.now += 10.1
    second = await two.acquire("acme", "two", 10)

    assert second is not None
    assert (second.owner, second.epoch) == ("two", first.epoch + 1)
    assert [lease.owner for lease in await one.leases()] == ["two"]


async def test_renewed_lease_goes_on(url: str, opened: Open, clock: Clock) -> None:
    """Renewing moves the end; what is renewed is named."""
    one, two = await opened(url, clock=clock), await opened(url, clock=clock)
    await one.acquire("acme", "one", 10)
    clock.now += 8

    assert await one.renew() == {"acme"}

    clock.now += 8
    assert await two.acquire("acme", "two", 10) is None


async def test_frozen_owner_writes_nothing(url: str, opened: Open, clock: Clock) -> None:
    """After a take-over neither changes nor takes of the old owner are written, and it is told."""
    one, two = await opened(url, clock=clock), await opened(url, clock=clock)
    for name in ("acme", "_intake"):
        await one.acquire(name, "one", 10)
    await one.take([delivery(1), delivery(2, "other")])
    clock.now += 11
    for name in ("acme", "_intake"):
        await two.acquire(name, "two", 10)

    with pytest.raises(LeaseLostError):
        await one.commit(Mark("acme", (1,)))
    with pytest.raises(LeaseLostError):
        await one.take([delivery(3)])
    await one.commit(Mark("other", (2,)))

    assert await two.last_position() == 2
    assert [each.maybe_sent for each in await two.waiting("acme", 0, 9, 99)] == [False]
    assert [each.maybe_sent for each in await two.waiting("other", 0, 9, 99)] == [True]
    assert one.lease_age("acme") == float("inf")
    assert await one.renew() == frozenset()


async def test_late_owner_goes_on_if_nobody_came(url: str, opened: Open, clock: Clock) -> None:
    """A lease that ran out and that nobody took is still its owner's."""
    one = await opened(url, clock=clock)
    await one.acquire("acme", "one", 10)
    await one.take([delivery(1)])
    clock.now += 60

    await one.commit(Mark("acme", (1,)))

    assert [each.maybe_sent for each in await one.waiting("acme", 0, 9, 99)] == [True]


async def test_flush_renews(url: str, opened: Open, clock: Clock) -> None:
    """Writing renews a lease that was not renewed lately."""
    elapsed = Clock()
    one = await opened(url, clock=clock, monotonic=elapsed)
    two = await opened(url, clock=clock)
    await one.acquire("acme", "one", 10)
    await one.take([delivery(1)])
    clock.now, elapsed.now = clock.now + 9, elapsed.now + 9
    assert one.lease_age("acme") == 9

    await one.commit(settled(delivery(1)))

    assert one.lease_age("acme") == 0
    clock.now += 9
    assert await two.acquire("acme", "two", 10) is None


async def test_given_back_is_free_at_once(url: str, opened: Open, clock: Clock) -> None:
    """A lease that is released is taken without waiting, with a higher epoch."""
    one, two = await opened(url, clock=clock), await opened(url, clock=clock)
    await one.acquire("acme", "one", 10)
    await one.release("acme")

    lease = await two.acquire("acme", "two", 10)

    assert lease is not None
    assert lease.epoch == 2


async def test_strict_journal_writes_only_under_a_lease(url: str, opened: Open) -> None:
    """A strict journal refuses to write for what it does not hold, intake's letters included."""
    journal = await opened(url, strict=True)

    with pytest.raises(LeaseLostError):
        await journal.take([delivery(1)])
    await journal.acquire("_intake", "me", 10)
    await journal.take([delivery(1)])
    with pytest.raises(LeaseLostError):
        await journal.commit(Mark("acme", (1,)))
    await journal.acquire("acme", "me", 10)
    await journal.commit(Mark("acme", (1,)))

    await journal.release("acme")
    with pytest.raises(LeaseLostError):
        await journal.commit(Mark("acme", (1,)))


async def test_only_one_of_two_gets_a_new_lease(url: str, opened: Open, clock: Clock) -> None:
    """Two that ask at once do not both get it."""
    one, two = await opened(url, clock=clock), await opened(url, clock=clock)

    asked = one.acquire("acme", "one", 10), two.acquire("acme", "two", 10)
    got = [await each for each in asked]

    assert [lease is not None for lease in got].count(True) == 1


async def test_clock_is_the_databases(url: str, opened: Open, clock: Clock) -> None:
    """The journal tells its database's clock, by which leases end."""
    journal = await opened(url, clock=clock)
    real = await opened(url)

    assert (await journal.clock()).timestamp() == clock.now
    assert (await real.clock()).year >= 2025
