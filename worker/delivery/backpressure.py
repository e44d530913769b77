"""Lets events leave before more are taken in, where the processor is what both wait for."""

import asyncio
from collections.abc import Callable, Iterable

from worker.delivery.window import Window

LEAST = 500.0  # events a second that are taken in though windows are full; a processor alone holds up none so long
LOOK = 0.005  # seconds between looks


class Backpressure:
    """Holds intake while windows that empty fast are full: what fits no window is read from the journal again.

    That takes a tenth to a sixth of an event's CPU, and the broker keeps it as safely. A window that stays full is held
    up by a quota, a pause or a slow vendor; intake waits for it once, and not again before it had room.
    """

    def __init__(self, windows: Callable[[], Iterable[Window]]) -> None:
        self._windows = windows
        self._stuck: set[Window] = set()

    async def wait(self, count: int) -> None:
        """Return when each window has room for so many events more, or has had its time to get it."""
        self._stuck.intersection_update(full(self._windows(), count))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + count / LEAST
        while waiting := full(self._windows(), count) - self._stuck:
            if loop.time() >= deadline:
                self._stuck |= waiting
                return
            await asyncio.sleep(LOOK)


def full(windows: Iterable[Window], count: int) -> set[Window]:
    """Return the windows that cannot hold so many events more."""
    return {window for window in windows if not window.has_room_for(count)}
