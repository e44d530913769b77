"""Events a second and CPU an event, in turns with the bare loop and the naive worker."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from tests.bench.contestant import Account, started
from tests.bench.events import Kind, Load, fresh
from tests.bench.ground import Ground
from tests.bench.processes import Process, module
from tests.bench.rows import Row, row

PATIENCE = 300.0
WARM = 1000


@dataclass(frozen=True, slots=True)
class Turn:
    """What one contestant took for its events."""

    rate: float
    cpu: float  # seconds an event

    @classmethod
    def of(cls, count: int, seconds: float, cpu: float) -> "Turn":
        """Return the turn for so many events."""
        return cls(count / seconds, cpu / count)


class Bare:
    """The bare loop's process, asked again and again."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self._child = child

    def turn(self, count: int) -> Turn:
        """Make so many calls."""
        assert self._child.stdin, "made with pipes"
        assert self._child.stdout, "made with pipes"
        self._child.stdin.write(f"{count}\n")
        self._child.stdin.flush()
        told = orjson.loads(self._child.stdout.readline())
        return Turn.of(count, told["seconds"], told["cpu"])


@contextmanager
def bare(ground: Ground) -> Iterator[Bare]:
    """Start the bare loop, warm."""
    url = f"{ground.vendor}/healthy/bare/api/v1/Relation"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(module("tests.bench.bare", url), text=True, **pipes) as child:  # type: ignore[call-overload] # two pipes
        made = Bare(child)
        made.turn(WARM)
        yield made
        child.stdin.close()


async def worker(ground: Ground, kind: Kind, batch: int, count: int) -> Turn:
    """Let a new worker take and deliver so many events."""
    await ground.broker.clear()
    account = Account("acme", kind, batch=batch)
    with started(ground.place("worker"), ground.vendor, ground.server, [account]) as process:
        return await measured(ground, process, kind, count)


async def naive(ground: Ground, count: int) -> Turn:
    """Let the naive worker do the same."""
    await ground.broker.clear()
    await ground.broker.provide()
    url = f"{ground.vendor}/healthy/naive/api/v1/Relation"
    with Process(module("tests.bench.naive", ground.server, url), ground.place("naive") / "log") as process:
        process.wait_for("ready")
        return await measured(ground, process, "link", count)


async def measured(ground: Ground, process: Process, kind: Kind, count: int) -> Turn:
    """Feed a contestant, and wait until all results are published."""
    await ground.broker.feed(Load(kind, ("acme",), WARM, fresh()).bodies())
    await ground.broker.wait(WARM, PATIENCE)
    bodies = Load(kind, ("acme",), count, fresh()).bodies()
    began, cpu = time.monotonic(), process.cpu()
    await ground.broker.feed(bodies)
    await ground.broker.wait(WARM + count, PATIENCE)
    return Turn.of(count, time.monotonic() - began, process.cpu() - cpu)


@dataclass(slots=True)
class Turns:
    """All turns, round by round."""

    bare: list[Turn]
    one: list[Turn]
    fifty: list[Turn]
    naive: list[Turn]

    def rows(self) -> list[Row]:
        """Return the lines of the table, and what the two others reached."""
        bare_rates, naive_rates = rates(self.bare), rates(self.naive)
        cpus = [turn.cpu * 1e6 for turn in self.one]
        cpu_ratios = [one.cpu / limit.cpu for one, limit in zip(self.one, self.bare, strict=True)]
        fifties = [turn.cpu * 1e6 for turn in self.fifty]
        return [
            row("one_a_call", rates(self.one), shares(rates(self.one), bare_rates)),
            row("cpu_one_a_call", cpus, cpu_ratios),
            row("fifty_a_call", rates(self.fifty), shares(rates(self.fifty), bare_rates)),
            row("against_naive", rates(self.one), shares(rates(self.one), naive_rates)),
            row("cpu_fifty_a_call", fifties, unit="us/event"),
            row(
                "peer_bare_loop",
                bare_rates,
                shares(rates(self.one), bare_rates),
                unit="calls/s",
                note=cpu_note(self.bare),
            ),
            row(
                "peer_naive_faststream",
                naive_rates,
                shares(rates(self.one), naive_rates),
                unit="events/s",
                note=cpu_note(self.naive),
            ),
        ]


def rates(turns: list[Turn]) -> list[float]:
    """Return events a second, round by round."""
    return [turn.rate for turn in turns]


def shares(ours: list[float], others: list[float]) -> list[float]:
    """Return ratios of the same round."""
    return [mine / theirs for mine, theirs in zip(ours, others, strict=True)]


def cpu_note(turns: list[Turn]) -> str:
    """Say what CPU an event took."""
    cpus = sorted(turn.cpu * 1e6 for turn in turns)
    return f"{cpus[len(cpus) // 2]:.0f} us of CPU each; ratio: the worker's rate to this one's"


async def measure(ground: Ground, *, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Let all have their turns, several rounds."""
    count, rounds = (2000, 2) if quick else (6000, 5)
    turns = Turns([], [], [], [])
    with bare(ground) as limit:
        for number in range(rounds):
            turns.bare.append(limit.turn(count * 2))
            turns.one.append(await worker(ground, "link", 1, count))
            turns.naive.append(await naive(ground, count))
            turns.fifty.append(await worker(ground, "party", 50, count))
            latest = (turns.bare[-1], turns.one[-1], turns.fifty[-1], turns.naive[-1])
            told = ", ".join(f"{turn.rate:.0f}/s {turn.cpu * 1e6:.0f} us" for turn in latest)
            say(f"round {number + 1} of {rounds}: bare, one, fifty, naive: {told}")
    return turns.rows()
