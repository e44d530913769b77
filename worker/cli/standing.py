"""How a connection's standing reads on a terminal."""

from typing import TYPE_CHECKING

from worker.cli.output import moment

if TYPE_CHECKING:
    from worker.delivery.standing import Standing


def why(one: "Standing") -> str | None:
    """Say by whom and why it is paused, that its backlog grows, or who works it."""
    if (paused := one.paused) is None:
        return one.warning or one.owner
    until = f", until {moment(paused.until)}" if paused.until else ""
    return f"by {paused.by}{until}: {paused.why}"
