"""The fault suite: `python -m tests.faults [--scenario NAME] [--runs N] [--short] [--json]`."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from tests.faults.row import Outcome, table
from tests.faults.scenarios.all import SCENARIOS, Scenario


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Real faults against a real worker.")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), action="append", help="only this one; repeatable")
    parser.add_argument("--runs", type=int, help="how often, where a scenario repeats itself")
    parser.add_argument("--short", action="store_true", help="fewer runs and events, as in continuous integration")
    parser.add_argument("--json", action="store_true", help="print a list of rows for programs")
    return parser.parse_args()


async def played(name: str, scenario: Scenario, runs: int) -> Outcome:
    """Play one scenario, and say on standard error how it went."""
    outcome = await scenario.play(runs)
    verdict = "holds " if outcome.holds else "BROKEN"
    print(f"{verdict} {name} {outcome.reasons or ''}".rstrip(), file=sys.stderr)  # noqa: T201 -- a program's output
    for problem in outcome.problems[:20]:
        print(f"       {problem}", file=sys.stderr)  # noqa: T201 -- as above
    return outcome


def main() -> int:
    """Play what was asked for; 1 if a promise does not hold."""
    asked = arguments()
    chosen = asked.scenario or [name for name, each in SCENARIOS.items() if each.is_short or not asked.short]
    outcomes = [
        asyncio.run(played(name, SCENARIOS[name], asked.runs or SCENARIOS[name].runs(short=asked.short)))
        for name in chosen
    ]
    rows = [outcome.row for outcome in outcomes]
    print(json.dumps([asdict(row) for row in rows]) if asked.json else table(rows))  # noqa: T201 -- as above
    return 0 if all(outcome.holds for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
