"""The command `run`: the worker itself."""

import os
import signal
import sys
from typing import TYPE_CHECKING

from worker.cli.exits import Exit, Problem
from worker.cli.options import ConfigFile, settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from worker.app import Worker
    from worker.settings import Settings


def run(config: ConfigFile = None) -> None:
    """Bring events to their targets until told to stop (SIGTERM or Ctrl-C; a second one stops at once)."""
    from worker.telemetry.failpoints import VARIABLE, arm
    from worker.telemetry.logs import configure

    try:
        arm(os.environ.get(VARIABLE))
    except ValueError as error:
        raise Problem(f"{VARIABLE}: {error}", Exit.USAGE) from error
    chosen = settings(config)
    configure(chosen.log.level, chosen.log.format, secrets=chosen.secrets())
    runner()(work(chosen))


def spare_collector() -> None:
    """Let the garbage collector look at events only, and seldom: what is loaded by now stays until the end.

    With its defaults it went through all modules' objects again and again: a tenth of the CPU of an event.
    """
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def work(chosen: "Settings") -> None:
    """Run one worker, and let signals end it."""
    import asyncio

    from worker.app import Worker
    from worker.telemetry.failpoints import VARIABLE, armed
    from worker.telemetry.logs import logger
    from worker.telemetry.saying import saying

    log = logger("worker")
    worker = Worker(chosen, tell=saying("worker"))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, worker, loop)
    if armed():
        log.warning("this worker dies where a test wants it", failpoints=os.environ[VARIABLE])
    spare_collector()
    await worker.run(lambda: log.info("started", connections=sorted(chosen.connections), broker=worker.broker.url))
    log.info("stopped")


def stop(worker: "Worker", loop: "Any") -> None:
    """Begin to stop; the next signal ends the process as it would without us."""
    worker.stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)


def runner() -> "Callable[[Any], Any]":
    """Return what runs a coroutine: uvloop where there is one."""
    if sys.platform == "win32":
        import asyncio

        return asyncio.run
    import uvloop

    return uvloop.run
