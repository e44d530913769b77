"""The waiting rows of one connection that are held in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.cloudevent import Event
from worker.delivery.held import hold
from worker.delivery.lanes import Lanes
from worker.journal.journal import Journal
from worker.journal.rows import Delivery

Decode = Callable[[Delivery], Event]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a backlog may be in memory."""

    rows: int
    bytes: int


class Window:
    """Loads waiting rows in order of position; what was just taken comes straight, once nothing lies before it."""

    def __init__(self, connection: str, journal: Journal, lanes: Lanes, bounds: Bounds, decode: Decode) -> None:
        self._connection = connection
        self._journal = journal
        self._lanes = lanes
        self._decode = decode
        self.bounds = bounds
        self._after = 0
        self._has_all = False
        self._missed = False
        self.suspect = False

    @property
    def wants_more(self) -> bool:
        """Whether rows may wait in the journal and there is room for them."""
        return not self._has_all and self._lanes.held * 2 <= self.bounds.rows and self._has_room

    @property
    def _has_room(self) -> bool:
        return self._lanes.held < self.bounds.rows and self._lanes.bytes < self.bounds.bytes

    def has_room_for(self, count: int) -> bool:
        """Whether so many rows more would fit, or as many as it ever holds."""
        return self._lanes.held + min(count, self.bounds.rows) <= self.bounds.rows

    def has_reached(self, position: int) -> bool:
        """Whether all that waits before a position is, or was, in memory."""
        return self._has_all or position <= self._after

    def offer(self, fresh: Sequence[tuple[Delivery, Event]]) -> None:
        """Take in what was just committed, or leave it to a later load."""
        for row, event in fresh:
            if row.position <= self._after:
                continue
            if not (self._has_all and self._has_room):
                self._has_all = False
                self._missed = True
                return
            self._after = row.position
            self._lanes.add(hold(row, event))

    def stir(self) -> None:
        """Look in the journal again: there may be what nobody offered."""
        self._has_all = False
        self._missed = True

    async def load(self) -> None:
        """Read on from where the window ends, until it is full or has all that waits."""
        while self._has_room and not self._has_all:
            self._missed = False
            limit = self.bounds.rows - self._lanes.held
            rows = await self._journal.waiting(
                self._connection, self._after, limit, max(1, self.bounds.bytes - self._lanes.bytes)
            )
            for row in rows:
                self._after = row.position
                self._lanes.add(hold(row, self._decode(row), suspect=self.suspect))
            self._has_all = not rows and not self._missed
            self.suspect = self.suspect and not rows

    def forget(self) -> None:
        """Begin again at the oldest waiting row."""
        self._lanes.forget()
        self._after = 0
        self._has_all = False
