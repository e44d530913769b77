"""Counts what waits, and not more often than it is worth."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select

from worker.journal.desk import Desk
from worker.journal.encoding import moment
from worker.journal.session import Fixed, Many, Session
from worker.journal.tables import PENDING_REPLAY, UNREPORTED, WINDOW, deliveries, letters

SHARE = 0.01  # of the time that counting may take: a million rows take a fifth of a second
CHEAP = 0.02  # seconds up to which it is counted anew each time
MOST_RECENT = 20_000  # deliveries of a connection that are looked at for how many came in lately
_d = deliveries.c
_l = letters.c


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits at one connection; `oldest` is when the first in line was received, `live` and `replay` are ranks."""

    live: int = 0
    replay: int = 0
    unreported: int = 0
    buried: int = 0
    oldest: datetime | None = None


LIVE_ROWS = Fixed(select(_d.connection, func.count(), func.min(_d.position)).where(WINDOW).group_by(_d.connection))
REPLAY_ROWS = Fixed(select(_d.connection, func.count()).where(PENDING_REPLAY).group_by(_d.connection))
RESULT_ROWS = Fixed(select(_d.connection, func.count()).where(UNREPORTED).group_by(_d.connection))
OPEN_LETTERS = Fixed(select(_l.connection, func.count()).where(_l.state == "open").group_by(_l.connection))
RECEIVED = Many(
    [_d.connection, _d.position],
    lambda v: select(_d.connection, _d.received_at).select_from(
        v.join(deliveries, (_d.connection == v.c.connection) & (_d.position == v.c.position))
    ),
)

_newest = (
    select(_d.received_at)
    .where(_d.connection == bindparam("connection_"))
    .order_by(_d.position.desc())
    .limit(MOST_RECENT)
    .subquery("newest")
)
RECENT = Fixed(select(func.count(), func.min(_newest.c.received_at)).where(_newest.c.received_at > bindparam("since")))


@dataclass(frozen=True, slots=True)
class Arrived:
    """How many deliveries a connection got of late, `seconds` since the first of these."""

    count: int
    seconds: float


@dataclass(slots=True)
class Counter:
    """Remembers a count for as long as counting anew would cost too much."""

    desk: Desk
    monotonic: Callable[[], float]
    _counted: dict[str, Backlog] = field(default_factory=dict)
    _good_until: float = float("-inf")
    _arrived: dict[str, tuple[Arrived, float]] = field(default_factory=dict)

    async def count(self) -> dict[str, Backlog]:
        """Return what waits at each connection that has anything."""
        began = self.monotonic()
        if began >= self._good_until:
            self._counted = await self.desk.browse(backlog)
            self._good_until = self.again_at(began, 1)
        return self._counted

    async def arrived(self, connection: str, now: datetime, within: timedelta) -> Arrived:
        """Return what a connection got within this time before now; all connections share what it may cost."""
        began = self.monotonic()
        known = self._arrived.get(connection)
        if known is not None and began < known[1]:
            return known[0]
        count, first = await self.desk.browse(recent, connection, now - within)
        found = Arrived(count, (now - first).total_seconds() if first else 0.0)
        alike = len(self._arrived.keys() | {connection})
        self._arrived[connection] = (found, self.again_at(began, alike))
        return found

    def again_at(self, began: float, alike: int) -> float:
        """Return when to count again what was begun then, where so many counts cost as much each."""
        took = (self.monotonic() - began) * alike
        return began + took / SHARE if took > CHEAP else began


def backlog(session: Session) -> dict[str, Backlog]:
    """Return what waits at each connection that has anything; reads indexes only."""
    live = {row[0]: row[1:] for row in session.rows(LIVE_ROWS)}
    firsts = [(name, first) for name, (_, first) in live.items()]
    oldest = {row[0]: moment(row[1]) for row in session.look(RECEIVED, firsts)}
    replay, results, buried = (
        {row[0]: row[1] for row in session.rows(each)} for each in (REPLAY_ROWS, RESULT_ROWS, OPEN_LETTERS)
    )
    return {
        name: Backlog(
            live=live[name][0] if name in live else 0,
            replay=replay.get(name, 0),
            unreported=results.get(name, 0),
            buried=buried.get(name, 0),
            oldest=oldest.get(name),
        )
        for name in sorted(live.keys() | replay.keys() | results.keys() | buried.keys())
    }


def recent(session: Session, connection: str, since: datetime) -> tuple[int, datetime | None]:
    """Return how many deliveries a connection got since then, and when the first of these came; bounded."""
    count, first = session.rows(RECENT, connection_=connection, since=since.timestamp())[0]
    return count, moment(first) if count else None
