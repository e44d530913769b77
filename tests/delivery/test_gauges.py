"""What a worker says of a connection that gets more than its quota lets out: real engine, virtual time."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.delivery.world import Happening, Run, Temper, World
from worker.delivery.connection import Connection
from worker.delivery.gauges import Gauges
from worker.delivery.lookout import Lookout
from worker.journal.journal import Journal
from worker.sending.quota import Quota
from worker.telemetry.metrics import Metrics

pytestmark = pytest.mark.looptime


@dataclass(slots=True)
class Watched(Run):
    """A history that gauges look at from its beginning to its end."""

    said: list[tuple[float, str]] = field(default_factory=list)
    gauges: list[Gauges] = field(default_factory=list)

    async def _start(self, journal: Journal, *rest: Any) -> Connection:
        lookout = Lookout(Metrics("0"), self._now)
        self.watch = lambda name, target, _now: lookout.watch(name, target)
        connection = await Run._start(self, journal, *rest)
        connections = {"world": connection}
        made = Gauges(journal, connections, lookout.tellings, lambda: True, lambda: True, self._now, self._say)
        self.gauges.append(made)
        return connection

    def _say(self, text: str) -> None:
        self.said.append((asyncio.get_running_loop().time() - self._began, text))

    async def looked(self) -> list[str]:
        """Play it under the gauges' eyes; return what they said."""
        playing = asyncio.create_task(self.play())
        await asyncio.sleep(0.5)
        looking = asyncio.create_task(self.gauges[0].run())
        await playing
        looking.cancel()
        return [text for _, text in self.said]


def steady(seconds: int, every: float = 1.0) -> list[Happening]:
    """Return relations that are created at a steady pace."""
    return [Happening("created", f"r{n}", {"note": "x"}, at=n * every) for n in range(int(seconds / every))]


def run(history: list[Happening]) -> Watched:
    options = {"quotas": (Quota(30, 60.0),), "batch": 1, "window": 1000}
    return Watched(World(Temper(), random.Random(1)), history, options=options)


async def test_more_comes_in_than_goes_out() -> None:
    """It is said once, with both figures and how long the backlog would take, and once when that is drained."""
    last = Happening("created", "last", {"note": "x"}, at=520.0)
    played = run([*steady(240), last])

    said = await played.looked()

    assert len(said) == 2, said
    assert said[0].startswith("world: 60 events a minute come in and its quota allows 30; ")
    assert "wait, and would take about " in said[0]
    assert said[1] == "world: its backlog is drained"
    assert 60.0 <= played.said[0][0] <= 70.0
    assert played.said[1][0] > 400.0


async def test_a_burst_is_no_news() -> None:
    """Much that comes at once, and is through in a few minutes, is not worth a word; nor is a pace that fits."""
    burst = [Happening("created", f"r{n}", {"note": "x"}) for n in range(25)]

    assert await run(burst).looked() == []
    assert await run(steady(300, every=2.5)).looked() == []


async def test_figures_of_a_growing_backlog() -> None:
    """What a scrape shows meanwhile: backlog, oldest event, quota in use and a forecast."""
    played = run(steady(120))
    playing = asyncio.create_task(played.play())
    await asyncio.sleep(100.0)
    await played.gauges[0].turn()
    (figures,) = played.gauges[0].look().connections
    await playing

    assert 20 < figures.backlog < 60
    assert figures.forecast_seconds is not None
    assert figures.forecast_seconds > 30
    assert figures.oldest_seconds is not None
    assert figures.oldest_seconds > 20
    assert figures.quotas["30/min"] == 1.0
    assert not figures.paused
