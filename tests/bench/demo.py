"""The demo from a cold start: how long until something is seen to have been applied."""

import time
from collections.abc import Callable

import orjson

from tests.bench.ground import Ground
from tests.bench.processes import Process, module
from tests.bench.rows import Row, row

LONGEST = 120.0


async def measure(ground: Ground, *, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Start the demo several times; the first time compiles its modules and does not count."""
    times = [first_applied(ground, number) for number in range(2 if quick else 4)][1:]
    say(", ".join(f"{each:.2f} s" for each in times))
    return [row("demo_first_applied", times, note="from the start of the process, modules compiled before")]


def first_applied(ground: Ground, number: int) -> float:
    """Return the seconds from the start of the process: what it measured, and what passed outside of that."""
    place = ground.place(f"demo-{number}")
    with Process(module("worker", "demo", "--json"), place / "log") as process:
        process.wait(LONGEST)
        whole = time.monotonic() - process.began
        said = process.said()
    told = orjson.loads(said[said.index("{") :])
    return float(told["first_applied_seconds"] + whole - told["seconds"])
