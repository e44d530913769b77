"""The demo: real broker, real worker, real sockets, in a folder that goes away."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from worker.app import Worker
from worker.brokers.base import Publication
from worker.brokers.publisher import Publisher
from worker.brokers.results import results
from worker.demo.events import REFUSED, messages
from worker.demo.oracle import Shown, mismatches
from worker.demo.progress import Progress, Row
from worker.journal.rows import INTAKE
from worker.sandbox.faults import Fault
from worker.sandbox.sandbox import Limits, Sandbox
from worker.sandbox.server import VENDORS, Running, sandboxes
from worker.settings import Settings, build

LONGEST = 55.0  # seconds; what is not done by then is shown as not done
REFRESH = 0.1
HANDFUL, PAUSE = 12, 0.25  # events at a time, and seconds between: a producer that is awake

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "onoffice": {"relation_types": {"owner": "estate:address:owner", "appointment": "calendar:address"}},
    "superoffice": {"relation_types": {"holding": 5}},
    "outsmart": {"country_format": "code"},
    "silvasoft": {"quotas": ["2/s", "50/min"], "backoff": {"base": 0.5, "cap": 5}},
}


async def run(show: Callable[[Progress], None], say: Callable[[str], None], *, seed: int = 1) -> Progress:
    """Run the demo to its end, showing how far it is as it goes."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="relation-worker-demo-", ignore_cleanup_errors=True) as folder:
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(sandboxes(*vendors()))
            progress = Progress({name: Row() for name in (*running, INTAKE)})
            worker = Worker(settings(Path(folder), running), tell=say)
            await stack.enter_async_context(working(worker))
            heard = await conversation(worker, running, progress, show, began, seed)
            progress.mismatches = {
                name: await compared(name, each, heard[name], worker) for name, each in running.items()
            }
    progress.ended = True
    progress.seconds = time.monotonic() - began
    show(progress)
    return progress


def vendors() -> list[Sandbox]:
    """Return the four vendors, each with something of its own that goes wrong."""
    odd = {
        "onoffice": Sandbox(VENDORS["onoffice"](), Limits.of("4/s"), latency=0.04, jitter=0.03),
        "superoffice": Sandbox(VENDORS["superoffice"](), Limits.of("6/s"), latency=0.08, jitter=0.05),
        "outsmart": Sandbox(VENDORS["outsmart"](), Limits.of("2/s"), latency=0.06, jitter=0.03),
        "silvasoft": Sandbox(VENDORS["silvasoft"](), Limits.of("2/s", "50/min"), latency=0.05, jitter=0.02),
    }
    odd["superoffice"].spoil(Fault(kind="answer", status=429, hint="seconds", skip=6, times=1))
    odd["superoffice"].spoil(Fault(kind="reset", operation="create", applied="first", skip=10, times=1))
    odd["outsmart"].spoil(Fault(kind="refuse", contains=REFUSED, code=1300, message="insert failed"))
    odd["silvasoft"].spoil(Fault(kind="answer", status=500, operation="create", skip=4, times=1))
    return list(odd.values())


def settings(folder: Path, running: Mapping[str, Running]) -> Settings:
    """Return the worker's settings: everything in the folder, a connection for each sandbox."""
    return build(
        {
            "worker": {"instance": "demo"},
            "broker": {"folder": str(folder / "broker")},
            "journal": {"url": f"sqlite:///{folder / 'journal.db'}"},
            "console": {"enabled": False},
            "connections": {name: {**each.settings, **OPTIONS[name]} for name, each in running.items()},
        }
    )


async def conversation(
    worker: Worker,
    running: Mapping[str, Running],
    progress: Progress,
    show: Callable[[Progress], None],
    began: float,
    seed: int,
) -> dict[str, list[dict[str, Any]]]:
    """Publish the events, and hear what becomes of each."""
    heard: dict[str, list[dict[str, Any]]] = defaultdict(list)
    url = worker.broker.url
    async with results(url) as told:
        listening = asyncio.create_task(listen(told, heard, progress, began))
        try:
            publishing = asyncio.create_task(publish(url, progress, seed))
            while not publishing.done() or progress.done < progress.events:
                if time.monotonic() - began > LONGEST:
                    break
                await look(worker, running, progress, began)
                show(progress)
                await asyncio.sleep(REFRESH)
            await look(worker, running, progress, began)
            await publishing
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
    return heard


async def publish(url: str, progress: Progress, seed: int) -> None:
    """Publish every message of the demo, as any producer would."""
    made = messages(seed)
    for _, body in made:
        progress.rows[addressee(body, progress)].events += 1
    async with Publisher(url) as publisher:
        for first in range(0, len(made), HANDFUL):
            handful = made[first : first + HANDFUL]
            await publisher.publish([Publication(f"relation.{word}", "", body) for word, body in handful])
            await asyncio.sleep(PAUSE)


def addressee(body: bytes, progress: Progress) -> str:
    """Return the connection that a message concerns; what cannot be brought to one concerns intake."""
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        return INTAKE
    name = event.get("target")
    broken = name not in progress.rows or event["subject"] in {"n-to-n", "big-id", "future"}
    return INTAKE if broken else str(name)


async def listen(
    told: AsyncIterator[bytes], heard: dict[str, list[dict[str, Any]]], progress: Progress, began: float
) -> None:
    """Hear result after result."""
    async for body in told:
        result = orjson.loads(body)
        name = result["connection"]
        heard[name].append(result)
        progress.rows[name].outcomes[result["data"]["outcome"]] += 1
        if progress.first_applied is None and result["data"]["outcome"] == "applied":
            progress.first_applied = time.monotonic() - began


async def look(worker: Worker, running: Mapping[str, Running], progress: Progress, began: float) -> None:
    """Read the gauges."""
    progress.seconds = time.monotonic() - began
    backlog = await worker.journal.backlog()
    for name, each in running.items():
        row, connection = progress.rows[name], worker.connections[name]
        calls = each.sandbox.calls
        row.calls, row.refused = calls.count, calls.refused
        row.backlog = backlog[name].live if name in backlog else 0
        if connection.is_running:
            gate = connection.gate
            row.in_flight = gate.in_flight
            row.quota = "  ".join(f"{use.used}/{use.quota.calls}" for use in gate.use)
            row.paused = gate.paused.why if gate.paused else ""


async def compared(name: str, each: Running, heard: list[dict[str, Any]], worker: Worker) -> list[str]:
    """Hold a vendor's effect log against the results and the journal."""
    states = await worker.journal.relations(name)
    journal = {(state.source, state.subject): None if state.deleted else state.remote_id for state in states}
    shown = Shown([effect.as_json() for effect in each.sandbox.effects.all()], each.sandbox.state())
    return mismatches(each.sandbox.vendor.name, heard, shown, journal)


class working:  # noqa: N801 -- reads as a sentence: async with working(worker)
    """The worker at work, from its start until its end."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._task: asyncio.Task[None]

    async def __aenter__(self) -> None:
        """Return when it takes events."""
        started = asyncio.Event()
        self._task = asyncio.create_task(self._worker.run(started.set))
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait([waiting, self._task], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            self._task.result()

    async def __aexit__(self, *_: object) -> None:
        """Return when it has ended in good order."""
        self._worker.stop()
        await self._task
