"""The command `simulate`, and what it does not take."""

from pathlib import Path

import pytest

from tests.cli.house import command
from worker.cli.exits import Exit


def test_page(tmp_path: Path) -> None:
    """The picture is written as a page, too."""
    file = tmp_path / "page.html"
    told = command("simulate", "--events", "5", "--html", str(file))

    assert told.code == Exit.DONE
    assert f"wrote {file}" in told.err
    assert "<svg" in file.read_text()


@pytest.mark.parametrize("place", ["no/such/folder/page.html", "."])
def test_page_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    """Where the page cannot be written, that is told in one line."""
    told = command("simulate", "--events", "5", "--html", str(tmp_path / place))

    assert told.code == Exit.FAILED
    assert "cannot be written: " in told.err
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize("given", ["inf", "nan", "1e18", "-1"])
@pytest.mark.parametrize("option", ["--timeout", "--latency", "--jitter", "--setup", "--rate"])
def test_figures_that_mean_nothing(option: str, given: str) -> None:
    """Figures without an end are refused before anything is run."""
    assert command("simulate", "--events", "5", option, given).code == Exit.USAGE
