"""The vendors misbehave in every way that their sandboxes know."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.faults.events import VENDORS, mixed, stories
from tests.faults.house import House
from tests.faults.row import Outcome

Fault = Mapping[str, Any]
MOST_MEMORY = 400_000  # kB of a worker that was sent 100 MB bodies, at its fullest moment
FORMS = ("seconds", "date", "zero", "negative", "garbage", "none", "draft10", "draft7", "older", "x")
CALLS: Mapping[str, Fault] = {"superoffice": {"path": "*/v1/*"}}  # what is no log-in
PAUSE = 1.5  # seconds that a refusal asks for


async def spoiled(
    scenario: str, faults: Sequence[Fault], runs: int, *, seconds: float = 2.0, **options: Any
) -> tuple[House, Outcome]:
    """Let each vendor suffer all faults for some seconds, again and again; then nothing more, to the end."""
    async with House(scenario, {"coalesce": False, **options}) as house:
        await house.start()
        for run in range(runs):
            for vendor in VENDORS:
                for fault in faults:
                    await house.vendors.spoil(vendor, **fault, **CALLS.get(vendor, {}))
            await house.publish(mixed(stories(16, first=16 * run), seed=run))
            await asyncio.sleep(seconds)
            effects, since = await house.vendors.count(), time.monotonic()
            for vendor in VENDORS:
                await house.vendors.mend(vendor)
            await house.publish(mixed(stories(4, first=5_000 + 4 * run), seed=run))
            await house.recovered(since, effects)
        house.row.runs = runs
        await house.settled()
        await checked(house)
        return house, await house.verdict()


async def checked(house: House) -> None:
    """See that the worker's memory stayed bounded."""
    if (most := memory(house.worker.pid)) > MOST_MEMORY:
        house.problems.append(f"the worker took {most} kB of memory")


def memory(pid: int) -> int:
    """Return the most memory that a process ever held, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


async def unknown_outcome(runs: int) -> Outcome:
    """Apply writes and never answer them: hang, reset, close, cut off."""
    faults: list[Fault] = [
        {"kind": "hang", "applied": "first", "every": 5, "times": 3},
        {"kind": "reset", "applied": "first", "every": 4, "times": 3},
        {"kind": "close", "applied": "first", "every": 4, "skip": 1, "times": 3},
        {"kind": "cut", "every": 4, "skip": 2, "times": 3},
    ]
    return (await spoiled("applied and not answered", faults, runs))[1]


async def not_applied(runs: int) -> Outcome:
    """Hang, reset and close, and apply nothing."""
    faults: list[Fault] = [
        {"kind": "hang", "every": 5, "times": 3},
        {"kind": "reset", "every": 3, "times": 4},
        {"kind": "close", "every": 4, "times": 4},
    ]
    return (await spoiled("hung and reset, nothing applied", faults, runs))[1]


async def slow(runs: int) -> Outcome:
    """Answers that come late, or byte by byte."""
    faults: list[Fault] = [
        {"kind": "delay", "wait": 0.8, "jitter": 0.6, "every": 3},
        {"kind": "slow", "rate": 20.0, "every": 4, "times": 6},
    ]
    return (await spoiled("slow answers", faults, runs, seconds=3.0))[1]


async def outage(runs: int) -> Outcome:
    """Answer everything with 503."""
    faults: list[Fault] = [{"kind": "answer", "status": 503}]
    return (await spoiled("503 storm", faults, runs, seconds=4.0))[1]


async def flapping(runs: int) -> Outcome:
    """Down and up in turns."""
    faults: list[Fault] = [{"kind": "answer", "status": 502, "on": 1.0, "off": 1.0}]
    return (await spoiled("flapping, 1 s down and 1 s up", faults, runs, seconds=6.0))[1]


async def bodies(runs: int) -> Outcome:
    """100 MB, a gzip bomb, a page for people, a redirect into a private network."""
    faults: list[Fault] = [
        {"kind": "huge", "applied": "first", "every": 5, "times": 2},
        {"kind": "gzip_bomb", "size": 1_000_000_000, "every": 5, "times": 2},
        {"kind": "html", "every": 5, "times": 2},
        {"kind": "redirect", "every": 5, "times": 2},
    ]
    return (await spoiled("huge bodies, bombs, pages, redirects", faults, runs, seconds=4.0))[1]


async def refusals(runs: int) -> Outcome:
    """Refuse with 429 and every form of header; no call may come while a header asks for silence."""
    async with House("429 storms, every form of Retry-After", {"in_flight": 1}) as house:
        await house.start()
        for run, form in enumerate(FORMS[:runs]):
            for vendor in VENDORS:
                await house.vendors.spoil(vendor, "answer", status=429, hint=form, wait=PAUSE, times=2)
            await house.publish(mixed(stories(8, first=8 * run), seed=run))
            await house.settled()
            for vendor in VENDORS:
                house.problems += [f"{vendor}: {each}" for each in await intruders(house, vendor, form)]
                await house.vendors.mend(vendor)
        house.row.runs = min(runs, len(FORMS))
        return await house.verdict()


async def intruders(house: House, vendor: str, form: str) -> list[str]:
    """Name the calls that came while the last refusals asked for silence."""
    calls = await house.vendors.calls(vendor)
    asked = PAUSE - 0.6 if form in {"seconds", "date", "draft10", "draft7", "older", "x"} else 0.0
    refused = [call["answered"] for call in calls if call["status"] == 429][-2:]
    return [
        f"a call {call['arrived'] - end:.2f} s after a refusal with {form}"
        for end in refused
        for call in calls
        if 0.01 < call["arrived"] - end < asked
    ]
