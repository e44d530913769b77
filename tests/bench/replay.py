"""What live traffic loses to a replay of ten thousand letters beside it, over real sockets."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from tests.bench.contestant import NO_QUOTA, Account, started
from tests.bench.events import event, fresh
from tests.bench.ground import Ground
from tests.bench.processes import Process, module
from tests.bench.rows import Row, row
from worker.dead_letters.service import DeadLetters
from worker.intake.decode import Decoder
from worker.journal.journal import Journal

NAME = "acme"
CALLS = 250  # a second that the account allows
LIVE = 0.4  # part of it that live traffic uses, at an even pace
IN_FLIGHT = 64
SETTLED = 2.0  # seconds after the plan was told to go or to stop, in which nothing is measured
PATIENCE = 60.0  # seconds for calls to come whose turn is over
LETTERS = 1_000_000  # numbers from here on are letters


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: letters, pairs of turns, and the seconds of a turn without and with the replay."""

    letters: int
    pairs: int
    alone: float
    beside: float


FULL = Extent(10_000, 7, 8.0, 11.0)
QUICK = Extent(2_000, 2, 3.0, 3.0)


async def measure(ground: Ground, *, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Send live events at an even pace, in turns without and with a replay running; compare their 99th percentiles."""
    extent = QUICK if quick else FULL
    await ground.broker.clear()
    folder, word = ground.place("replay"), f"replay{fresh()}"
    await buried(ground, folder, word, extent.letters)
    say(f"{extent.letters} letters lie buried")
    account = Account(NAME, "link", path=word, in_flight=IN_FLIGHT, quotas=[f"{CALLS}/s"])
    with started(folder, ground.vendor, ground.server, [account]) as worker:
        async with operator(folder) as dead:
            began = time.monotonic()
            made = await command(folder, "plan", "--connection", NAME, "--why", "the vendor is well again")
            say(f"{extent.letters} letters planned in {time.monotonic() - began:.1f} s")
            pairs = Pairs(ground, word, Plan(folder, made["id"], dead), worker)
            for number in range(extent.pairs):
                say(f"pair {number + 1} of {extent.pairs}: {await pairs.pair(extent)}")
            told = await dead.progress(made["id"])
    counts = ", ".join(f"{count} {state}" for state, count in sorted(told.counts.items()))
    ratios = [beside / alone for alone, beside in zip(pairs.alone, pairs.beside, strict=True)]
    note = f"{CALLS * LIVE:.0f}/s live of {CALLS}/s; letters: {counts}"
    return [row("replay_p99", pairs.beside, ratios, note=note)]


async def buried(ground: Ground, folder: Path, word: str, letters: int) -> None:
    """Have a vendor that refuses everything make letters, as fast as it can be asked."""
    await ground.tell("refuse", word)
    account = Account(NAME, "link", path=word, in_flight=IN_FLIGHT, quotas=NO_QUOTA)
    mark = fresh()
    with started(folder, ground.vendor, ground.server, [account]):
        await ground.broker.feed([body(mark, LETTERS + number, "letter") for number in range(letters)])
        await ground.broker.wait(letters, 120.0)
    await ground.tell("accept", word)


@asynccontextmanager
async def operator(folder: Path) -> AsyncIterator[DeadLetters]:
    """Open the service beside the worker, as the commands do, but without starting a process each time."""
    journal = await Journal.open(f"sqlite:///{folder}/journal.db")
    try:
        yield DeadLetters(journal, {}, Decoder(), 2**20)
    finally:
        await journal.close()


async def command(folder: Path, *words: str) -> dict[str, Any]:
    """Run a command of the noun `dead`, as an operator does; return what it tells."""
    said = module("worker", "dead", *words, "--config", str(folder / "worker.toml"), "--json")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*said, stdout=pipe, stderr=pipe)
    told, complaint = await asyncio.wait_for(process.communicate(), 60.0)
    if process.returncode:
        raise RuntimeError(f"dead {words[0]}: {complaint.decode()[-300:]}")
    answer: dict[str, Any] = orjson.loads(told)
    return answer


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan: begun by the command, then held and let go on."""

    folder: Path
    id: str
    dead: DeadLetters

    async def go(self) -> None:
        """Let it begin, or go on."""
        state = (await self.dead.progress(self.id)).view.state
        if state == "ready":
            await command(self.folder, "apply", self.id)
        elif state == "paused":
            await self.dead.resume(self.id, "bench")

    async def hold(self) -> None:
        """Let it stop, unless it is at its end."""
        if (await self.dead.progress(self.id)).view.state == "running":
            await self.dead.pause(self.id, "bench")

    async def ended(self) -> int:
        """Return how many letters it wants nothing more of."""
        return (await self.dead.progress(self.id)).ended


class Pairs:
    """Turns without and with the replay running, side by side in time so that the machine's mood is the same."""

    def __init__(self, ground: Ground, word: str, plan: Plan, worker: Process) -> None:
        self.alone: list[float] = []
        self.beside: list[float] = []
        self._ground = ground
        self._word = word
        self._plan = plan
        self._worker = worker
        self._numbers = count()
        self._mark = fresh()

    async def pair(self, extent: Extent) -> str:
        """Measure both, each after a while that does not count; say what came of it."""
        await self.turn(SETTLED)
        alone = await self.turn(extent.alone)
        await self._plan.go()
        await self.turn(SETTLED)
        before, began = await self._plan.ended(), time.monotonic()
        beside = await self.turn(extent.beside)
        rate = (await self._plan.ended() - before) / (time.monotonic() - began)
        await self._plan.hold()
        if rate:
            self.alone.append(alone)
            self.beside.append(beside)
        return f"p99 {alone:.2f} ms alone, {beside:.2f} ms beside a replay of {rate:.0f}/s"

    async def turn(self, seconds: float) -> float:
        """Send live events at an even pace; return the 99th percentile from publish to call, in milliseconds."""
        published = await self.sent(seconds)
        came = await self.all_came(published)
        took = sorted(came[comment] - at for comment, at in published.items())
        return took[math.ceil(0.99 * len(took)) - 1] * 1000

    async def sent(self, seconds: float) -> dict[str, float]:
        """Publish each event when it is its turn; return when that was, by the event's comment."""
        published: dict[str, float] = {}
        began, step = time.monotonic(), 1 / (CALLS * LIVE)
        for turn in range(round(seconds / step)):
            await asyncio.sleep(max(0.0, began + turn * step - time.monotonic()))
            number = next(self._numbers)
            comment = f"live {number}"
            told = body(self._mark, number, comment)
            published[comment] = time.monotonic()
            await self._ground.broker.feed([told])
        return published

    async def all_came(self, published: dict[str, float]) -> dict[str, float]:
        """Wait until the vendor was called for each; return when."""
        deadline = time.monotonic() + PATIENCE
        while not published.keys() <= (came := await self._ground.comments(self._word)).keys():
            if time.monotonic() > deadline:
                lines = [line for line in self._worker.said().splitlines() if '"verdict"' not in line]
                lack = len(published.keys() - came.keys())
                raise TimeoutError(f"{lack} of {len(published)} calls did not come. {' '.join(lines[-2:])}")
            await asyncio.sleep(0.1)
        return came


def body(mark: str, number: int, comment: str) -> bytes:
    """Return an event whose comment the vendor tells again."""
    told = event("link", NAME, f"{mark}-{number}", number)
    told["data"] = {**told["data"], "comment": comment}  # type: ignore[dict-item] # it is a dict, as events.py makes it
    return orjson.dumps(told)
