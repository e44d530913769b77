"""One stream's way to the broker, which no single message can block."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice

from worker.brokers.base import Broker, BrokerError, Publication, PublishError
from worker.journal.rows import Unreported
from worker.telemetry.absence import Absence
from worker.telemetry.failpoints import failpoint

BATCH = 256
HEADERS = 1024  # bytes that a message's headers may take of its payload
PATIENCE = (0.2, 5.0)  # seconds: first and longest wait after the broker refused

Place = tuple[str, int]  # of a delivery: its connection, its position


class Channel:
    """Publishes results in batches, in order and without a timer, until the broker has taken each one.

    While there is no broker, all wait and keep their order. What it refuses twice in a row is set aside and tried from
    time to time. `told` hears what is there, or that the queue has become shorter, and is awaited.
    """

    def __init__(
        self,
        broker: Broker,
        publication: Callable[[Unreported, int], Publication],
        told: Callable[[Sequence[Unreported]], Awaitable[None]],
        tell: Callable[[str], None],
    ) -> None:
        self._broker = broker
        self._publication = publication
        self._told = told
        self._refused, self._refused_alone = Absence(tell), Absence(tell)
        self._queue: deque[Unreported] = deque()
        self._aside: deque[Unreported] = deque()
        self._doubted: set[Place] = set()
        self._again_at = 0.0
        self._work = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue) + len(self._aside)

    @property
    def queued(self) -> int:
        """How many are on their way; what is set aside may stay refused for ever."""
        return len(self._queue)

    def add(self, results: Iterable[Unreported]) -> None:
        """Take what is to be told."""
        self._queue.extend(results)
        self._work.set()

    def places(self) -> set[Place]:
        """Return the deliveries whose results are here."""
        return {place(result) for results in (self._queue, self._aside) for result in results}

    async def run(self) -> None:
        """Publish until cancelled."""
        loop, (wait, longest) = asyncio.get_running_loop(), PATIENCE
        while True:
            await self._stirred()
            if self._aside and loop.time() >= self._again_at:
                took_any = await self._try_aside()
                self._again_at = loop.time() + (0.0 if took_any else longest)
            if not self._queue:
                continue
            if await self._round():
                wait = PATIENCE[0]
            else:
                await asyncio.sleep(wait)
                wait = min(longest, wait * 2)

    async def _stirred(self) -> None:
        """Wait for work, or until it is time to try again what is set aside."""
        if not self._queue:
            self._work.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._again_at if self._aside else None):
                    await self._work.wait()

    async def _round(self) -> bool:
        """Publish the first of the queue; return whether the broker took any of them, or it has become shorter."""
        batch = list(islice(self._queue, BATCH))
        try:
            failed, why = await self._publish(batch)
        except BrokerError as error:
            self._refused(f"The broker did not take {len(batch)} results: {error}")
            self._doubted.clear()
            return False
        if len(failed) == len(batch):
            self._refused(f"The broker did not take {len(batch)} results: {why}")
        else:
            self._refused.over("The broker takes results again")
        set_aside = self._part(batch, failed)
        taken = [result for number, result in enumerate(batch) if number not in failed]
        if taken or set_aside:
            await self._told(taken)
        for _ in taken:
            self._queue.popleft()
        return bool(taken or set_aside)

    def _part(self, batch: Sequence[Unreported], failed: set[int]) -> int:
        """Put what was taken before what was refused; set aside what was refused before, and return how many."""
        if not failed:
            self._doubted.clear()
            return 0
        refused = [batch[number] for number in sorted(failed)]
        again = [result for result in refused if place(result) not in self._doubted]
        self._set_aside([result for result in refused if place(result) in self._doubted])
        self._doubted = {place(result) for result in again}
        for _ in batch:
            self._queue.popleft()
        self._queue.extendleft(reversed(again))
        self._queue.extendleft(reversed([result for number, result in enumerate(batch) if number not in failed]))
        return len(refused) - len(again)

    def _set_aside(self, results: Sequence[Unreported]) -> None:
        if not self._aside:
            self._again_at = asyncio.get_running_loop().time() + PATIENCE[1]
        self._aside.extend(results)

    async def _try_aside(self) -> bool:
        """Try again what was set aside, the longest untried first; return whether the broker took any of it."""
        batch = list(islice(self._aside, BATCH))
        try:
            failed, why = await self._publish(batch)
        except BrokerError:
            return False  # there is no broker, which is said elsewhere
        if failed:
            self._refused_alone(f"The broker refuses {len(self._aside)} results, which stand aside: {why}")
        taken = [result for number, result in enumerate(batch) if number not in failed]
        await self._told(taken)
        for _ in batch:
            self._aside.popleft()
        self._aside.extend(result for number, result in enumerate(batch) if number in failed)
        self._takes_again(any_taken=bool(taken))
        return bool(taken)

    def _takes_again(self, *, any_taken: bool) -> None:
        if any_taken:
            self._refused.over("The broker takes results again")
        if not self._aside:
            self._refused_alone.over("The broker takes all that it refused")

    async def _publish(self, batch: Sequence[Unreported]) -> tuple[set[int], str]:
        """Publish all; return what the broker refused, and why; raises `BrokerError` if there is none."""
        failpoint("before-publish")
        try:
            most = self._broker.max_payload - HEADERS
            await self._broker.publish([self._publication(result, most) for result in batch])
        except PublishError as error:
            if len(error.failed) == len(batch) and not self._broker.connected:
                raise BrokerError(str(error)) from error
            return set(error.failed), str(error)
        failpoint("after-publish")
        return set(), ""


def place(result: Unreported) -> Place:
    """Return which delivery this is the result of."""
    return result.connection, result.position
