"""The promises of failpoints: nothing happens unless a test wants it."""

from collections.abc import Iterator

import pytest

from worker.telemetry.failpoints import FailpointError, arm, armed, failpoint


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Leave nothing armed."""
    yield
    arm(None)


def test_nothing_is_armed_by_itself() -> None:
    """A point that nobody armed does nothing."""
    failpoint("before-commit-take")

    assert not armed()


def test_point_fails_at_its_hit_and_once() -> None:
    """The nth hit fails, those before and after do not, nor do other points."""
    arm("here=raise@2, there=raise")
    assert armed()

    failpoint("here")
    failpoint("elsewhere")
    with pytest.raises(FailpointError, match="here"):
        failpoint("here")
    failpoint("here")
    with pytest.raises(FailpointError, match="there"):
        failpoint("there")


@pytest.mark.parametrize("text", ["here", "here=explode", "here=raise@0", "=kill", "Here=kill", "here=kill@x"])
def test_nonsense_is_refused(text: str) -> None:
    """What is no failpoint is said, and nothing is armed."""
    with pytest.raises(ValueError, match="no failpoint"):
        arm(text)

    assert not armed()
