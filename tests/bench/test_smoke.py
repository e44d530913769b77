"""The bench itself runs; no test asserts a time."""

import subprocess

import orjson
import pytest

from tests.bench.processes import module


@pytest.mark.process
def test_a_quick_run_of_one_measure_tells_its_rows() -> None:
    """A quick run of one measure ends well, and its JSON holds each row with its budget and verdict."""
    command = module("tests.bench", "--quick", "--json", "--only", "latency")
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    rows = orjson.loads(done.stdout)
    assert [row["name"] for row in rows] == ["latency_p50", "latency_p99"]
    for row in rows:
        assert row.keys() >= {"name", "value", "unit", "ratio", "must", "goal", "met_must", "met_goal"}
        assert row["value"] > 0, done.stderr
