"""What the worker says beside its attempts, and how loud that is."""

from collections.abc import Callable

import structlog

from worker.telemetry.logs import logger


class Good(str):
    """A sentence that something goes well (again): a log that leaves that out leaves it out."""

    __slots__ = ()


class Needed(str):
    """A sentence without which somebody cannot go on: no level leaves it out."""

    __slots__ = ()


def saying(room: str) -> Callable[[str], None]:
    """Return how a room says a sentence: what is not said to be good is a warning."""
    log = logger(room)
    always = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(0), room=room)

    def say(text: str) -> None:
        # A plain text again: the log's door looks closer at whatever is of no plain type.
        if isinstance(text, Needed):
            always.info(str(text))
        elif isinstance(text, Good):
            log.info(str(text))
        else:
            log.warning(text)

    return say
