"""A worker whose wall clock a test can move: `python -m tests.faults.clock run ...`.

Only what the clock says is changed, at the places that ask it; everything else is the worker as it is.
"""

import importlib
import os
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from worker.__main__ import main

OFFSET = "FAULTS_CLOCK"  # a file that holds the seconds by which the clock is wrong
ASKING = ("worker.app", "worker.sending.clock", "worker.sending.http.transport", "worker.brokers.pull")
real = time.time


def offset() -> float:
    return float(Path(os.environ[OFFSET]).read_text() or 0)


class Moved(datetime):
    """The wall clock, as wrong as the file says."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a plain moment is what all want
        return datetime.now(tz) + timedelta(seconds=offset())


if __name__ == "__main__":
    time.time = lambda: real() + offset()
    for name in ASKING:
        importlib.import_module(name).__dict__["datetime"] = Moved
    main()
