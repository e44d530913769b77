"""The command: `python -m tests.bench [--quick] [--json] [--only NAME] [--html FILE]`."""

import argparse
import asyncio
import os
import platform
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson

from tests.bench import backlog, demo, fairness, latency, quota, replay, resting, throughput
from tests.bench.ground import Ground, ground
from tests.bench.peers import runs
from tests.bench.picture import page
from tests.bench.rows import BUDGETS, Row, missing


class Measure(Protocol):
    """Measures some rows on a ground; `say` hears how far it is."""

    def __call__(self, ground: Ground, *, quick: bool, say: Callable[[str], None]) -> Coroutine[Any, Any, list[Row]]:
        """Return the rows."""
        ...


MEASURES: Mapping[str, tuple[Measure, tuple[str, ...]]] = {
    "throughput": (throughput.measure, ("one_a_call", "cpu_one_a_call", "fifty_a_call", "against_naive")),
    "latency": (latency.measure, ("latency_p50", "latency_p99")),
    "resting": (resting.measure, ("idle_cpu_10", "idle_cpu_200", "memory_idle")),
    "backlog": (backlog.measure, ("memory_backlog", "backlog_flat")),
    "demo": (demo.measure, ("demo_first_applied",)),
    "quota": (quota.measure, ("quota_bound",)),
    "replay": (replay.measure, ("replay_p99",)),
    "fairness": (fairness.measure, ("fairness",)),
    "peers": (runs.measure, runs.NAMES),
}


def main() -> int:
    """Measure, and tell."""
    options = arguments()
    began = time.monotonic()
    rows = asyncio.run(measured(options.only, quick=options.quick))
    note(f"{time.monotonic() - began:.0f} s; {machine()}")
    if options.html:
        options.html.write_text(page(rows, machine()))
    told = orjson.dumps([each.as_json() for each in rows], option=orjson.OPT_INDENT_2).decode()
    sys.stdout.write(f"{told if options.json else table(rows)}\n")
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    names = [*MEASURES, *(name for _, rows in MEASURES.values() for name in rows)]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and events; a smaller backlog")
    parser.add_argument("--json", action="store_true", help="a list of rows instead of a table")
    parser.add_argument("--only", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--html", type=Path, metavar="FILE", help="also draw pictures")
    return parser.parse_args()


async def measured(only: str | None, *, quick: bool) -> list[Row]:
    """Return the rows of all measures, or of the one that is wanted; what fails says why."""
    found: list[Row] = []
    async with ground() as shared:
        for name, (measure, rows) in MEASURES.items():
            if only is not None and only != name and only not in rows:
                continue
            note(f"{name} ...")
            try:
                found += await measure(shared, quick=quick, say=lambda words: note(f"  {words}"))
            except Exception as error:  # noqa: BLE001 -- a measure that fails is told as one, and the others go on
                note(f"  failed: {error!r}")
                found += [missing(each, f"failed: {error!r}"[:300]) for each in rows]
    order = [budget.name for budget in BUDGETS]
    return sorted(found, key=lambda each: order.index(each.name) if each.name in order else len(order))


def note(words: str) -> None:
    """Show how far it is."""
    sys.stderr.write(f"{words}\n")


def machine() -> str:
    """Say where and under which load this was measured."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}, {platform.platform(terse=True)}"


def table(rows: list[Row]) -> str:
    """Return the rows for people."""
    head = f"{'name':24} {'value':>9} {'unit':18} {'ratio':>7} {'must':>6} {'goal':>6}  met"
    return "\n".join([head, *map(line, rows)])


def line(each: Row) -> str:
    """Return one row for people."""
    numbers = (
        f"{shown(each.value):>9} {each.unit:18} {shown(each.ratio):>7} {shown(each.must):>6} {shown(each.goal):>6}"
    )
    verdict = {None: "", False: "missed", True: "must"}[each.met_must]
    return f"{each.name:24} {numbers}  {'goal' if each.met_goal else verdict:7} {each.note}"


def shown(value: float | None) -> str:
    """Return a number, or nothing."""
    return "" if value is None else f"{value:g}"


if __name__ == "__main__":
    raise SystemExit(main())
